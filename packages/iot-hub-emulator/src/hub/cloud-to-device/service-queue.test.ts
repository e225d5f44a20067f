import { expect, test } from "vitest";
import { HubClock } from "../clock/clock.ts";
import { createMemoryJournal } from "../journal/journal.ts";
import { Sequence } from "./sequence.ts";
import { ServiceQueue } from "./service-queue.ts";

/** A queue in memory, at its own pace. */
function make(maxBytes?: number): { readonly queue: ServiceQueue; readonly clock: HubClock } {
  const journal = createMemoryJournal();
  const clock = new HubClock();
  clock.freeze();
  const options = { journal, clock, sequence: new Sequence(journal), name: "q", contentType: "text/json" };
  return { queue: new ServiceQueue(maxBytes === undefined ? options : { ...options, maxBytes }), clock };
}

/** All that can be received now. */
function drain(queue: ServiceQueue): readonly unknown[] {
  const documents: unknown[] = [];
  for (let next = queue.receive(); next !== undefined; next = queue.receive()) {
    documents.push(JSON.parse(next.body.toString()));
  }
  return documents;
}

test("a document is received, completed and gone; given back, it comes first again", async () => {
  const { queue } = make();
  let woken = 0;
  const stop = queue.onAvailable(() => woken++);
  for (const document of ["a", "b"]) queue.add(document);
  const first = queue.receive({ lockMs: "connection" });
  expect(first).toMatchObject({ deliveryCount: 0, contentType: "text/json" });
  queue.release([first?.lockToken ?? ""]);
  const again = queue.receive();
  expect([again?.body.toString(), again?.deliveryCount]).toEqual(['"a"', 0]);
  await queue.abandon(again?.lockToken ?? "");
  const last = queue.receive();
  expect([last?.body.toString(), last?.deliveryCount]).toEqual(['"a"', 1]);
  await queue.complete(last?.lockToken ?? "");
  await expect(queue.complete(last?.lockToken ?? "")).rejects.toMatchObject({ errorName: "DeviceMessageLockLost" });
  expect(woken).toBe(4);
  stop();
  queue.add("c");
  expect(woken).toBe(4);
  expect(drain(queue)).toEqual(["b", "c"]);
});

test("without a receiver documents expire after an hour, and the oldest make room for the newest", () => {
  const { queue, clock } = make(100);
  for (let i = 0; i < 1_000; i++) queue.add(`document ${i}`);
  expect(queue.count).toBe(7);
  expect(drain(queue)).toEqual([993, 994, 995, 996, 997, 998, 999].map((i) => `document ${i}`));
  clock.advance(59_999);
  expect(queue.receive()).toBeUndefined();
  clock.advance(1);
  expect(drain(queue)).toHaveLength(7);
  clock.advance(3_600_000);
  expect(queue.count).toBe(0);
});
