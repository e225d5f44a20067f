/** Sign-in: the device cloud's OAuth, of which people need the password grant; the others are refused with what to do instead. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { oauthError } from "../api-error.ts";
import type { ApiError } from "../api-error.ts";
import { fieldsOf, isForm } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import type { SignIn } from "../sign-in.ts";

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

export function registerOauth(app: FastifyInstance, { directory, now }: ApiDependencies, signIn: SignIn): void {
  async function issueToken(request: FastifyRequest): Promise<TokenAnswer> {
    const fields = fieldsOf(request);
    const client = clientOf(request, fields);
    requirePasswordGrant(fields);
    refuseScopes(fields);
    const username = credential(fields, "username");
    const password = credential(fields, "password");
    const lifetime = lifetimeOf(fields, now());
    signIn.admit(request.ip);
    const account = await signIn.check(username, password, request.ip);
    request.actor = account === null ? { kind: "claimed", username } : { kind: "account", accountId: account.id };
    if (account === null) throw oauthError(400, "invalid_grant", "User credentials are invalid");
    const expiresAt = lifetime === 0 ? null : now() + lifetime * 1000;
    const token = await directory.createToken({ accountId: account.id, client, expiresAt });
    return { access_token: token, token_type: "bearer", expires_in: lifetime };
  }

  app.post("/oauth/token", { onRequest: requireForm, schema: { summary: "Sign in", tags: ["sign-in"] } }, issueToken);
}

async function requireForm(request: FastifyRequest): Promise<void> {
  if (!isForm(request)) throw invalidRequest("Send the fields as application/x-www-form-urlencoded");
}

/** Any client pair will do for one's own account, but there must be one. */
function clientOf(request: FastifyRequest, fields: Fields): string {
  const header = request.headers.authorization ?? "";
  const isBasic = /^Basic\b/i.test(header);
  const [id, secret] = isBasic ? basicPair(header) : [fields["client_id"], fields["client_secret"]];
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

/** Grants of the device cloud that this server has no use for, and what to do instead. */
const OTHER_GRANTS: Readonly<Record<string, string>> = {
  refresh_token: "Tokens are not refreshed here: sign in again, or ask for one that never ends with expires_in=0",
  client_credentials:
    "This server has no product clients: make an API user (POST /v1/products/:product/team) and use its token",
  authorization_code: "This server has no sign-in pages for other sites: make an API user and use its token",
  "urn:custom:mfa-otp": "No account of this server has a second factor: sign in with grant_type password",
};

function requirePasswordGrant(fields: Fields): void {
  const grant = fields["grant_type"];
  if (grant === "password") return;
  if (typeof grant !== "string" || grant === "") throw invalidRequest("grant_type is required, once");
  const instead = Object.hasOwn(OTHER_GRANTS, grant) ? OTHER_GRANTS[grant] : undefined;
  throw oauthError(400, "unsupported_grant_type", instead ?? "This server signs in with grant_type password");
}

/** A person's token is good for all that is the person's. */
function refuseScopes({ scope }: Fields): void {
  if (scope === undefined || scope === "" || scope === "*") return;
  throw oauthError(400, "invalid_scope", "A password gives a token without scopes; an API user has scopes");
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

function invalidRequest(description: string): ApiError {
  return oauthError(400, "invalid_request", description);
}

function invalidClient(): ApiError {
  return oauthError(400, "invalid_client", "Give a client id and secret; particle / particle will do");
}
