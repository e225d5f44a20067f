/**
 * An event in a segment file: 16 bytes of header, then the encoded message.
 *
 * | bytes | |
 * |---|---|
 * | 0–3 | length of the message, big-endian |
 * | 4–7 | CRC-32 of the bytes after it |
 * | 8–15 | enqueued time, unix milliseconds, as a double |
 *
 * Sequence number and offset are not stored: they follow from the file's name and the place in it.
 */
import { crc32 } from "node:zlib";
import type { StoredEvent } from "./event-stream.ts";

export const RECORD_HEADER_BYTES = 16;

/** Longer than any accepted message with its annotations: a length beyond it is damage. */
const MAX_MESSAGE_BYTES = 4 * 1024 * 1024;

/** Where a record begins. */
export interface RecordPlace {
  readonly sequenceNumber: number;
  readonly offset: number;
}

export interface EventRecord extends RecordPlace {
  readonly enqueuedTime: number;
  /** Header and message together. */
  readonly byteLength: number;
  readonly message: Buffer;
}

export function encodeRecords(events: readonly StoredEvent[]): Buffer {
  const size = events.reduce((sum, { message }) => sum + RECORD_HEADER_BYTES + message.length, 0);
  const bytes = Buffer.allocUnsafe(size);
  let at = 0;
  for (const { message, enqueuedTime } of events) {
    const end = at + RECORD_HEADER_BYTES + message.length;
    bytes.writeUInt32BE(message.length, at);
    bytes.writeDoubleBE(enqueuedTime, at + 8);
    message.copy(bytes, at + RECORD_HEADER_BYTES);
    bytes.writeUInt32BE(crc32(bytes.subarray(at + 8, end)), at + 4);
    at = end;
  }
  return bytes;
}

/**
 * The whole records at the start of `bytes`, of which the first is at `place`. Stops at the first that is incomplete or
 * damaged. Messages share memory with `bytes`.
 */
export function* decodeRecords(bytes: Buffer, place: RecordPlace): Generator<EventRecord> {
  let { sequenceNumber, offset } = place;
  for (let at = 0; at + RECORD_HEADER_BYTES <= bytes.length;) {
    const end = at + recordLength(bytes, at);
    if (end > bytes.length || end - at > MAX_MESSAGE_BYTES) return;
    if (crc32(bytes.subarray(at + 8, end)) !== bytes.readUInt32BE(at + 4)) return;
    const message = bytes.subarray(at + RECORD_HEADER_BYTES, end);
    yield { sequenceNumber, offset, enqueuedTime: bytes.readDoubleBE(at + 8), byteLength: end - at, message };
    sequenceNumber++;
    offset += end - at;
    at = end;
  }
}

/** Length of the record whose header is at `at`. */
export function recordLength(bytes: Buffer, at: number): number {
  return RECORD_HEADER_BYTES + bytes.readUInt32BE(at);
}

export function eventOf({ sequenceNumber, offset, enqueuedTime, message }: EventRecord): StoredEvent {
  return { sequenceNumber, offset: String(offset), enqueuedTime, message };
}
