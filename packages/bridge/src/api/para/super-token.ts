/** Super tokens: JWTs that an app's own program makes with the app's secret (HS256, RFC 7519). No `sub`: they stand for the app. */
import { createHmac, timingSafeEqual } from "node:crypto";

export interface SuperTokenClaims {
  /** The access key. */
  readonly appid: string;
  readonly sub: string | null;
  /** The app whose keys `_me` shall show, where the root app asks for them. */
  readonly getCredentials: string | null;
}

export interface ParsedToken {
  readonly claims: SuperTokenClaims;
  /** Whether the token was made with this secret. */
  isSignedWith(secret: string): boolean;
}

/** Makes one for the app with this access key (`app:{slug}`). Times in unix seconds. */
export function makeSuperToken(
  secret: string,
  { accessKey, now, expiresAt }: { readonly accessKey: string; readonly now: number; readonly expiresAt: number },
): string {
  const head = encode({ alg: "HS256", typ: "JWT" });
  const claims = encode({ appid: accessKey, iat: now, exp: expiresAt });
  return `${head}.${claims}.${sign(secret, `${head}.${claims}`).toString("base64url")}`;
}

/** What the token claims; a text: why it is none, in a sentence. `now`: unix milliseconds. The signature is still to be checked. */
export function parseSuperToken(token: string, now: number): ParsedToken | string {
  const [head = "", claims = "", signature = ""] = token.split(".");
  const { alg, crit } = decode(head) ?? {};
  if (alg !== "HS256") return "The token must be signed with HS256.";
  if (crit !== undefined) return "The token asks for extensions that are not known here: crit.";
  const { appid, exp, nbf, sub, idp, getCredentials } = decode(claims) ?? {};
  if (typeof appid !== "string" || appid === "") return "The token does not say which app it is for: claim appid.";
  if (typeof exp !== "number") return "The token has no expiry: claim exp, in seconds.";
  if (exp * 1000 <= now) return "The token has expired.";
  if (nbf !== undefined && (typeof nbf !== "number" || nbf * 1000 > now)) return "The token is not valid yet.";
  if (idp !== undefined) return "Tokens of users are not known here.";
  const given = Buffer.from(signature, "base64url");
  return {
    claims: { appid, sub: textOrNull(sub), getCredentials: textOrNull(getCredentials) },
    isSignedWith(secret) {
      const expected = sign(secret, `${head}.${claims}`);
      return given.length === expected.length && timingSafeEqual(given, expected);
    },
  };
}

/** The key is the secret's text itself, never decoded. */
function sign(secret: string, text: string): Buffer {
  return createHmac("sha256", secret).update(text).digest();
}

function encode(value: object): string {
  return Buffer.from(JSON.stringify(value)).toString("base64url");
}

function decode(part: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(Buffer.from(part, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : null;
  } catch {
    return null;
  }
}

function textOrNull(value: unknown): string | null {
  return typeof value === "string" && value !== "" ? value : null;
}
