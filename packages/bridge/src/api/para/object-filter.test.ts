import fc from "fast-check";
import { expect, test } from "vitest";
import type { JsonObject } from "../../core/json.ts";
import type { ThingFilter } from "../../core/thing-query.ts";
import { compareValues, fits } from "./object-filter.ts";

const APP: JsonObject = {
  name: "The Weather",
  appIdentifier: "weather",
  timestamp: 1_000,
  tags: ["north", "wet"],
  active: true,
};
const name = (pattern: string): ThingFilter => ({ kind: "wildcard", field: "name", pattern });
const range = (from: string | number | null, to: string | number | null, inclusive: boolean): ThingFilter => ({
  kind: "range",
  field: "timestamp",
  from,
  to,
  includesFrom: inclusive,
  includesTo: inclusive,
});

test.each<[ThingFilter, boolean]>([
  [{ kind: "all" }, true],
  [{ kind: "none" }, false],
  [{ kind: "equals", field: "timestamp", value: "1000" }, true],
  [{ kind: "equals", field: "active", value: "true" }, true],
  [{ kind: "equals", field: "tags", value: "wet" }, true],
  [{ kind: "equals", field: "properties.appIdentifier", value: "weather" }, true],
  [{ kind: "equals", field: "constructor", value: "x" }, false],
  [{ kind: "exists", field: "toString" }, false],
  [{ kind: "exists", field: "name" }, true],
  [{ kind: "prefix", field: "name", prefix: "the w" }, true],
  [{ kind: "prefix", field: "name", prefix: "weather" }, false],
  [{ kind: "text", field: null, text: "WEATHER" }, true],
  [{ kind: "text", field: "name", text: "storm" }, false],
  [name("*eath?r"), true],
  [name("the*"), true],
  [name("the?"), false],
  [name("the\\*"), false],
  [{ kind: "wildcard", field: null, pattern: "w?t" }, true],
  [range(1_000, 1_000, true), true],
  [range(1_000, null, false), false],
  [range(999, "1001", false), true],
  [range(null, 9, true), false],
  [{ kind: "and", of: [name("*"), { kind: "not", of: { kind: "none" } }] }, true],
  [{ kind: "or", of: [] }, false],
])("%j: %s", (filter, expected) => {
  expect(fits(APP, filter)).toBe(expected);
});

test("a pattern means what it would as an expression, and is never slow", () => {
  const alphabet = fc.array(fc.constantFrom("a", "b", "*", "?", "."), { maxLength: 12 }).map((all) => all.join(""));
  fc.assert(
    fc.property(alphabet, alphabet, (pattern, text) => {
      const expression = pattern.replaceAll(".", "\\.").replaceAll(/\*+/g, "[^]*").replaceAll("?", "[^]");
      const filter: ThingFilter = { kind: "wildcard", field: "x", pattern };
      expect(fits({ x: text }, filter)).toBe(new RegExp(`^${expression}$`).test(text));
    }),
  );
  // Going back over every star would take years.
  const started = performance.now();
  fits({ x: "a".repeat(20_000) }, { kind: "wildcard", field: "x", pattern: `${"*a".repeat(50)}b` });
  expect(performance.now() - started).toBeLessThan(20_000);
});

test("numbers are compared by size, what is missing comes first", () => {
  expect([10, 9, undefined, "b", "a"].toSorted(compareValues)).toEqual([9, 10, "a", "b", undefined]);
  expect(compareValues(undefined, 1)).toBeLessThan(0);
});
