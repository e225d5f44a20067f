import { expect, test } from "vitest";
import { Places } from "./places.ts";

test("one tenant has its share, and the others find room", () => {
  const places = new Places({ total: 5, each: 2 });
  const leave = places.take("ada");
  expect(places.take("ada")).not.toBe(null);
  expect(places.take("ada")).toBe(null);
  expect(places.take("eve")).not.toBe(null);
  leave!();
  leave!();
  expect(places.take("ada")).not.toBe(null);
  expect(places.take("ada")).toBe(null);
});

test("all together have no more than there are", () => {
  const places = new Places({ total: 3, each: 2 });
  const taken = ["a", "b", "c", "d"].map((tenant) => places.take(tenant));
  expect(taken.map((leave) => leave !== null)).toEqual([true, true, true, false]);
  taken[0]!();
  expect(places.take("d")).not.toBe(null);
});
