import { expect, test } from "vitest";
import { LiveEvents } from "./live-events.ts";

function frame(n: number): string {
  return JSON.stringify({ id: `e${n}`, name: "temp" });
}

function flood(live: LiveEvents, from: number, count: number): void {
  for (let n = from; n < from + count; n++) live.take(frame(n));
}

const ids = (live: LiveEvents): readonly string[] => live.list.events.map(({ id }) => id);

test("what comes is shown newest first, at its turn", () => {
  const live = new LiveEvents();
  flood(live, 1, 2);
  expect(ids(live)).toEqual([]);
  expect(live.turn({ held: false })).toBe(true);
  flood(live, 3, 1);
  live.turn({ held: false });
  expect(ids(live)).toEqual(["e3", "e2", "e1"]);
  expect(live.turn({ held: false })).toBe(false);
});

test("of a flood the newest are shown and the others counted", () => {
  const live = new LiveEvents();
  flood(live, 1, 5_000);
  live.turn({ held: false });
  expect(ids(live)).toHaveLength(20);
  expect(ids(live)[0]).toBe("e5000");
  expect(live.list.leftOut).toBe(4_980);
});

test("the list keeps the newest 500 and counts no row that had been shown as left out", () => {
  const live = new LiveEvents();
  for (let turn = 0; turn < 50; turn++) {
    flood(live, turn * 20 + 1, 20);
    live.turn({ held: false });
  }
  expect(ids(live)).toHaveLength(500);
  expect(ids(live)[0]).toBe("e1000");
  expect(live.list.leftOut).toBe(0);
});

test("while it is held it counts what comes, and then shows the newest of that", () => {
  const live = new LiveEvents();
  flood(live, 1, 1);
  live.turn({ held: false });
  flood(live, 2, 700);
  expect(live.turn({ held: true })).toBe(true);
  expect(live.turn({ held: true })).toBe(false);
  expect(live.list).toMatchObject({ waiting: 700, leftOut: 0 });
  expect(ids(live)).toEqual(["e1"]);
  live.turn({ held: false });
  expect(ids(live)).toHaveLength(500);
  expect(ids(live)[0]).toBe("e701");
  expect(live.list).toMatchObject({ waiting: 0, leftOut: 200 });
});

test("a frame that is no JSON is nothing, and a cleared list is empty", () => {
  const live = new LiveEvents();
  live.take("{");
  live.take(frame(1));
  live.turn({ held: false });
  expect(ids(live)).toEqual(["e1"]);
  live.clear();
  expect(live.list).toEqual({ events: [], leftOut: 0, waiting: 0 });
});
