import { expect, test } from "vitest";
import type { Source } from "../../core/source.ts";
import type { CloudEvent, IntakeResult } from "../cloud-intake.ts";
import { takeInOrder } from "./ordered-intake.ts";

const SOURCE = { id: "s" } as Source;
const event = (coreid: string, data: number): CloudEvent => ({
  name: "t",
  data: String(data),
  coreid,
  publishedAt: null,
  eventId: null,
  firmwareVersion: null,
});
const OK: IntakeResult = { kind: "accepted", id: "e", repeated: false };
const FULL: IntakeResult = { kind: "unavailable", message: "full", retryAfterSeconds: 5 };

test("each device's events are stored one after the other, different devices' together", async () => {
  const stored: string[] = [];
  let underWay = 0;
  let most = 0;
  const events = [event("a", 1), event("b", 1), event("c", 1), event("a", 2), event("b", 2), event("a", 3)];
  const results: IntakeResult[] = [];
  const taken = await takeInOrder(SOURCE, events, {
    intake: async (_source, { coreid, data }) => {
      underWay += 1;
      most = Math.max(most, underWay);
      // The later, the sooner: only waiting keeps the order.
      for (let turns = 10 - Number(data) * 3; turns > 0; turns--) await Promise.resolve();
      stored.push(`${coreid}${data}`);
      underWay -= 1;
      return OK;
    },
    onResult: async (result) => void results.push(result),
    onUnavailable: async () => false,
  });
  expect(taken).toBe(true);
  expect(most).toBe(3);
  expect(results).toHaveLength(6);
  for (const device of ["a", "b", "c"]) {
    const own = stored.filter((one) => one.startsWith(device));
    expect(own).toEqual(own.toSorted((x, y) => x.localeCompare(y)));
  }
});

test("what the store cannot take is tried again before anything later", async () => {
  const stored: string[] = [];
  const waits: number[] = [];
  let refusals = 3;
  const events = [event("a", 1), event("b", 1), event("a", 2)];
  await takeInOrder(SOURCE, events, {
    intake: async (_source, { coreid, data }) => {
      if (coreid === "a" && refusals-- > 0) return FULL;
      stored.push(`${coreid}${data}`);
      return OK;
    },
    onResult: async () => undefined,
    onUnavailable: async (seconds) => (waits.push(seconds), true),
  });
  expect(stored).toEqual(["b1", "a1", "a2"]);
  expect(waits).toEqual([5, 5, 5]);
});

test("giving up leaves the rest", async () => {
  const taken = await takeInOrder(SOURCE, [event("a", 1), event("a", 2)], {
    intake: async () => FULL,
    onResult: async () => undefined,
    onUnavailable: async () => false,
  });
  expect(taken).toBe(false);
});
