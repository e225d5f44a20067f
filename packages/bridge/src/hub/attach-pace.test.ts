import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { AttachPace } from "./attach-pace.ts";

beforeEach(() => vi.useFakeTimers());
afterEach(() => vi.useRealTimers());

test("after the first burst links open at the given rate, in order", () => {
  const pace = new AttachPace({ perSecond: 10, burst: 3 });
  const opened: number[] = [];
  for (let i = 0; i < 20; i++) pace.enqueue(() => opened.push(i));
  expect(opened).toEqual([0, 1, 2]);
  vi.advanceTimersByTime(1_000);
  expect(opened.length).toBeGreaterThanOrEqual(12);
  expect(opened.length).toBeLessThanOrEqual(13);
  vi.advanceTimersByTime(2_000);
  expect(opened).toEqual(Array.from({ length: 20 }, (_, i) => i));
  pace.close();
});

test("nothing opens after it was closed", () => {
  const pace = new AttachPace({ perSecond: 10, burst: 1 });
  const opened: number[] = [];
  for (let i = 0; i < 5; i++) pace.enqueue(() => opened.push(i));
  pace.close();
  vi.advanceTimersByTime(5_000);
  expect(opened).toEqual([0]);
});
