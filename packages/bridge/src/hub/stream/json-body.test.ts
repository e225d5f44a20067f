import { deflateSync, gzipSync } from "node:zlib";
import { expect, test } from "vitest";
import { jsonIn } from "./json-body.ts";

const TEXT = '{"wörd":"𝄞"}';
const VALUE = { wörd: "𝄞" };

function utf32(text: string, write: "writeUInt32LE" | "writeUInt32BE"): Buffer {
  const points = Array.from(text, (character) => character.codePointAt(0)!);
  const body = Buffer.alloc(points.length * 4);
  for (const [i, point] of points.entries()) body[write](point, i * 4);
  return body;
}

test.each([
  ["nothing", undefined, Buffer.from(TEXT)],
  ["UTF-8", "utf-8", Buffer.from(TEXT)],
  ["UTF-8 with a mark", "UTF-8", Buffer.from(`\uFEFF${TEXT}`)],
  ["a name that says nothing", "x-own", Buffer.from(TEXT)],
  ["UTF-16", "utf-16", Buffer.from(TEXT, "utf16le")],
  ["UTF-16 with a mark", "UTF-16", Buffer.from(`\uFEFF${TEXT}`, "utf16le")],
  ["UTF-16 with the other mark", "utf-16", Buffer.from(`\uFEFF${TEXT}`, "utf16le").swap16()],
  ["big-endian UTF-16", "utf-16be", Buffer.from(TEXT, "utf16le").swap16()],
  ["UTF-32", "utf-32", utf32(TEXT, "writeUInt32LE")],
  ["UTF-32 with a mark", "utf-32", utf32(`\uFEFF${TEXT}`, "writeUInt32BE")],
  ["gzip", " gzip", gzipSync(TEXT)],
  ["deflate", "deflate", deflateSync(TEXT)],
])("a body encoded in %s is read", (_, encoding, body) => {
  expect(jsonIn(body, encoding)).toEqual(VALUE);
});

test.each([
  ["no JSON", "", Buffer.from("hello")],
  ["JSON cut off", "utf-8", Buffer.from('{"a":')],
  ["nothing at all", undefined, Buffer.alloc(0)],
  ["not what the encoding says", "gzip", Buffer.from(TEXT)],
  ["half a character", "utf-16", Buffer.from([0x7b])],
  ["beyond all characters", "utf-32", Buffer.from([0xff, 0xff, 0xff, 0xff])],
  ["half a character of four", "utf-32", Buffer.from([0x7b, 0])],
  ["packed very small", "gzip", gzipSync(`{"a":"${"x".repeat(4_000_000)}"}`)],
])("a body that is %s is none", (_, encoding, body) => {
  expect(jsonIn(body, encoding)).toBeUndefined();
});
