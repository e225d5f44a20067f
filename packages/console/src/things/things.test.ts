import { expect, test } from "vitest";
import { stateSummary } from "./state-summary.ts";
import { stateFault } from "./state-text.ts";

test("a state is summed up in one line, cut where it is long", () => {
  expect(stateSummary({ led: true, fan: { on: 1 } })).toBe('led: true, fan: {"on":1}');
  expect(stateSummary({})).toBe("empty");
  expect(stateSummary({ text: "x".repeat(500) })).toHaveLength(201);
});

test("only an object is a state", () => {
  expect(stateFault('{"a":1}')).toBeNull();
  expect(stateFault("[]")).toMatch(/JSON object/);
  expect(stateFault("null")).toMatch(/JSON object/);
  expect(stateFault("{a}")).toMatch(/not JSON/);
});
