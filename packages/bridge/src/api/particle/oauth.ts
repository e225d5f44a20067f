/** Sign-in: the device cloud's OAuth password grant. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ApiError, oauthError } from "../api-error.ts";
import { fieldsOf, isForm } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { verifyPassword } from "../password.ts";
import { SignInGuard } from "../sign-in-guard.ts";

const DEFAULT_LIFETIME_SECONDS = 90 * 24 * 3600;
const MAX_LIFETIME_SECONDS = 10 * 365 * 24 * 3600;
const MAX_CREDENTIAL_LENGTH = 256;

/** The answer of a sign-in (RFC 6749 section 5.1). */
interface TokenAnswer {
  readonly access_token: string;
  readonly token_type: "bearer";
  /** Seconds; 0 means never. */
  readonly expires_in: number;
}

/** Lets at most this many password checks run at once: each takes a thread of the pool that files need too. */
const MAX_CHECKS = 2;
const MAX_WAITING_CHECKS = 50;

export function registerOauth(app: FastifyInstance, { directory, now, log }: ApiDependencies): void {
  const guard = new SignInGuard(now);
  const checks = limitChecks(MAX_CHECKS, MAX_WAITING_CHECKS);

  async function signIn(request: FastifyRequest): Promise<TokenAnswer> {
    const fields = fieldsOf(request);
    const client = clientOf(request, fields);
    requirePasswordGrant(fields);
    const username = credential(fields, "username");
    const password = credential(fields, "password");
    const lifetime = lifetimeOf(fields, now());
    refuseLocked(guard.lockedFor(username, request.ip));
    const user = await directory.accountByUsername(username);
    if (!(await checks(() => verifyPassword(password, user?.passwordHash ?? null))) || user === null) {
      guard.failed(username, request.ip);
      log.warn({ address: request.ip }, "sign-in.refused");
      throw oauthError(400, "invalid_grant", "User credentials are invalid");
    }
    guard.succeeded(username, request.ip);
    const expiresAt = lifetime === 0 ? null : now() + lifetime * 1000;
    const token = await directory.createToken({ accountId: user.account.id, client, expiresAt });
    return { access_token: token, token_type: "bearer", expires_in: lifetime };
  }

  app.post("/oauth/token", { onRequest: requireForm, schema: { summary: "Sign in", tags: ["sign-in"] } }, signIn);
}

async function requireForm(request: FastifyRequest): Promise<void> {
  if (!isForm(request)) throw invalidRequest("Send the fields as application/x-www-form-urlencoded");
}

/** Any client pair will do for one's own account, but there must be one. */
function clientOf(request: FastifyRequest, fields: Fields): string {
  const header = request.headers.authorization;
  const [id, secret] = header === undefined ? [fields["client_id"], fields["client_secret"]] : basicPair(header);
  if (typeof id !== "string" || id === "" || id.length > MAX_CREDENTIAL_LENGTH) throw invalidClient();
  if (typeof secret !== "string" || secret === "") throw invalidClient();
  return id;
}

function basicPair(header: string): readonly [string, string] {
  const encoded = /^Basic ([A-Za-z0-9+/=_-]+)$/i.exec(header)?.[1];
  const text = encoded === undefined ? "" : Buffer.from(encoded, "base64").toString("utf8");
  const colon = text.indexOf(":");
  if (colon < 0) throw invalidClient();
  return [text.slice(0, colon), text.slice(colon + 1)];
}

function requirePasswordGrant(fields: Fields): void {
  const grant = fields["grant_type"];
  if (grant === "password") return;
  if (typeof grant !== "string" || grant === "") throw invalidRequest("grant_type is required");
  throw oauthError(400, "unsupported_grant_type", "This server signs in with grant_type password");
}

function credential(fields: Fields, field: "username" | "password"): string {
  const value = fields[field];
  if (typeof value !== "string" || value === "") throw invalidRequest(`${field} is required`);
  if (value.length > MAX_CREDENTIAL_LENGTH) throw invalidRequest(`${field} is too long`);
  return value;
}

/** Seconds that the token shall live; 0 for ever. */
function lifetimeOf(fields: Fields, now: number): number {
  const { expires_in: seconds, expires_at: moment } = fields;
  if (seconds !== undefined && moment !== undefined) throw invalidRequest("Give expires_in or expires_at, not both");
  if (seconds !== undefined) {
    if (typeof seconds !== "string" || !/^\d{1,12}$/.test(seconds)) {
      throw invalidRequest("expires_in must be a whole number of seconds");
    }
    return bounded(Number(seconds));
  }
  if (moment === undefined) return DEFAULT_LIFETIME_SECONDS;
  const until = typeof moment === "string" ? Date.parse(moment) : Number.NaN;
  if (!(until > now)) throw invalidRequest("expires_at must be a date and time to come, in ISO 8601");
  return bounded(Math.ceil((until - now) / 1000));
}

function bounded(seconds: number): number {
  if (seconds > MAX_LIFETIME_SECONDS) throw invalidRequest("A token lives at most ten years; 0 means for ever");
  return seconds;
}

function refuseLocked(seconds: number): void {
  if (seconds === 0) return;
  throw new ApiError(
    429,
    { error: "rate_limit_exceeded", error_description: "Too many failed sign-ins. Try again later." },
    { "retry-after": String(seconds) },
  );
}

type Check = () => Promise<boolean>;

/** Runs checks `width` at a time; refuses when too many wait. */
function limitChecks(width: number, maxWaiting: number): (check: Check) => Promise<boolean> {
  let running = 0;
  const waiting: (() => void)[] = [];
  return async (check) => {
    if (waiting.length >= maxWaiting) throw busy();
    if (running >= width) await new Promise<void>((resolve) => waiting.push(resolve));
    else running++;
    try {
      return await check();
    } finally {
      // The place is handed on, not freed, when somebody waits for it.
      const next = waiting.shift();
      if (next === undefined) running--;
      else next();
    }
  };
}

function busy(): ApiError {
  return new ApiError(
    429,
    { error: "rate_limit_exceeded", error_description: "Too many sign-ins at once. Try again." },
    { "retry-after": "5" },
  );
}

function invalidRequest(description: string): ApiError {
  return oauthError(400, "invalid_request", description);
}

function invalidClient(): ApiError {
  return oauthError(400, "invalid_client", "Give a client id and secret; particle / particle will do");
}
