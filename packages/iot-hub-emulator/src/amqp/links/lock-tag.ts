/**
 * A message that a peer settles is locked for it; the lock's token, a uuid, is the delivery's tag. Clients turn the tag
 * back into the token as .NET writes a GUID: the first three groups of digits least significant byte first.
 */
import { Buffer } from "node:buffer";

export function lockTag(lockToken: string): Uint8Array {
  const bytes = Buffer.from(lockToken.replaceAll("-", ""), "hex");
  if (bytes.length !== 16) return Buffer.from(lockToken).subarray(0, 32);
  bytes.subarray(0, 4).reverse();
  bytes.subarray(4, 6).reverse();
  bytes.subarray(6, 8).reverse();
  return bytes;
}
