/** What a message counts for at the hub: its size, and the blocks by which the day's quota is used up. */
import type { HubMessage } from "../core/hub-client.ts";

export interface MessageSize {
  /** Body, values of system properties, names and values of application properties. */
  readonly bytes: number;
  /** Of 4 KB, on every tier but Free. */
  readonly blocks: number;
  /** Of 0.5 KB, on Free. */
  readonly blocksOnFree: number;
}

/** More is refused by every hub. */
export const MAX_MESSAGE_BYTES: number = 256 * 1024;

export function messageSize({ messageId, body, contentType, contentEncoding, properties }: HubMessage): MessageSize {
  let bytes = body.length + Buffer.byteLength(messageId) + Buffer.byteLength(contentType);
  bytes += Buffer.byteLength(contentEncoding);
  // Asked for each message that is sent: no lists are made of it.
  for (const name in properties) bytes += Buffer.byteLength(name) + Buffer.byteLength(properties[name] ?? "");
  return { bytes, blocks: Math.ceil(bytes / 4_096), blocksOnFree: Math.ceil(bytes / 512) };
}
