import fc from "fast-check";
import { expect, test } from "vitest";
import { HubClock } from "./clock.ts";

/** A clock over a base that stands still until told. */
function standing(start = 1_000): { readonly clock: HubClock; tick(ms: number): void } {
  let base = start;
  return { clock: new HubClock(() => base), tick: (ms) => void (base += ms) };
}

test("it runs with the clock below", () => {
  const { clock, tick } = standing();
  tick(5);
  expect(clock.now()).toBe(1_005);
});

test("an advance runs what became due in the order of its time, each at its time", () => {
  const { clock } = standing();
  const ran: [string, number][] = [];
  const note = (name: string) => () => void ran.push([name, clock.now()]);
  clock.at(1_300, note("c"));
  clock.at(1_100, note("a"));
  clock.at(1_100, note("b"));
  clock.at(1_501, note("later"));
  clock.advance(500);
  expect(ran).toEqual([
    ["a", 1_100],
    ["b", 1_100],
    ["c", 1_300],
  ]);
  expect(clock.now()).toBe(1_500);
  clock.close();
});

test("work that schedules its next turn is followed through a jump, but not for ever", () => {
  const { clock } = standing(0);
  let turns = 0;
  const turn = (): void => {
    turns++;
    clock.at(clock.now() + 60_000, turn);
  };
  clock.at(60_000, turn);
  clock.advance(3600_000);
  expect(turns).toBe(60);
  clock.advance(1000 * 365 * 24 * 3600_000);
  expect(turns).toBeLessThan(10_100);
  clock.close();
});

test("what is cancelled does not run, even when the one before it in the same jump cancels it", () => {
  const { clock } = standing();
  const ran: string[] = [];
  const cancelB = clock.at(1_001, () => ran.push("b"));
  clock.at(1_000, () => {
    ran.push("a");
    cancelB();
  });
  clock.at(1_002, () => ran.push("c"));
  cancelB();
  clock.advance(10);
  cancelB();
  expect(ran).toEqual(["a", "c"]);
});

test("frozen it stands still and can still be advanced; resumed it runs on from there", () => {
  const { clock, tick } = standing();
  clock.freeze();
  tick(100);
  expect([clock.frozen, clock.now()]).toEqual([true, 1_000]);
  clock.advance(50);
  clock.resume();
  tick(7);
  expect([clock.frozen, clock.now()]).toEqual([false, 1_057]);
});

test("it never goes back, nor past the last date there is", () => {
  const { clock } = standing();
  for (const ms of [-1, Number.NaN, Number.POSITIVE_INFINITY, 9e15]) {
    expect(() => clock.advance(ms)).toThrow(/moved ahead/);
  }
  expect(clock.now()).toBe(1_000);
});

test("listeners hear of a jump when everything due has run", () => {
  const { clock } = standing();
  const heard: string[] = [];
  clock.at(1_010, () => heard.push("due"));
  const stop = clock.onJump(() => heard.push("jump"));
  clock.advance(20);
  stop();
  clock.advance(20);
  expect(heard).toEqual(["due", "jump"]);
});

test("in real time what is due runs by itself, the nearest first", async () => {
  const clock = new HubClock();
  const ran: string[] = [];
  await new Promise<void>((resolve) => {
    clock.at(clock.now() + 20, () => {
      ran.push("late");
      resolve();
    });
    clock.at(clock.now() + 5, () => ran.push("early"));
    clock.at(clock.now() - 5, () => ran.push("past"));
    expect(ran).toEqual([]);
  });
  expect(ran).toEqual(["past", "early", "late"]);
  clock.close();
});

test("whatever is added and cancelled, the rest runs in order and once", () => {
  const entry = fc.record({ at: fc.integer({ min: 0, max: 50 }), cancelled: fc.boolean() });
  fc.assert(
    fc.property(fc.array(entry, { maxLength: 40 }), (entries) => {
      const { clock } = standing(0);
      const ran: number[] = [];
      const cancels = entries.map(({ at }, i) => clock.at(at, () => ran.push(i)));
      for (const [i, { cancelled }] of entries.entries()) if (cancelled) cancels[i]?.();
      clock.advance(100);
      clock.close();
      const expected = entries
        .map(({ at, cancelled }, i) => ({ at, cancelled, i }))
        .filter(({ cancelled }) => !cancelled)
        .toSorted((a, b) => a.at - b.at || a.i - b.i);
      expect(ran).toEqual(expected.map(({ i }) => i));
    }),
  );
});
