/** Who is asking, an account, an API user or a device, each by its token; and whether it may. */
import type { FastifyReply, FastifyRequest } from "fastify";
import type { AccessToken, ApiUser } from "../core/account.ts";
import type { Device } from "../core/device.ts";
import type { Directory } from "../core/directory.ts";
import type { Requirement } from "../core/permission.ts";
import { oauthError, permissionDenied, unauthorized } from "./api-error.ts";
import type { ApiError } from "./api-error.ts";
import { isForm } from "./bodies.ts";

interface WithToken {
  readonly token: string;
  readonly access: AccessToken;
}

/** A person: has every permission on all that is its own. */
export interface PersonCaller extends WithToken {
  readonly kind: "account";
  readonly accountId: string;
}

/** A program: has its scopes, in its product, and no sandbox. */
export interface ApiUserCaller extends WithToken {
  readonly kind: "api_user";
  readonly apiUser: ApiUser;
}

interface DeviceCaller {
  readonly kind: "device";
  readonly device: Device;
}

export type AccountCaller = PersonCaller | ApiUserCaller;
export type Caller = AccountCaller | DeviceCaller;

export interface Authentication {
  /** Throws the OAuth errors of a missing, unknown or expired token. What the caller may do is not asked: see `allow`. */
  caller(request: FastifyRequest): Promise<Caller>;
  /** As `caller`, and refuses devices and API users. */
  account(request: FastifyRequest, requirement: "account"): Promise<PersonCaller>;
  /** As `caller`, and refuses devices, and API users without the permission. */
  account(request: FastifyRequest, requirement: Requirement): Promise<AccountCaller>;
}

const MAX_TOKEN_LENGTH = 256;

export function createAuthentication(directory: Directory, now: () => number): Authentication {
  async function caller(request: FastifyRequest): Promise<Caller> {
    const token = tokenIn(request);
    if (token === null) throw missingToken();
    if (token.length > MAX_TOKEN_LENGTH) throw unknownToken();
    const access = await directory.accessToken(token);
    if (access !== null) {
      if (access.expiresAt !== null && access.expiresAt <= now()) {
        throw oauthError(401, "invalid_token", "The access token has expired");
      }
      return (request.caller = holderOf(access, token));
    }
    const device = await directory.deviceByToken(token);
    if (device === null) throw unknownToken();
    return (request.caller = { kind: "device", device });
  }

  async function account(request: FastifyRequest, requirement: Requirement): Promise<never> {
    const found = await caller(request);
    if (found.kind === "device") {
      throw permissionDenied("A device's token publishes the device's own events and does nothing else");
    }
    allow(found, requirement);
    // What the overloads promise is what `allow` has just made sure of.
    return found as never;
  }

  return { caller, account };
}

function holderOf(access: AccessToken, token: string): AccountCaller {
  const { apiUser, accountId } = access;
  return apiUser === null
    ? { kind: "account", accountId, token, access }
    : { kind: "api_user", apiUser, token, access };
}

/** Throws when the caller is an API user that was not given the permission. */
export function allow(caller: AccountCaller, requirement: Requirement): void {
  if (caller.kind === "account" || requirement === "self") return;
  if (requirement === "account") {
    throw unauthorized("Only an account may do this; an API user works with the routes of its product");
  }
  if (!caller.apiUser.scopes.includes(requirement)) throw unauthorized(`This API user lacks the scope ${requirement}`);
}

/** Refuses, before the body is read, a request that cannot hold a token anywhere. A hook without a promise: every event passes it. */
export function requireTokenPlacement(
  request: FastifyRequest,
  _reply: FastifyReply,
  done: (error?: Error) => void,
): void {
  try {
    if (!isForm(request) && tokenIn(request) === null) throw missingToken();
  } catch (error) {
    done(error as Error);
    return;
  }
  done();
}

/** The one token of a request: header, query (GET), or field of a form. Two at once are refused. */
function tokenIn(request: FastifyRequest): string | null {
  const header = bearer(request.headers.authorization);
  const other = tokenBesideHeader(request);
  if (header !== null && other !== null) throw invalidRequest("Give the access token in one place only");
  return header ?? other;
}

function tokenBesideHeader(request: FastifyRequest): string | null {
  let found: unknown;
  if (request.method === "GET") found = (request.query as Record<string, unknown>)["access_token"];
  else if (isForm(request)) found = (request.body as Record<string, unknown> | undefined)?.["access_token"];
  if (found === undefined || found === "") return null;
  if (typeof found !== "string") throw invalidRequest("Give one access token only");
  return found;
}

function bearer(header: string | undefined): string | null {
  if (header === undefined) return null;
  if (header.length > 7 && header.slice(0, 7).toLowerCase() === "bearer ") return header.slice(7).trim();
  throw invalidRequest("The Authorization header must read: Bearer and the access token");
}

function invalidRequest(description: string): ApiError {
  return oauthError(400, "invalid_request", description);
}

function missingToken(): ApiError {
  return invalidRequest("The access token was not found");
}

function unknownToken(): ApiError {
  return oauthError(401, "invalid_token", "The access token provided is invalid.");
}
