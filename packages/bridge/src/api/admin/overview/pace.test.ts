import { expect, test } from "vitest";
import { Paces } from "./pace.ts";

test("the pace is what was counted since the oldest look of the last ten seconds", () => {
  const paces = new Paces();
  expect(paces.look("ada", { at: 0, accepted: 100, delivered: 50 })).toBeNull();
  expect(paces.look("ada", { at: 2_000, accepted: 120, delivered: 60 })).toEqual({
    in_per_second: 10,
    out_per_second: 5,
  });
  expect(paces.look("ada", { at: 4_000, accepted: 120, delivered: 60 })).toEqual({
    in_per_second: 5,
    out_per_second: 2.5,
  });
});

test("accounts have paces of their own, and looks at once do not divide by nothing", () => {
  const paces = new Paces();
  paces.look("ada", { at: 0, accepted: 0, delivered: 0 });
  expect(paces.look("eve", { at: 2_000, accepted: 900, delivered: 0 })).toBeNull();
  expect(paces.look("ada", { at: 0, accepted: 5, delivered: 0 })).toBeNull();
  expect(paces.look("ada", { at: 100, accepted: 5, delivered: 0 })).toBeNull();
});

test("after a longer time nothing is said of what was long ago", () => {
  const paces = new Paces();
  paces.look("ada", { at: 0, accepted: 0, delivered: 0 });
  expect(paces.look("ada", { at: 60_000, accepted: 6_000, delivered: 0 })).toBeNull();
});
