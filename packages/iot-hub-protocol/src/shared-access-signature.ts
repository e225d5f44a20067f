/**
 * Shared access signatures: `SharedAccessSignature sr={resource}&sig={hmac}&se={expiry}[&skn={policy}]`.
 *
 * The signed text is the resource exactly as it stands in the token, a newline, and the expiry. IoT Hub keys are base64
 * and sign with their decoded bytes; Event Hubs clients sign with the key's text. A verifier must therefore keep `sr` as
 * it was sent (some SDKs encode it, some do not) and decode it only to compare scopes.
 */
import { createHmac, timingSafeEqual } from "node:crypto";
import { withoutTrailingSlashes } from "./slashes.ts";

/** `base64`: the key's decoded bytes sign (IoT Hub). `text`: its UTF-8 text signs (Event Hubs). */
export type KeyEncoding = "base64" | "text";

export interface SharedAccessSignature {
  /** The resource as it was sent: what was signed. */
  readonly rawResource: string;
  /** The resource, percent-decoded: what is compared with a scope. */
  readonly resource: string;
  readonly signature: string;
  /** Unix seconds. The Node service SDK sends milliseconds in its first token, so any later date counts as valid. */
  readonly expiry: number;
  /** Policy name; absent when a device signed with its own key. */
  readonly policyName?: string;
}

export interface SignOptions {
  /** Resource URI, not encoded, e.g. `myhub.azure-devices.net/devices/d1`. */
  readonly resource: string;
  readonly key: string;
  /** Unix seconds. */
  readonly expiry: number;
  readonly policyName?: string;
  readonly keyEncoding?: KeyEncoding;
}

export function makeSharedAccessSignature({
  resource,
  key,
  expiry,
  policyName,
  keyEncoding = "base64",
}: SignOptions): string {
  const encoded = encodeURIComponent(resource);
  const signature = encodeURIComponent(sign(encoded, expiry, key, keyEncoding).toString("base64"));
  const skn = policyName === undefined ? "" : `&skn=${encodeURIComponent(policyName)}`;
  return `SharedAccessSignature sr=${encoded}&sig=${signature}&se=${expiry}${skn}`;
}

/** Returns `undefined` for text that is no token. Field order is free; the `SharedAccessSignature ` prefix is required. */
export function parseSharedAccessSignature(text: string): SharedAccessSignature | undefined {
  const match = /^SharedAccessSignature\s+(\S.*)$/.exec(text);
  if (match?.[1] === undefined) return undefined;
  const fields = new Map<string, string>();
  for (const part of match[1].split("&")) {
    const split = part.indexOf("=");
    if (split > 0) fields.set(part.slice(0, split), part.slice(split + 1));
  }
  const rawResource = fields.get("sr");
  const signature = decode(fields.get("sig"));
  const resource = decode(rawResource);
  const expiry = Number(fields.get("se"));
  const policyName = decode(fields.get("skn"));
  if (rawResource === undefined || resource === undefined || signature === undefined) return undefined;
  if (!fields.has("se") || !Number.isFinite(expiry)) return undefined;
  return { rawResource, resource, signature, expiry, ...(policyName ? { policyName } : {}) };
}

/** Whether `key` made this signature. Says nothing about expiry or scope. */
export function verifySignature(
  token: SharedAccessSignature,
  key: string,
  keyEncoding: KeyEncoding = "base64",
): boolean {
  const expected = sign(token.rawResource, token.expiry, key, keyEncoding);
  const given = Buffer.from(token.signature, "base64");
  return given.length === expected.length && timingSafeEqual(given, expected);
}

/** Whether a token's resource covers `wanted`: equal to it, or a parent by whole path segments. Host names ignore case. */
export function coversResource(resource: string, wanted: string): boolean {
  const [have, want] = [segments(resource), segments(wanted)];
  return have.length <= want.length && have.every((segment, i) => segment === want[i]);
}

function segments(resource: string): string[] {
  const [host = "", ...path] = withoutTrailingSlashes(resource).split("/");
  return [host.toLowerCase(), ...path];
}

function sign(rawResource: string, expiry: number, key: string, keyEncoding: KeyEncoding): Buffer {
  const secret = keyEncoding === "base64" ? Buffer.from(key, "base64") : Buffer.from(key, "utf8");
  return createHmac("sha256", secret).update(`${rawResource}\n${expiry}`, "utf8").digest();
}

function decode(text: string | undefined): string | undefined {
  if (text === undefined) return undefined;
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
