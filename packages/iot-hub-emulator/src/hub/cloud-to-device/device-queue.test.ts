import { copyFile, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeviceMessage } from "iot-hub-protocol";
import { expect, test } from "vitest";
import { Hub } from "../hub.ts";
import type { HubOptions } from "../hub-options.ts";

async function open(options: Partial<HubOptions> = {}): Promise<Hub> {
  const hub = await Hub.open({ encodeEvent: ({ body }) => Buffer.from(body), ...options });
  if (hub.registry.find("d") === undefined) await hub.registry.create("d", {});
  return hub;
}

function command(text: string, rest: Partial<DeviceMessage> = {}): DeviceMessage {
  return { body: Buffer.from(text), properties: new Map([["k", "v"]]), messageId: text, ...rest };
}

/** Statuses and message ids of all feedback that waits. */
function feedbackOf(hub: Hub): readonly string[] {
  const told: string[] = [];
  for (let batch = hub.feedback.receive(); batch !== undefined; batch = hub.feedback.receive()) {
    const records = JSON.parse(batch.body.toString()) as { statusCode: string; originalMessageId: string }[];
    told.push(...records.map(({ statusCode, originalMessageId }) => `${statusCode} ${originalMessageId}`));
  }
  return told;
}

test("messages come in their order, one lock each, and are gone when completed", async () => {
  const hub = await open();
  const { deviceQueues: queues } = hub;
  for (const text of ["one", "two"]) await queues.enqueue("d", command(text));
  const [first, second] = [queues.receive("d"), queues.receive("d")];
  expect([first?.message.messageId, second?.message.messageId]).toEqual(["one", "two"]);
  expect(queues.receive("d")).toBeUndefined();
  expect(queues.count("d")).toBe(2);
  await queues.complete("d", first?.lockToken ?? "");
  await expect(queues.complete("d", first?.lockToken ?? "")).rejects.toMatchObject({
    errorName: "DeviceMessageLockLost",
    errorCode: 412002,
  });
  // What comes back keeps its place before newer ones.
  await queues.enqueue("d", command("three"));
  await queues.abandon("d", second?.lockToken ?? "");
  expect(queues.receive("d")).toMatchObject({ deliveryCount: 1, message: { messageId: "two" } });
  await hub.close();
});

test("ten abandons end a message, a connection's death does not count", async () => {
  const hub = await open();
  const { deviceQueues: queues } = hub;
  await queues.enqueue("d", command("m"));
  let woken = 0;
  queues.onAvailable("d", () => woken++);
  for (let i = 0; i < 20; i++) {
    queues.release("d", [queues.receive("d", { lockMs: "connection" })?.lockToken ?? "", "unknown"]);
  }
  expect(woken).toBe(20);
  for (let i = 0; i < 10; i++) {
    const message = queues.receive("d");
    expect(message?.deliveryCount).toBe(i);
    await queues.abandon("d", message?.lockToken ?? "");
  }
  expect(queues.receive("d")).toBeUndefined();
  expect(queues.count("d")).toBe(0);
  await hub.close();
});

test("the fifty-first message, a large one and a wrong one are refused", async () => {
  const hub = await open();
  const { deviceQueues: queues } = hub;
  const refusal = (message: DeviceMessage, deviceId = "d"): Promise<unknown> =>
    queues.enqueue(deviceId, message).then(
      () => undefined,
      (error: { errorName: string }) => error.errorName,
    );
  expect(await refusal(command("m", { body: Buffer.alloc(65_537) }))).toBe("MessageTooLarge");
  expect(await refusal(command("m".repeat(129)))).toBe("ArgumentInvalid");
  expect(await refusal(command("m", { ack: "maybe" }))).toBe("ArgumentInvalid");
  expect(await refusal(command("m", { ack: "constructor" }))).toBe("ArgumentInvalid");
  expect(await refusal(command("m", { absoluteExpiryTime: Date.now() + 3 * 86_400_000 }))).toBe(
    "InvalidMessageExpiryTime",
  );
  expect(await refusal(command("m"), "nobody")).toBe("DeviceNotFound");
  expect(queues.count("d")).toBe(0);
  for (let i = 0; i < 50; i++) await queues.enqueue("d", command(String(i)));
  queues.receive("d");
  expect(await refusal(command("m"))).toBe("DeviceMaximumQueueDepthExceeded");
  await hub.close();
});

test("what is queued, how often it came back, and feedback not yet told survive in a folder", async () => {
  const folder = await mkdtemp(join(tmpdir(), "queue-"));
  try {
    const first = await open({ folder });
    await first.registry.create("gone", {});
    for (const text of ["one", "two", "three"]) await first.deviceQueues.enqueue("d", command(text, { ack: "full" }));
    await first.deviceQueues.enqueue("gone", command("lost"));
    await first.registry.delete("gone");
    const lock = (): string => first.deviceQueues.receive("d")?.lockToken ?? "";
    await first.deviceQueues.abandon("d", lock());
    const locks = [lock(), lock(), lock()];
    await first.deviceQueues.complete("d", locks[1] ?? "");
    await first.close();
    const second = await open({ folder });
    expect(second.deviceQueues.count("d")).toBe(2);
    expect(second.deviceQueues.receive("d")).toMatchObject({
      deliveryCount: 1,
      message: { ...command("one", { ack: "full" }), properties: new Map([["k", "v"]]) },
    });
    const third = second.deviceQueues.receive("d");
    await second.registry.create("gone", {});
    expect(second.deviceQueues.count("gone")).toBe(0);
    await second.deviceQueues.enqueue("d", command("four"));
    expect(second.deviceQueues.receive("d")?.sequenceNumber).toBeGreaterThan(third?.sequenceNumber ?? Infinity);
    // 63 more endings fill the batch that began before the restart.
    for (let i = 0; i < 63; i++) {
      await second.deviceQueues.enqueue("gone", command(`m${i}`, { ack: "positive" }));
      await second.deviceQueues.complete("gone", second.deviceQueues.receive("gone")?.lockToken ?? "");
    }
    const told = feedbackOf(second);
    expect(told).toHaveLength(64);
    expect(told[0]).toBe("Success two");
    await second.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a message expires at its time, by default after an hour, and its sender hears of it", async () => {
  const hub = await open();
  hub.clock.freeze();
  const { deviceQueues: queues } = hub;
  await queues.enqueue("d", command("default", { ack: "negative" }));
  await queues.enqueue("d", command("short", { ack: "full", absoluteExpiryTime: hub.now() + 60_000 }));
  await queues.enqueue("d", command("past", { ack: "full", absoluteExpiryTime: hub.now() - 1 }));
  await queues.enqueue("d", command("dated 0001", { ack: "full", absoluteExpiryTime: Date.parse("0001-01-01") }));
  await queues.enqueue("d", command("unheard", { ack: "positive", absoluteExpiryTime: hub.now() + 1 }));
  hub.clock.advance(60_000);
  expect(queues.count("d")).toBe(2);
  expect(feedbackOf(hub)).toEqual(["Expired past"]);
  hub.clock.advance(3_540_000);
  expect(queues.count("d")).toBe(0);
  hub.clock.advance(15_000);
  expect(feedbackOf(hub)).toEqual(["Expired short", "Expired default", "Expired dated 0001"]);
  await hub.close();
});

test("a message that a connection holds does not expire under it, but as soon as it comes back", async () => {
  const hub = await open();
  const { deviceQueues: queues } = hub;
  for (const text of ["kept", "lost"]) await queues.enqueue("d", command(text, { ack: "full" }));
  const [kept, lost] = [queues.receive("d", { lockMs: "connection" }), queues.receive("d", { lockMs: "connection" })];
  hub.clock.advance(2 * 3_600_000);
  await queues.complete("d", kept?.lockToken ?? "");
  queues.release("d", [lost?.lockToken ?? ""]);
  expect(queues.receive("d")).toBeUndefined();
  hub.clock.advance(15_000);
  expect(feedbackOf(hub)).toEqual(["Success kept", "Expired lost"]);
  await hub.close();
});

test("deliveries in vain are limited as set, by abandons and by locks that ran out", async () => {
  const hub = await open({ maxDeliveryCount: 2 });
  const { deviceQueues: queues } = hub;
  await queues.enqueue("d", command("m", { ack: "negative" }));
  queues.receive("d");
  hub.clock.advance(60_000);
  const again = queues.receive("d", { lockMs: 5_000 });
  expect(again?.deliveryCount).toBe(1);
  await queues.abandon("d", again?.lockToken ?? "");
  expect(queues.count("d")).toBe(0);
  hub.clock.advance(15_000);
  expect(feedbackOf(hub)).toEqual(["DeliveryCountExceeded m"]);
  await hub.close();
});

test("what was queued is in the file before its sender hears of it", async () => {
  const [folder, copy] = [await mkdtemp(join(tmpdir(), "queue-")), await mkdtemp(join(tmpdir(), "queue-"))];
  try {
    const hub = await open({ folder });
    await hub.deviceQueues.enqueue("d", command("m"));
    // As a process that is killed now would leave it.
    await copyFile(join(folder, "journal.jsonl"), join(copy, "journal.jsonl"));
    await hub.close();
    const survivor = await open({ folder: copy });
    expect(survivor.deviceQueues.receive("d")?.message.messageId).toBe("m");
    await survivor.close();
  } finally {
    for (const path of [folder, copy]) await rm(path, { recursive: true });
  }
});

test("the registry shows how many messages wait for a device", async () => {
  const hub = await open();
  await hub.deviceQueues.enqueue("d", command("m"));
  expect(hub.registry.format(hub.registry.get("d"))).toMatchObject({ cloudToDeviceMessageCount: 1 });
  await hub.close();
});
