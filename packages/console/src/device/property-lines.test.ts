import { expect, test } from "vitest";
import { propertiesOf } from "./property-lines.ts";

test("each line is a property, and only the first equals sign parts it", () => {
  expect(propertiesOf("colour=red\n\n formula = a=b \n")).toEqual({
    ok: true,
    value: { colour: "red", formula: "a=b" },
  });
});

test.each(["red", "=red"])("%s is no property", (line) => {
  expect(propertiesOf(line)).toEqual({ ok: false, message: `Write name=value: ${line}` });
});
