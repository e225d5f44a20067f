import { expect, test } from "vitest";
import { evenly } from "./even-points.ts";

const NOW = Date.parse("2026-03-01T12:07:00Z");

test("what was counted every five minutes stands in its quarter of an hour, and what is older is left out", () => {
  const points = evenly(
    [
      { time: "2026-02-28T12:00:00Z", messages: 9 },
      { time: "2026-03-01T11:45:00Z", messages: 1 },
      { time: "2026-03-01T11:55:00Z", messages: 2 },
      { time: "2026-03-01T12:05:00Z", messages: 4 },
    ],
    NOW,
  );
  expect(points).toHaveLength(96);
  expect(points.slice(-2)).toEqual([
    { time: Date.parse("2026-03-01T11:45:00Z"), messages: 3 },
    { time: Date.parse("2026-03-01T12:00:00Z"), messages: 4 },
  ]);
  expect(points.reduce((sum, { messages }) => sum + messages, 0)).toBe(7);
});
