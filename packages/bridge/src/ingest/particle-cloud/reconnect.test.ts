import { describe, expect, test } from "vitest";
import { OpenBudget, reconnectWait } from "./reconnect.ts";
import type { BreakKind } from "./reconnect.ts";

const KINDS: readonly BreakKind[] = ["closed", "unreachable", "overloaded"];
const MINUTE = 60_000;

describe("waiting", () => {
  test.each(KINDS)("%s: never under 2 s, longer with every failure, bounded", (kind) => {
    const waits = Array.from({ length: 40 }, (_, i) => reconnectWait(kind, { failures: i + 1, random: () => 0 }));
    expect(waits[0]).toBeGreaterThanOrEqual(2_000);
    expect(waits).toEqual(waits.toSorted((a, b) => a - b));
    expect(waits[4]).toBeGreaterThan(waits[0]! * 8);
    expect(waits.at(-1)).toBeLessThanOrEqual(5 * MINUTE);
  });

  test("chance adds up to half and takes nothing away", () => {
    const wait = (random: number): number => reconnectWait("closed", { failures: 1, random: () => random });
    expect([wait(0), wait(0.5), wait(0.999)].map(Math.round)).toEqual([2_000, 2_500, 2_999]);
  });

  test("what the cloud asks for is granted, up to a quarter of an hour", () => {
    const wait = (retryAfterMs: number): number =>
      reconnectWait("overloaded", { failures: 1, retryAfterMs, random: () => 0 });
    expect([wait(0), wait(1_000), wait(90_000), wait(1e9)]).toEqual([5_000, 5_000, 90_000, 15 * MINUTE]);
  });
});

describe("opens of one address", () => {
  test("whoever opens as often as it may stays under 100 in any 5 minutes", () => {
    const budget = new OpenBudget();
    const opened: number[] = [];
    for (let now = 0; now < 30 * MINUTE; now += 500) {
      if (budget.take("api.particle.io", now) !== 0) continue;
      opened.push(now);
      budget.release("api.particle.io");
    }
    for (const from of opened) {
      expect(opened.filter((at) => at >= from && at < from + 5 * MINUTE).length).toBeLessThan(100);
    }
    expect(opened.length).toBeGreaterThan(500);
  });

  test("it says how long to wait, and that is true", () => {
    const budget = new OpenBudget();
    for (let i = 0; i < 90; i++) {
      expect(budget.take("a", i)).toBe(0);
      budget.release("a");
    }
    const wait = budget.take("a", 100);
    expect(budget.take("a", 100 + wait - 1)).toBeGreaterThan(0);
    expect(budget.take("a", 100 + wait)).toBe(0);
    expect(budget.take("b", 100)).toBe(0);
  });

  test("fewer than 100 streams are open at once", () => {
    const budget = new OpenBudget();
    let open = 0;
    for (let now = 0; now < 60 * MINUTE; now += 1_000) if (budget.take("a", now) === 0) open += 1;
    expect(open).toBe(90);
    budget.release("a");
    expect(budget.take("a", 61 * MINUTE)).toBe(0);
  });
});
