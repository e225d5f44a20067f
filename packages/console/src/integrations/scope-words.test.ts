import { expect, test } from "vitest";
import { everyDay } from "./overview.ts";
import { scopeInWords } from "./scope-words.ts";

test("a scope is named as people name it", () => {
  const product = { kind: "product", product_slug: "w", product_name: "Weather" } as const;
  const sandbox = { kind: "sandbox", product_slug: null, product_name: null } as const;
  expect(scopeInWords({ scope: product, device_id: null })).toBe("Weather");
  expect(scopeInWords({ scope: sandbox, device_id: null })).toBe("Sandbox");
  expect(scopeInWords({ scope: sandbox, device_id: "abc" })).toBe("Sandbox, device abc");
});

test("days without events stand in the history too", () => {
  const from = Date.parse("2026-03-01T00:00:00Z");
  const days = everyDay([{ time: "2026-03-02T00:00:00.000Z", accepted: 3, success: 2, failure: 1 }], from);
  expect(days).toHaveLength(30);
  expect(days.slice(0, 3).map(({ success, failure: failed }) => [success, failed])).toEqual([
    [0, 0],
    [2, 1],
    [0, 0],
  ]);
});
