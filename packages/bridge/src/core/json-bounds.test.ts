import { expect, test } from "vitest";
import { isWithinBounds, valuesIn } from "./json-bounds.ts";

const BOUNDS = { levels: 3, values: 6 };

test.each([
  [{}, true],
  ["text", true],
  [{ a: { b: [1] } }, true],
  [{ a: { b: [{}] } }, false],
  [[1, 2, 3, 4, 5], true],
  [[1, 2, 3, 4, 5, 6], false],
  [JSON.parse("[1e999]"), false],
  [{ a: null, b: -0 }, true],
])("%j is within bounds: %s", (json, isWithin) => {
  expect(isWithinBounds(json, BOUNDS)).toBe(isWithin);
});

test("what is nested without end is looked at no further", () => {
  const deep = JSON.parse(`${'{"a":'.repeat(50_000)}1${"}".repeat(50_000)}`) as unknown;
  expect(isWithinBounds(deep, { levels: 20, values: 1e6 })).toBe(false);
});

test("values are counted in all that is nested, up to where it matters", () => {
  expect(valuesIn({ a: 1, b: [null, { c: "x" }], d: {} }, 100)).toBe(7);
  expect(valuesIn(5, 100)).toBe(1);
  const wide = Array.from({ length: 1_000 }, () => [1, 2, 3]);
  expect(valuesIn(wide, 50)).toBe(50);
});
