import * as fc from "fast-check";
import { expect, test } from "vitest";
import { allowanceOf, blocksOn } from "./hub-meter.ts";
import { hourlyRate, quotaForecast, type QuotaUse } from "./quota-forecast.ts";

const NOON = Date.parse("2026-03-01T12:00:00Z");
const MIDNIGHT = Date.parse("2026-03-02T00:00:00Z");
const HOUR = 3_600_000;
const use = (overrides: Partial<QuotaUse> = {}): QuotaUse => ({
  now: NOON,
  allowance: 8_000,
  used: 0,
  lastHour: 0,
  firstAt: null,
  hubSaysEnded: false,
  ...overrides,
});

test("at this rate the allowance ends at 16:40", () => {
  const forecast = quotaForecast(use({ used: 3_333, lastHour: 1_000, firstAt: NOON - HOUR }));
  expect(forecast).toEqual({ kind: "ends", at: Date.parse("2026-03-01T16:40:01.200Z") });
});

test("a slow rate lasts the day, and so does none at all", () => {
  expect(quotaForecast(use({ used: 4_000, lastHour: 300, firstAt: NOON - HOUR }))).toEqual({
    kind: "lasts",
    at: MIDNIGHT,
  });
  expect(quotaForecast(use({ used: 7_999 }))).toEqual({ kind: "lasts", at: MIDNIGHT });
});

test("the hub's word wins, even over an allowance that nobody knows", () => {
  expect(quotaForecast(use({ hubSaysEnded: true }))).toEqual({ kind: "ended", at: MIDNIGHT });
  expect(quotaForecast(use({ hubSaysEnded: true, allowance: null }))).toEqual({ kind: "ended", at: MIDNIGHT });
  expect(quotaForecast(use({ used: 8_000 }))).toEqual({ kind: "ended", at: MIDNIGHT });
});

test("without an allowance nothing is forecast", () => {
  expect(quotaForecast(use({ allowance: null, used: 1_000_000, lastHour: 9 }))).toEqual({ kind: "unknown" });
});

test("what began a quarter of an hour ago is reckoned on a quarter of an hour", () => {
  expect(hourlyRate({ now: NOON, lastHour: 100, firstAt: NOON - HOUR / 4 })).toBe(400);
  expect(hourlyRate({ now: NOON, lastHour: 10, firstAt: NOON })).toBe(120);
});

test("a forecast never lies outside the day, and more use never makes it later", () => {
  const count = fc.nat(10_000);
  fc.assert(
    fc.property(count, count, count, (used, more, lastHour) => {
      const at = (spent: number): number => {
        const forecast = quotaForecast(use({ used: spent, lastHour, firstAt: NOON - HOUR }));
        if (forecast.kind === "unknown") throw new Error("there is an allowance");
        expect(forecast.at).toBeGreaterThanOrEqual(NOON);
        expect(forecast.at).toBeLessThanOrEqual(MIDNIGHT);
        return forecast.kind === "ended" ? NOON : forecast.at;
      };
      expect(at(used + more)).toBeLessThanOrEqual(at(used));
    }),
  );
});

test("a day of two S1 units has 800,000 blocks of 4 KB, one of Free 8,000 of half a kilobyte", () => {
  expect([allowanceOf("S1", 2), allowanceOf("F1", 1)]).toEqual([800_000, 8_000]);
  expect([blocksOn("F1", { blocks: 1, freeBlocks: 8 }), blocksOn(null, { blocks: 1, freeBlocks: 8 })]).toEqual([8, 1]);
});
