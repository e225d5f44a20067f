import { expect, test } from "vitest";
import { watchHealth, type HealthSources } from "./health.ts";

const FINE: HealthSources = {
  isStoreAlive: () => true,
  fullAt: () => null,
  waitedMs: () => 0,
  paused: () => [],
  incidents: () => [],
  now: () => 100_000,
};

test.each<[string, Partial<HealthSources>, RegExp]>([
  ["a full disk", { fullAt: () => 95_000 }, /^The disk is full/],
  ["a store that failed", { isStoreAlive: () => false }, /^The store has failed/],
  ["writes that wait", { waitedMs: () => 6_000 }, /^The disk is slow/],
])("%s makes it unready, and says so", (_, trouble, reason) => {
  const watch = watchHealth({ ...FINE, ...trouble });
  const { ready, reasons } = watch.health();
  watch.stop();
  expect([ready, reasons]).toEqual([false, [expect.stringMatching(reason) as unknown]]);
});

test("a paused hub and an incident are told and keep nobody from publishing", () => {
  const watch = watchHealth({ ...FINE, paused: () => ["hub: paused"], incidents: () => ["events are missing"] });
  expect(watch.health()).toEqual({
    live: true,
    ready: true,
    reasons: [],
    warnings: ["hub: paused", "events are missing"],
  });
  watch.stop();
});

test("a disk that was full a while ago counts no more, until somebody tries it", () => {
  const watch = watchHealth({ ...FINE, fullAt: () => 80_000, waitedMs: () => 1_000 });
  expect(watch.health().ready).toBe(true);
  watch.stop();
});
