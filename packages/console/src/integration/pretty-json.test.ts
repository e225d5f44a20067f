import { expect, test } from "vitest";
import { prettyJson } from "./pretty-json.ts";

test("objects and lists get a line for each value", () => {
  expect(prettyJson('{"t":21.5,"l":["a b"]}')).toBe('{\n  "t": 21.5,\n  "l": [\n    "a b"\n  ]\n}');
});

test.each(["21.5", "no JSON", "", '"text"', "{", '{"n":12345678901234567890}', '{"n":2.50}'])(
  "%s stays as it is",
  (text) => expect(prettyJson(text)).toBe(text),
);
