import { expect, test } from "vitest";
import { endsWithin, systemClock, type Clock } from "./clock.ts";

/** Never fires by itself; `timers` are those that wait. */
function handClock(): { readonly clock: Clock; readonly timers: Set<() => void> } {
  const timers = new Set<() => void>();
  const after: Clock["after"] = (_, work) => {
    timers.add(work);
    return () => timers.delete(work);
  };
  return { clock: { ...systemClock, after }, timers };
}

test("work that ends in time calls its timer off", async () => {
  const { clock, timers } = handClock();
  expect(await endsWithin(clock, 1_000, Promise.resolve())).toBe(true);
  expect(timers.size).toBe(0);
});

test("work that is late is no longer waited for", async () => {
  const { clock, timers } = handClock();
  const asked = endsWithin(clock, 1_000, new Promise(() => undefined));
  for (const fire of timers) fire();
  expect(await asked).toBe(false);
});

test("work that fails in time fails for who waits, and calls its timer off", async () => {
  const { clock, timers } = handClock();
  await expect(endsWithin(clock, 1_000, Promise.reject(new Error("broken")))).rejects.toThrow("broken");
  expect(timers.size).toBe(0);
});
