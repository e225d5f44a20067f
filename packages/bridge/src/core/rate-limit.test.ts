import { expect, test } from "vitest";
import { RateLimit } from "./rate-limit.ts";

function limit(options: { capacity?: number } = {}): { rate: RateLimit; pass: (ms: number) => void } {
  let now = 5_000;
  const rate = new RateLimit({ rate: { intervalMs: 1000, burst: 4 }, elapsed: () => now, ...options });
  return { rate, pass: (ms) => void (now += ms) };
}

test("a burst passes at once, then one an interval, and waiting makes the next burst", () => {
  const { rate, pass } = limit();
  expect([1, 2, 3, 4].map(() => rate.take("a"))).toEqual([0, 0, 0, 0]);
  expect(rate.take("a")).toBe(1000);
  pass(600);
  expect(rate.take("a")).toBe(400);
  pass(400);
  expect(rate.take("a")).toBe(0);
  expect(rate.take("a")).toBe(1000);
  pass(60_000);
  expect([1, 2, 3, 4, 5].map(() => rate.take("a"))).toEqual([0, 0, 0, 0, 1000]);
});

test("one key's haste costs another nothing", () => {
  const { rate } = limit();
  for (let i = 0; i < 10; i++) rate.take("a");
  expect(rate.take("b")).toBe(0);
});

test("many taken at once pass whole and are waited for afterwards, so that the average holds", () => {
  const { rate, pass } = limit();
  expect(rate.take("a", 100)).toBe(0);
  expect(rate.take("a")).toBe(97_000);
  pass(97_000);
  expect(rate.take("a")).toBe(0);
});

test("what is refused is not charged", () => {
  const { rate, pass } = limit();
  for (let i = 0; i < 1000; i++) rate.take("a");
  pass(1000);
  expect(rate.take("a")).toBe(0);
});

test("memory is bounded: the idle go first, then those known longest", () => {
  const { rate, pass } = limit({ capacity: 100 });
  for (let i = 0; i < 100; i++) rate.take(`idle-${i}`);
  pass(1000);
  for (let i = 0; i < 1000; i++) {
    rate.take(`busy-${i}`, 4);
    expect(rate.size).toBeLessThanOrEqual(100);
  }
  expect(rate.take("busy-999")).toBeGreaterThan(0);
  expect(rate.take("busy-0")).toBe(0);
});
