import { expect, test } from "vitest";
import { RecentPace } from "./recent-pace.ts";

test("after a burst the pace is that of now, and the time left goes by it", () => {
  const pace = new RecentPace(0);
  for (let second = 1; second <= 60; second++) pace.words(100 + second * 2, 600, second * 1_000);
  expect(pace.words(222, 600, 61_000)).toEqual(["2.0/s", "5 min left"]);
  expect(pace.words(222, 0, 61_000)).toEqual(["2.0/s"]);
});

test("nothing is promised while nothing is done", () => {
  const pace = new RecentPace(5_000);
  expect(pace.words(0, 10, 5_000)).toEqual(["0.0/s"]);
  expect(pace.words(0, 10, 90_000)).toEqual(["0.0/s"]);
});

test.each([
  [10, "10 s left"],
  [2_000, "33 min left"],
  [100_000, "27.8 h left"],
])("%i at one a second: %s", (left, words) => {
  expect(new RecentPace(0).words(10, left, 10_000)).toEqual(["1.0/s", words]);
});
