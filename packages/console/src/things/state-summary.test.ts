import { expect, test } from "vitest";
import { stateSummary } from "./state-summary.ts";

test("a state is summed up in one line, cut where it is long", () => {
  expect(stateSummary({ led: true, fan: { on: 1 } })).toBe('led: true, fan: {"on":1}');
  expect(stateSummary({})).toBe("empty");
  expect(stateSummary({ text: "x".repeat(500) })).toHaveLength(201);
});
