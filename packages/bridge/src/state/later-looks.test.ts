import { expect, test } from "vitest";
import type { Clock } from "../core/clock.ts";
import { LaterLooks } from "./later-looks.ts";

/** Timers that go off when the test says so, in the order of their times. */
function timers(): { readonly clock: Clock; readonly goOff: () => boolean } {
  let now = 0;
  const due = new Map<object, { readonly at: number; readonly call: () => void }>();
  const after = (ms: number, call: () => void): (() => void) => {
    const key = {};
    due.set(key, { at: now + ms, call });
    return () => void due.delete(key);
  };
  const goOff = (): boolean => {
    const [next] = [...due].toSorted(([, a], [, b]) => a.at - b.at);
    if (next === undefined) return false;
    due.delete(next[0]);
    now = next[1].at;
    next[1].call();
    return true;
  };
  return { clock: { now: () => now, elapsed: () => now, after }, goOff };
}

test("a device that is expected is looked at twice, and not for ever", () => {
  const { clock, goOff } = timers();
  const looks: string[] = [];
  new LaterLooks(clock, (id) => void looks.push(`${id} ${clock.now()}`)).expect("a");
  while (goOff());
  expect(looks).toEqual(["a 1500", "a 10000"]);
});

test("expected again it is not looked at more often, and who is one too many is left to the sweep", () => {
  const { clock, goOff } = timers();
  const looks: string[] = [];
  const later = new LaterLooks(clock, (id) => void looks.push(id));
  for (let device = 0; device < 60; device++) later.expect(`d${device}`);
  for (let again = 0; again < 5; again++) later.expect("d0");
  while (goOff());
  expect(looks).toHaveLength(100);
  expect(looks.filter((id) => id === "d0")).toHaveLength(2);
  // And there is room again.
  later.expect("d59");
  while (goOff());
  expect(looks).toHaveLength(102);
});

test("nothing is looked at after the stop", () => {
  const { clock, goOff } = timers();
  const later = new LaterLooks(clock, () => expect.unreachable());
  later.expect("a");
  later.stop();
  expect(goOff()).toBe(false);
});
