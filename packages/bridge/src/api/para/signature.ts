/** AWS Signature Version 4 as Para's clients use it: service `para`, region `us-east-1`, the secret as the text that it is. */
import { createHash, createHmac, timingSafeEqual } from "node:crypto";
import { canonicalRequests } from "./canonical-request.ts";
import type { SignedRequest } from "./canonical-request.ts";

/** What an Authorization header of the scheme says. */
export interface Signature {
  readonly accessKey: string;
  /** `{yyyymmdd}/{region}/{service}/aws4_request` */
  readonly scope: string;
  /** Lower case, in the order of the header. */
  readonly signedHeaders: readonly string[];
  readonly signature: string;
}

const HEADER =
  /^AWS4-HMAC-SHA256\s+Credential=([^/,\s]+)\/([^,\s]+)\s*,\s*SignedHeaders=([^,\s]+)\s*,\s*Signature=([\da-f]{64})\s*$/i;
const SCOPE_END = "us-east-1/para/aws4_request";
const MAX_SIGNED_HEADERS = 64;

/** `null`: not what the scheme asks for. */
export function parseSignature(header: string): Signature | null {
  const [, accessKey, scope, names, signature] = HEADER.exec(header) ?? [];
  if (accessKey === undefined || scope === undefined || names === undefined || signature === undefined) return null;
  const signedHeaders = names.toLowerCase().split(";");
  if (signedHeaders.length > MAX_SIGNED_HEADERS) return null;
  return { accessKey: unescaped(accessKey), scope, signedHeaders, signature: signature.toLowerCase() };
}

/** `yyyymmddThhmmssZ` in unix milliseconds; `null`: it is no such date. */
export function signingTime(date: string | undefined): number | null {
  const parts = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date ?? "");
  if (parts === null) return null;
  const [, year, month, day, hour, minute, second] = parts;
  const time = Date.parse(`${year}-${month}-${day}T${hour}:${minute}:${second}Z`);
  return Number.isNaN(time) ? null : time;
}

/** The scope that a request of that date (`yyyymmddThhmmssZ`) is signed for. */
export function scopeOf(date: string): string {
  return `${date.slice(0, 8)}/${SCOPE_END}`;
}

/** Whether the request was signed with this secret. `date`: the `X-Amz-Date` header. */
export function isSignedWith(secret: string, date: string, request: SignedRequest, given: Signature): boolean {
  // Without them a signature would be good for other servers and other times.
  if (!["host", "x-amz-date"].every((name) => given.signedHeaders.includes(name))) return false;
  const scope = scopeOf(date);
  if (given.scope !== scope) return false;
  const key = scope.split("/").reduce<string | Buffer>((made, part) => hmac(made, part), `AWS4${secret}`);
  const expected = Buffer.from(given.signature, "hex");
  for (const canonical of canonicalRequests(request, given.signedHeaders)) {
    const hash = createHash("sha256").update(canonical).digest("hex");
    const signature = hmac(key, ["AWS4-HMAC-SHA256", date, scope, hash].join("\n"));
    if (timingSafeEqual(signature, expected)) return true;
  }
  return false;
}

function hmac(key: string | Buffer, text: string): Buffer {
  return createHmac("sha256", key).update(text).digest();
}

/** Some clients write the colon of `app:name` as `%3A`. */
function unescaped(accessKey: string): string {
  return accessKey.replaceAll(/%3a/gi, ":");
}
