import { expect, test } from "vitest";
import { csvOf } from "./csv.ts";

test("values with commas, quotes and line breaks are quoted", () => {
  expect(
    csvOf([
      ["id", "note"],
      [7, 'a "b", c\nd'],
    ]),
  ).toBe('id,note\r\n7,"a ""b"", c\nd"\r\n');
});

test("no value becomes a formula", () => {
  expect(csvOf([["=1+1", "+a", "-b", "@c", -5]])).toBe("'=1+1,'+a,'-b,'@c,-5\r\n");
});
