import { expect, test } from "vitest";
import type { Quota } from "./connection.ts";
import { clockTime, percentUsed, verdictOf } from "./quota-words.ts";

const AT = "2026-03-01T16:40:00.000Z";
const quota = (forecast: Quota["forecast"], more: Partial<Quota> = {}): Quota => ({
  allowance: 8_000,
  unlimited: false,
  used: 10,
  used_by_bridge: 10,
  messages: 10,
  by_kind: [],
  block_bytes: 512,
  per_hour: 1_000,
  forecast,
  told_by_hub: false,
  resets_at: AT,
  ...more,
});

test("a forecast names the time at which the allowance ends", () => {
  const { tone, words } = verdictOf(quota({ kind: "ends", at: AT }));
  expect([tone, words]).toEqual(["wait", `At this rate it ends at ${clockTime(AT)} (at 1,000 an hour)`]);
});

test("what is used up is bad, what lasts is good, and without a tier it is asked for", () => {
  expect(verdictOf(quota({ kind: "ended", at: AT })).tone).toBe("bad");
  expect(verdictOf(quota({ kind: "lasts", at: AT }, { per_hour: 0 }))).toEqual({
    tone: "good",
    words: "Lasts the day",
  });
  expect(verdictOf(quota({ kind: "unknown", at: null }, { allowance: null })).words).toContain("tier");
  expect(verdictOf(quota({ kind: "unknown", at: null }, { allowance: null, unlimited: true })).words).toContain(
    "nothing",
  );
});

test("the gauge is never fuller than full, and there is none without an allowance", () => {
  expect([1, 9_000].map((used) => percentUsed({ used, allowance: 8_000 }))).toEqual([0.0125, 100]);
  expect(percentUsed({ used: 1, allowance: null })).toBeNull();
});
