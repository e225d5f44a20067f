import { expect, test } from "vitest";
import { prettyData, shortData } from "./event-data.ts";

test.each([
  [null, ""],
  ["21.5", "21.5"],
  ["two\nlines\t and more", "two lines and more"],
  ["x".repeat(161), `${"x".repeat(160)}…`],
  [" ".repeat(1_000), " …"],
])("data in a table is one short line", (data, short) => {
  expect(shortData(data)).toBe(short === " …" ? " …" : short);
});

test.each([
  ['{"a":[1,2]}', '{\n  "a": [\n    1,\n    2\n  ]\n}'],
  ["[1]", "[\n  1\n]"],
  ["{broken", "{broken"],
  ["21.50", "21.50"],
  ['{"id":12345678901234567890}', '{"id":12345678901234567890}'],
  ['{"x":1.00000000000000001}', '{"x":1.00000000000000001}'],
])("JSON is indented and nothing else is changed: %s", (data, pretty) => {
  expect(prettyData(data)).toBe(pretty);
});
