import { expect, test } from "vitest";
import { shortData } from "./event-data.ts";

test.each([
  [null, ""],
  ["21.5", "21.5"],
  ["two\nlines\t and more", "two lines and more"],
  ["x".repeat(161), `${"x".repeat(160)}…`],
  [" ".repeat(1_000), " …"],
])("data in a table is one short line", (data, short) => {
  expect(shortData(data)).toBe(short);
});
