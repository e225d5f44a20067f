import { expect, test } from "vitest";
import { Recent } from "./recent.ts";

test("what was used longest ago is forgotten first", () => {
  const recent = new Recent<string, number>(3);
  for (const [i, key] of ["a", "b", "c"].entries()) recent.set(key, i);
  recent.get("a");
  recent.set("d", 3);
  expect(["a", "b", "c", "d"].map((key) => recent.get(key))).toEqual([0, undefined, 2, 3]);
});

test("setting again replaces and takes no room from others", () => {
  const recent = new Recent<string, number>(2);
  recent.set("a", 1);
  recent.set("b", 2);
  recent.set("b", 3);
  expect([recent.get("a"), recent.get("b")]).toEqual([1, 3]);
});

test("entries are removed by what they hold", () => {
  const recent = new Recent<string, number>(9);
  for (let i = 0; i < 9; i++) recent.set(String(i), i % 3);
  recent.deleteWhere((value) => value === 1);
  recent.delete("0");
  expect([0, 1, 2, 3, 4].map((i) => recent.get(String(i)))).toEqual([undefined, undefined, 2, 0, undefined]);
});
