import { expect, test } from "vitest";
import { parseTarget } from "./target.ts";

test.each([
  ["*", "devices", false],
  ["tags.x = 1", "devices", true],
  ["from devices", "devices", false],
  ["FROM devices.modules WHERE moduleId = 'm'", "modules", true],
])("%s is for %s", (text, collection, hasCondition) => {
  const target = parseTarget(text);
  expect([target.collection, target.condition !== undefined]).toEqual([collection, hasCondition]);
});

test.each([
  "",
  "* and x",
  "from devices.jobs",
  "from devices where",
  "SELECT * FROM devices",
  "from devices tags.x = 1",
])("%s is refused", (text) => {
  expect(() => parseTarget(text)).toThrow("column");
});
