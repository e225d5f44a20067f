import { expect, test } from "vitest";
import { jsonIn, patchOf } from "./state-values.ts";

test("values are JSON where they can be read so, else texts; dots lead inside", () => {
  const patch = patchOf(["led=true", "limits.high=30", "limits.low=null", "name=a=b", "list=[1,{}]", "on=True"]);
  expect(JSON.parse(JSON.stringify(patch))).toEqual({
    led: true,
    limits: { high: 30, low: null },
    name: "a=b",
    list: [1, {}],
    on: "True",
  });
});

test("a number beyond all bounds is refused, as it would be sent as null, which removes", () => {
  expect(() => patchOf(["a=1e400"])).toThrow(/too large/);
  expect(() => jsonIn('{"a":[{"b":-1e400}]}')).toThrow(/too large/);
  expect(jsonIn("1e308")).toBe(1e308);
  expect(jsonIn("{")).toBeUndefined();
});
