import { expect, test } from "vitest";
import type { PendingDelivery } from "../core/delivery.ts";
import { Lane, LANE_WINDOW } from "./lane.ts";
import { aDelivery } from "./testing/examples.ts";

const at = (seq: number): PendingDelivery => aDelivery({ id: 100 + seq, seq });
const newLane = (more = false): Lane => new Lane("integration", "device", more);

/** Sends all that the window holds. */
function drained(lane: Lane): number[] {
  const seqs: number[] = [];
  for (let delivery = lane.first; delivery !== undefined; delivery = lane.first) {
    seqs.push(delivery.seq);
    lane.done(delivery);
  }
  return seqs;
}

test("a lane hands out what it was offered, in order", () => {
  const lane = newLane();
  for (const seq of [1, 2, 3]) lane.offer(at(seq), true);
  expect(drained(lane)).toEqual([1, 2, 3]);
  expect(lane.isEmpty).toBe(true);
});

test("once something stayed in the store, everything later stays there until the store is read", () => {
  const lane = newLane();
  lane.offer(at(1), true);
  lane.offer(at(2), false);
  lane.offer(at(3), true);
  expect(drained(lane)).toEqual([1]);
  expect(lane.isEmpty).toBe(false);
  lane.beginFill();
  lane.fill([at(2), at(3)], false);
  expect(drained(lane)).toEqual([2, 3]);
  expect(lane.isEmpty).toBe(true);
});

test("a lane holds no more than its window", () => {
  const lane = newLane();
  for (let seq = 1; seq <= LANE_WINDOW + 5; seq += 1) lane.offer(at(seq), true);
  expect(lane.held).toBe(LANE_WINDOW);
  expect(lane.more).toBe(true);
});

test("what a page has brought is not taken again when its offer comes after it", () => {
  const lane = newLane(true);
  lane.beginFill();
  lane.fill([at(1), at(2)], false);
  lane.offer(at(2), true);
  lane.offer(at(3), true);
  expect(drained(lane)).toEqual([1, 2, 3]);
});

test("what was offered while the store was read and is not on the page is read next", () => {
  const lane = newLane(true);
  lane.beginFill();
  lane.offer(at(2), true);
  lane.fill([at(1)], false);
  expect(drained(lane)).toEqual([1]);
  expect(lane.isEmpty).toBe(false);
});

test("what was offered while the store was read and is on the page needs no other reading", () => {
  const lane = newLane(true);
  lane.beginFill();
  lane.offer(at(1), true);
  lane.fill([at(1)], false);
  expect(drained(lane)).toEqual([1]);
  expect(lane.isEmpty).toBe(true);
});

test("a change of the store that a page may have missed is read again", () => {
  const lane = newLane(true);
  lane.beginFill();
  lane.giveBack(0);
  lane.fill([], false);
  expect(lane.isEmpty).toBe(false);
});

test("a lane that gives back keeps only what is under way", () => {
  const lane = newLane();
  for (const seq of [1, 2, 3]) lane.offer(at(seq), true);
  lane.giveBack(1);
  expect(drained(lane)).toEqual([1]);
  expect(lane.more).toBe(true);
});

test("only the delivery that was settled leaves the window", () => {
  const lane = newLane();
  lane.offer(at(2), true);
  lane.done(at(1));
  expect(lane.first?.seq).toBe(2);
});
