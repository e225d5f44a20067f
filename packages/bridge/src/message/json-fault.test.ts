import fc from "fast-check";
import { expect, test } from "vitest";
import { jsonFaultAt } from "./json-fault.ts";

test.each([
  ["", 0],
  ["  ", 2],
  ['{"a":}', 5],
  ['{"a":1,}', 7],
  ["[1,]", 3],
  ["[1 2]", 3],
  ["{a:1}", 1],
  ['{"a" 1}', 5],
  ['{"a":1', 6],
  ["[1]]", 3],
  ["01", 1],
  ["tru", 0],
  ['"a\nb"', 0],
  ["{]", 1],
  ["[}", 1],
  ["plain text", 0],
])("%j is no JSON at %i", (text, at) => expect(jsonFaultAt(text)).toBe(at));

test("it finds a fault where the parser finds one, and in nothing else", () => {
  const pieces = fc.constantFrom(
    "{",
    "}",
    "[",
    "]",
    '"a"',
    ":",
    ",",
    "1",
    "-0.5e3",
    "true",
    "null",
    " ",
    "\n",
    '"\\u00e9"',
    "x",
  );
  const texts = fc.oneof(
    fc.array(pieces, { maxLength: 12 }).map((parts) => parts.join("")),
    fc.json(),
    fc.json().map((text) => text.slice(0, -1)),
  );
  fc.assert(
    fc.property(texts, (text) => {
      expect(jsonFaultAt(text) === null).toBe(parses(text));
    }),
    { numRuns: 3_000 },
  );
});

test("nesting as deep as a message can hold is no trouble", () => {
  expect(jsonFaultAt("[".repeat(262_144))).toBe(262_144);
  expect(jsonFaultAt("[".repeat(10_000) + "]".repeat(10_000))).toBe(null);
});

function parses(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
