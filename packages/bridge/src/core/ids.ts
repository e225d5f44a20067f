import { createHash, randomBytes, randomFillSync } from "node:crypto";

/** 24 hex digits, as the device cloud's ids look. */
export function newId(): string {
  return randomBytes(12).toString("hex");
}

/** 40 hex digits, as the device cloud's access tokens look. */
export function newToken(): string {
  return randomBytes(20).toString("hex");
}

/** What an app signs with: 40 random bytes as Base64, as Para's clients expect it. */
export function newAppSecret(): string {
  return randomBytes(40).toString("base64");
}

/** How tokens are kept: high-entropy secrets need no slow hash. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** By what a token can be told from others without knowing it. */
export function tokenId(hash: string): string {
  return hash.slice(0, 16);
}

// Fetching random bytes for one id at a time costs more than the rest of accepting an event.
const pool = Buffer.alloc(4096);
let used = pool.length;

function takeRandom(bytes: Buffer, from: number): void {
  const count = bytes.length - from;
  if (used + count > pool.length) {
    randomFillSync(pool);
    used = 0;
  }
  pool.copy(bytes, from, used, used + count);
  used += count;
}

/** A UUID of the same order made from a text: the same for the same time and text (version 8, RFC 9562 section 5.8). */
export function derivedEventId(at: number, text: string): string {
  const bytes = createHash("sha256").update(text).digest().subarray(0, 16);
  bytes.writeUIntBE(at, 0, 6);
  return uuid(bytes, 0x80);
}

/** Time-ordered UUID (version 7, RFC 9562 section 5.7): index pages stay warm while events are appended. */
export function newEventId(now: number): string {
  const bytes = Buffer.allocUnsafe(16);
  bytes.writeUIntBE(now, 0, 6);
  takeRandom(bytes, 6);
  return uuid(bytes, 0x70);
}

function uuid(bytes: Buffer, version: number): string {
  bytes[6] = (bytes[6]! & 0x0f) | version;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
