import { expect, test } from "vitest";
import { intervalLabel, momentLabel, tickLabels } from "./time-ticks.ts";

const NOON = new Date(2026, 2, 3, 12, 5, 9).getTime();

test("a moment is written no more exactly than its neighbours are apart", () => {
  expect(momentLabel(NOON, 2_000, "en-GB")).toBe("12:05:09");
  expect(momentLabel(NOON, 60_000, "en-GB")).toBe("12:05");
  expect(momentLabel(NOON, 86_400_000, "en-GB")).toBe("3 Mar");
});

test("midnight is the hour 00, not 24", () => {
  expect(momentLabel(new Date(2026, 2, 3).getTime(), 3_600_000, "en-US")).toBe("00:00");
});

test("an hour is told with its day and its end", () => {
  const hour = new Date(2026, 2, 3, 23).getTime();
  expect(intervalLabel(hour, 3_600_000, "en-GB")).toBe("3 Mar, 23:00–00:00");
  expect(intervalLabel(hour, 86_400_000, "en-GB")).toBe("3 Mar");
});

test("an axis has a label for every mark", () => {
  expect(tickLabels([NOON, NOON + 1_000], 1_000, "en-GB")).toEqual(["12:05:09", "12:05:10"]);
});
