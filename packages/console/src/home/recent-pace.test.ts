import { expect, test } from "vitest";
import { withLook, type PacePoint } from "./recent-pace.ts";

function look(time: number): PacePoint {
  return { time, in: 1, out: 1 };
}

test("each look is added once", () => {
  const first = withLook([], look(1_000));
  const second = withLook(first, look(3_000));
  expect(second.map(({ time }) => time)).toEqual([1_000, 3_000]);
  expect(withLook(second, look(3_000))).toBe(second);
  expect(withLook(second, look(2_000))).toBe(second);
});

test("what is older than five minutes goes", () => {
  let points: readonly PacePoint[] = [];
  for (let time = 0; time <= 400_000; time += 2_000) points = withLook(points, look(time));
  expect(points[0]?.time).toBe(102_000);
});

test("after a longer pause it begins anew, so that no line is drawn over what nobody saw", () => {
  expect(withLook([look(1_000)], look(60_000)).map(({ time }) => time)).toEqual([60_000]);
});
