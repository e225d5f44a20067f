import { randomBytes, createHash } from "node:crypto";

/** 24 hex digits, as the device cloud's ids look. */
export function newId(): string {
  return randomBytes(12).toString("hex");
}

/** 40 hex digits, as the device cloud's access tokens look. */
export function newToken(): string {
  return randomBytes(20).toString("hex");
}

/** How tokens are kept: high-entropy secrets need no slow hash. */
export function hashToken(token: string): string {
  return createHash("sha256").update(token).digest("hex");
}

/** Time-ordered UUID (version 7, RFC 9562 section 5.7): index pages stay warm while events are appended. */
export function newEventId(now: number): string {
  const bytes = randomBytes(16);
  bytes.writeUIntBE(now, 0, 6);
  bytes[6] = (bytes[6]! & 0x0f) | 0x70;
  bytes[8] = (bytes[8]! & 0x3f) | 0x80;
  const hex = bytes.toString("hex");
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}
