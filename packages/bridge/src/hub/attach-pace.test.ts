import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AttachPace } from "./attach-pace.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("after the first burst links open at the given rate, in order", () => {
  const pace = new AttachPace({ perSecond: 10, burst: 3 });
  const opened: number[] = [];
  for (let i = 0; i < 20; i++) pace.enqueue(() => opened.push(i) > 0);
  expect(opened).toEqual([0, 1, 2]);
  vi.advanceTimersByTime(1_000);
  expect(opened.length).toBeGreaterThanOrEqual(12);
  expect(opened.length).toBeLessThanOrEqual(13);
  vi.advanceTimersByTime(2_000);
  expect(opened).toEqual(Array.from({ length: 20 }, (_, i) => i));
  pace.close();
});

test("links that nobody waits for any more use up nothing", () => {
  const pace = new AttachPace({ perSecond: 1, burst: 1 });
  const opened: string[] = [];
  pace.enqueue(() => opened.push("first") > 0);
  for (let i = 0; i < 1_000; i++) pace.enqueue(() => false);
  pace.enqueue(() => opened.push("last") > 0);
  vi.advanceTimersByTime(1_100);
  expect(opened).toEqual(["first", "last"]);
  pace.close();
});

test("without a rate only the burst's size splits them up", () => {
  const pace = new AttachPace({ perSecond: Number.POSITIVE_INFINITY, burst: 10 });
  const opened: number[] = [];
  for (let i = 0; i < 100; i++) pace.enqueue(() => opened.push(i) > 0);
  vi.advanceTimersByTime(10);
  expect(opened).toHaveLength(100);
  pace.close();
});

test("nothing opens after it was closed", () => {
  const pace = new AttachPace({ perSecond: 10, burst: 1 });
  const opened: number[] = [];
  for (let i = 0; i < 5; i++) pace.enqueue(() => opened.push(i) > 0);
  pace.close();
  vi.advanceTimersByTime(5_000);
  expect(opened).toEqual([0]);
});
