import { expect, test } from "vitest";
import { everyDay } from "./overview.ts";
import { scopeInWords, stateInWords } from "./state-words.ts";

const failure = { code: "key_refused", message: "The hub refuses the key.", next_step: null };

test.each([
  [{ state: "open", failure: null, parked: 0 }, "good", "Healthy"],
  [{ state: "idle", failure: null, parked: 0 }, "good", "Ready"],
  [{ state: "open", failure: null, parked: 2 }, "wait", "Healthy, some parked"],
  [{ state: "paused", failure, parked: 2 }, "bad", "Failing"],
  [{ state: "paused", failure: { ...failure, code: "quota_exceeded" }, parked: 0 }, "bad", "Waits: quota"],
  [{ state: "disabled", failure, parked: 0 }, "quiet", "Paused by you"],
  [{ state: "held_up", failure, parked: 0 }, "wait", "Waits: daily cap"],
  [{ state: "slowed", failure, parked: 0 }, "wait", "Slowed down"],
] as const)("%j is said as %s %s", (standing, tone, word) => {
  expect(stateInWords(standing)).toMatchObject({ tone, word });
});

test("a reason is told where there is one", () => {
  expect(stateInWords({ state: "paused", failure, parked: 0 }).detail).toBe("The hub refuses the key.");
  expect(stateInWords({ state: "open", failure: null, parked: 1 }).detail).toBe(
    "One event is parked and waits for a person.",
  );
});

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
