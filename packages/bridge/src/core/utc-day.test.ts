import { expect, test } from "vitest";
import { endOfUtcDay, utcDay } from "./utc-day.ts";

test("a day begins at midnight UTC and ends where the next begins", () => {
  const midnight = Date.parse("2026-03-01T00:00:00Z");
  expect(utcDay(midnight - 1)).toBe("2026-02-28");
  expect(utcDay(midnight)).toBe("2026-03-01");
  expect(endOfUtcDay(midnight - 1)).toBe(midnight);
  expect(endOfUtcDay(midnight)).toBe(Date.parse("2026-03-02T00:00:00Z"));
});
