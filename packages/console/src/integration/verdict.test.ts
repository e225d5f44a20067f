import { expect, test } from "vitest";
import { judgedRules, type Verdict } from "./verdict.ts";

const FLEET = { event: "temp", scope: { kind: "product", product_id: 7, product_name: "Weather" } } as const;

const results = (
  verdict: Partial<Verdict>,
  integration: Parameters<typeof judgedRules>[0] = FLEET,
): readonly string[] => judgedRules(integration, { id: "i", matched: false, ...verdict }).map(({ result }) => result);

test("rules before the one that refused have passed, those after it were not asked", () => {
  expect(results({ rule: "no_device", reason: "Nobody." })).toEqual([
    "passed",
    "passed",
    "refused",
    "not reached",
    "not reached",
  ]);
  expect(judgedRules(FLEET, { id: "i", matched: false, rule: "no_device", reason: "Nobody." })[2]?.reason).toBe(
    "Nobody.",
  );
  expect(results({ rule: "prefix" })[0]).toBe("refused");
});

test("an event that is taken has passed all rules; a single device is a rule of its own", () => {
  expect(new Set(results({ matched: true }))).toEqual(new Set(["passed"]));
  const one = { event: "temp", scope: { kind: "sandbox" }, deviceID: "d" } as const;
  expect(results({ matched: true }, one)).toHaveLength(6);
  expect(results({ rule: "other_device" }, one).at(-1)).toBe("refused");
});

test("of a rule that a newer server knows nothing is claimed", () => {
  expect(new Set(results({ rule: "moon_phase" }))).toEqual(new Set(["not reached"]));
});
