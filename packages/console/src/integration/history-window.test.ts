import { expect, test } from "vitest";
import { filled, rangeOf, WINDOWS } from "./history-window.ts";

const [HOUR] = WINDOWS as readonly [(typeof WINDOWS)[number]];
const NOW = Date.parse("2026-03-01T12:00:30Z");

test.each(WINDOWS)("$title end with the step that is now, and are of whole steps", (window) => {
  const { from, to } = rangeOf(window, NOW);
  expect(to - from).toBe(window.lengthMs);
  expect(to).toBeGreaterThan(NOW);
  expect(to - NOW).toBeLessThanOrEqual(window.bucketS * 1_000);
  expect((to - from) % (window.bucketS * 1_000)).toBe(0);
});

test("steps that the server left out are there with nothing in them; what is outside is left out", () => {
  const at = (time: string, success: number): Parameters<typeof filled>[0][number] => ({
    time,
    accepted: success,
    success,
    failure: 1,
  });
  const series = [at("2026-03-01T11:00:00Z", 9), at("2026-03-01T11:30:00Z", 2), at("2026-03-01T12:00:00Z", 3)];
  const points = filled(series, HOUR, NOW);
  expect(points).toHaveLength(60);
  expect(points.at(-1)).toEqual({ time: Date.parse("2026-03-01T12:00:00Z"), accepted: 3, success: 3, failure: 1 });
  expect(points.filter(({ success }) => success > 0).map(({ success }) => success)).toEqual([2, 3]);
});
