import { expect, test } from "vitest";
import { graphData, intervalOf, shortNumber, SUCCESS_AND_FAILURE, sumsInWords } from "./history-series.ts";

const POINTS = [
  { time: 1_000, success: 4, failure: 1 },
  { time: 2_000, success: 0, failure: 2 },
];

test("stacked values stand on those before them and are drawn from the highest down", () => {
  expect(graphData(POINTS, SUCCESS_AND_FAILURE, { stacked: true })).toEqual([
    [1_000, 2_000],
    [5, 2],
    [4, 0],
  ]);
});

test("lines keep their own values", () => {
  expect(graphData(POINTS, SUCCESS_AND_FAILURE, { stacked: false })).toEqual([
    [1_000, 2_000],
    [4, 0],
    [1, 2],
  ]);
});

test("the sums are told in words", () => {
  expect(sumsInWords(POINTS, SUCCESS_AND_FAILURE)).toBe("Delivered 4, Failed tries 3");
});

test("numbers are short: rates keep a digit, counts none", () => {
  expect([shortNumber(0.44), shortNumber(12), shortNumber(123.4)]).toEqual(["0.4", "12", "123"]);
});

test("one point alone has no interval", () => {
  expect([intervalOf(POINTS), intervalOf(POINTS.slice(1))]).toEqual([1_000, null]);
});
