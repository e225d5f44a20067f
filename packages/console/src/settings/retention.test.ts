import { expect, test } from "vitest";
import { hoursInWords } from "./retention.ts";

test("hours are told in days where there are any", () => {
  expect([1, 23, 24, 25, 168, 170].map(hoursInWords)).toEqual([
    "1 hour",
    "23 hours",
    "1 day",
    "1 day and 1 hour",
    "7 days",
    "7 days and 2 hours",
  ]);
  expect([0, -1, Number.NaN].map(hoursInWords)).toEqual(["", "", ""]);
});
