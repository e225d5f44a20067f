/**
 * A device-to-cloud message as AMQP 1.0 bytes: properties, application properties, one data section [amqp-messaging 3.2].
 * Straight-line, because every message passes here: the AMQP library's general encoder costs several times as much.
 */
import type { HubMessage } from "../core/hub-client.ts";

const [NULL, LIST32, MAP32] = [0x40, 0xd0, 0xd1];
const [STRING8, STRING32, SYMBOL8, BINARY32, TIMESTAMP] = [0xa1, 0xb1, 0xa3, 0xb0, 0x83];
const [PROPERTIES, APPLICATION_PROPERTIES, DATA] = [0x73, 0x74, 0x75];
// properties: message-id, user-id, to, subject, reply-to, correlation-id, content-type, content-encoding,
// absolute-expiry-time, creation-time
const PROPERTY_COUNT = 10;
// Descriptors, constructors, sizes and nulls of all three sections, and the timestamp.
const FIXED_SIZE = 64;

/** Encodes one message; the result is the payload of a transfer with message format 0. */
export function encodeMessage(message: HubMessage): Buffer {
  const { messageId, body, contentType, contentEncoding, properties } = message;
  const names = Object.keys(properties);
  // UTF-8 takes at most three bytes for each UTF-16 unit; 5 for the constructor and size of each text.
  let room = FIXED_SIZE + body.length + 15 + 3 * (messageId.length + contentType.length + contentEncoding.length);
  for (const name of names) room += 10 + 3 * (name.length + (properties[name] ?? "").length);
  const out = Buffer.allocUnsafe(room);

  let at = descriptor(out, 0, PROPERTIES);
  let start = at;
  at = text(out, at + 9, messageId);
  for (let i = 0; i < 5; i++) out[at++] = NULL;
  at = symbol(out, at, contentType);
  at = symbol(out, at, contentEncoding);
  out[at++] = NULL;
  out[at++] = TIMESTAMP;
  at = out.writeBigInt64BE(BigInt(message.creationTime), at);
  compound(out, { start, end: at, constructor: LIST32, count: PROPERTY_COUNT });

  if (names.length > 0) {
    at = descriptor(out, at, APPLICATION_PROPERTIES);
    start = at;
    at += 9;
    for (const name of names) at = text(out, text(out, at, name), properties[name] ?? "");
    compound(out, { start, end: at, constructor: MAP32, count: names.length * 2 });
  }

  at = descriptor(out, at, DATA);
  out[at++] = BINARY32;
  at = out.writeUInt32BE(body.length, at);
  out.set(body, at);
  return out.subarray(0, at + body.length);
}

function descriptor(out: Buffer, at: number, code: number): number {
  out[at] = 0x00;
  out[at + 1] = 0x53; // smallulong
  out[at + 2] = code;
  return at + 3;
}

// The size counts what follows it: the count's four bytes and the elements.
function compound(
  out: Buffer,
  { start, end, constructor, count }: { start: number; end: number; constructor: number; count: number },
): void {
  out[start] = constructor;
  out.writeUInt32BE(end - start - 5, start + 1);
  out.writeUInt32BE(count, start + 5);
}

function text(out: Buffer, at: number, value: string): number {
  // Up to 85 units surely fit the short form, whose size is one byte.
  if (value.length <= 85) {
    const size = out.write(value, at + 2, "utf8");
    out[at] = STRING8;
    out[at + 1] = size;
    return at + 2 + size;
  }
  const size = out.write(value, at + 5, "utf8");
  out[at] = STRING32;
  out.writeUInt32BE(size, at + 1);
  return at + 5 + size;
}

// Symbols are ASCII; content types and encodings are far shorter than the 255 bytes of the short form.
function symbol(out: Buffer, at: number, value: string): number {
  const size = out.write(value.slice(0, 255), at + 2, "latin1");
  out[at] = SYMBOL8;
  out[at + 1] = size;
  return at + 2 + size;
}
