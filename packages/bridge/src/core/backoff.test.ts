import { expect, test } from "vitest";
import { backoffMs } from "./backoff.ts";

const backoff = { firstMs: 1_000, maxMs: 60_000 };

test("a wait doubles with each failure in a row, up to its limit", () => {
  const waits = [1, 2, 3, 7, 100, 5_000].map((failures) => backoffMs(backoff, failures, () => 1));
  expect(waits).toEqual([1_000, 2_000, 4_000, 60_000, 60_000, 60_000]);
});

test("half of a wait is left to chance", () => {
  expect(backoffMs(backoff, 1, () => 0)).toBe(500);
  expect(backoffMs(backoff, 1, () => 0.5)).toBe(750);
});
