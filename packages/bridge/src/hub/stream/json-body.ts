/** The JSON in a message's body, by its content encoding: those that a hub's own routes read, and two that devices pack with. */
import { gunzipSync, inflateSync } from "node:zlib";

/** Packed bodies are a hub's message at most; no state holds as much as this. */
const MAX_UNPACKED = 1024 * 1024;
const STRICT = { fatal: true } as const;

type Decode = (body: Uint8Array) => string;

/** UTF-8 is read leniently, as most senders name no encoding. */
const utf8: Decode = (body) => new TextDecoder("utf-8").decode(body);
const littleEndian = new TextDecoder("utf-16le", STRICT);
const bigEndian = new TextDecoder("utf-16be", STRICT);

/** By content encoding in small letters. What is not here is read as UTF-8. */
const DECODERS: ReadonlyMap<string, Decode> = new Map<string, Decode>([
  ["utf-16", (body) => (startsWith(body, [0xfe, 0xff]) ? bigEndian : littleEndian).decode(body)],
  ["utf-16le", (body) => littleEndian.decode(body)],
  ["utf-16be", (body) => bigEndian.decode(body)],
  ["utf-32", (body) => utf32(body, !startsWith(body, [0, 0, 0xfe, 0xff]))],
  ["utf-32le", (body) => utf32(body, true)],
  ["utf-32be", (body) => utf32(body, false)],
  ["gzip", (body) => utf8(gunzipSync(body, { maxOutputLength: MAX_UNPACKED }))],
  ["deflate", (body) => utf8(inflateSync(body, { maxOutputLength: MAX_UNPACKED }))],
]);

/** `undefined`: it is no JSON. */
export function jsonIn(body: unknown, contentEncoding: unknown): unknown {
  const encoding = typeof contentEncoding === "string" ? contentEncoding.trim().toLowerCase() : "";
  try {
    const text = body instanceof Uint8Array ? (DECODERS.get(encoding) ?? utf8)(body) : body;
    return typeof text === "string" ? JSON.parse(text.replace(/^\uFEFF/, "")) : undefined;
  } catch {
    return undefined;
  }
}

function startsWith(body: Uint8Array, bytes: readonly number[]): boolean {
  return bytes.every((byte, i) => body[i] === byte);
}

function utf32(body: Uint8Array, isLittleEndian: boolean): string {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  const points = Array.from({ length: body.byteLength / 4 }, (_, i) => view.getUint32(i * 4, isLittleEndian));
  return points.map((point) => String.fromCodePoint(point)).join("");
}
