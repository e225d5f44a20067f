/**
 * A message's body as JSON. The service looks into a body only when its sender said what it is: content type
 * `application/json` and a content encoding of UTF-8, UTF-16 or UTF-32.
 */
import type { DeviceMessage } from "iot-hub-protocol";
import type { Value } from "../query/condition.ts";

const DECODERS: ReadonlyMap<string, (body: Uint8Array) => string> = new Map([
  ["utf-8", (body: Uint8Array) => new TextDecoder("utf-8", { fatal: true }).decode(body)],
  ["utf-16", decodeUtf16],
  ["utf-32", decodeUtf32],
]);

/** `undefined` when the body is not declared as JSON, or is none. */
export function readJsonBody({ body, contentType = "", contentEncoding = "" }: DeviceMessage): Value {
  const [type = ""] = contentType.split(";");
  const decode = DECODERS.get(contentEncoding.trim().toLowerCase());
  if (decode === undefined || type.trim().toLowerCase() !== "application/json") return undefined;
  try {
    return JSON.parse(decode(body)) as Value;
  } catch {
    return undefined;
  }
}

// Without a mark the bytes are little-endian, as Windows and .NET write them.
function decodeUtf16(body: Uint8Array): string {
  const bigEndian = body[0] === 0xfe && body[1] === 0xff;
  if (!bigEndian) return new TextDecoder("utf-16le", { fatal: true }).decode(body);
  const swapped = Buffer.from(body.subarray(0, body.length - (body.length % 2))).swap16();
  return new TextDecoder("utf-16le", { fatal: true }).decode(swapped);
}

function decodeUtf32(body: Uint8Array): string {
  const view = new DataView(body.buffer, body.byteOffset, body.byteLength);
  if (body.length % 4 !== 0) throw new RangeError("UTF-32 comes in steps of four bytes.");
  const bigEndian = body.length >= 4 && view.getUint32(0) === 0xfeff;
  const start = body.length >= 4 && view.getUint32(0, !bigEndian) === 0xfeff ? 4 : 0;
  const characters: string[] = [];
  for (let at = start; at < body.length; at += 4) characters.push(String.fromCodePoint(view.getUint32(at, !bigEndian)));
  return characters.join("");
}
