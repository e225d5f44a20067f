import { expect, test } from "vitest";
import { LaneQueue } from "./lane-queue.ts";
import { Lane } from "./lane.ts";

const lanes = (integrationId: string, count: number): Lane[] =>
  Array.from({ length: count }, (_, i) => new Lane(integrationId, `${integrationId}${i}`, false));

function takeAll(queue: LaneQueue): string[] {
  const taken: string[] = [];
  for (let lane = queue.take(); lane !== undefined; lane = queue.take()) taken.push(lane.deviceId);
  return taken;
}

test("integrations take turns, and each one's lanes keep their order", () => {
  const queue = new LaneQueue();
  for (const lane of [...lanes("a", 4), ...lanes("b", 2)]) queue.push(lane);
  expect(queue.size).toBe(6);
  expect(takeAll(queue)).toEqual(["a0", "b0", "a1", "b1", "a2", "a3"]);
  expect(queue.size).toBe(0);
});

test("who comes later waits for no more than one lane of each other integration", () => {
  const queue = new LaneQueue();
  for (const lane of lanes("fleet", 5_000)) queue.push(lane);
  for (let i = 0; i < 1_500; i += 1) queue.take();
  queue.push(lanes("few", 1)[0]!);
  expect([queue.take()!.deviceId, queue.take()!.deviceId]).toEqual(["fleet1500", "few0"]);
  expect(takeAll(queue)).toHaveLength(5_000 - 1_501);
});

test("the lanes of one integration can be taken out, and new ones come in again", () => {
  const queue = new LaneQueue();
  for (const lane of [...lanes("a", 3), ...lanes("b", 2)]) queue.push(lane);
  queue.take();
  expect(queue.drain("a").map(({ deviceId }) => deviceId)).toEqual(["a1", "a2"]);
  expect(queue.drain("nobody")).toEqual([]);
  expect(queue.size).toBe(2);
  queue.push(lanes("a", 1)[0]!);
  expect(takeAll(queue)).toEqual(["b0", "a0", "b1"]);
});
