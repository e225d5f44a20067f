import { expect, test } from "vitest";
import { relativeTime } from "./time-words.ts";

const NOW = Date.UTC(2026, 0, 31, 12);
const MINUTE = 60_000;

test("a moment is told by how long ago it was or how far off it is, in the largest whole unit", () => {
  expect(relativeTime(NOW - 1_999, NOW)).toBe("now");
  expect(relativeTime(NOW - 12_900, NOW)).toBe("12 s ago");
  expect(relativeTime(NOW - 119 * MINUTE, NOW)).toBe("1 h ago");
  expect(relativeTime(NOW + 3 * MINUTE, NOW)).toBe("in 3 min");
  expect(relativeTime(NOW - 29 * 24 * 60 * MINUTE, NOW)).toBe("29 d ago");
});

test("what is a month away is told by its date", () => {
  expect(relativeTime(Date.UTC(2025, 5, 15, 12), NOW)).toContain("2025");
});
