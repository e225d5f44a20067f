import { expect, test } from "vitest";
import type { PendingDelivery } from "../core/delivery.ts";
import type { Device } from "../core/device.ts";
import type { DeviceEvent } from "../core/device-event.ts";
import type { FeedEvent } from "../core/event-feed.ts";
import type { IncomingEvent } from "../core/accept.ts";
import type { EventLog } from "../core/delivery-queue.ts";
import { createAccept } from "./accept.ts";
import { AZURE_IOT_HUB_DEFAULTS } from "../core/integration.ts";
import { Matcher } from "./matcher.ts";

const NOW = 1_700_000_000_000;

const DEVICE: Device = {
  id: "d1",
  name: "boiler",
  ownerId: "a1",
  productId: 7,
  approval: "approved",
  firmwareVersion: 3,
  notes: null,
  lastHeard: null,
  createdAt: 0,
};

const INCOMING: IncomingEvent = { name: "temperature", data: "21.5", device: DEVICE, productId: null };

/** A log whose flush ends when the test says so. */
class HeldLog implements EventLog {
  readonly events: DeviceEvent[] = [];
  readonly prints: (readonly string[])[] = [];
  readonly seen = new Map<string, string>();
  readonly #held: { flush: () => void; fail: (error: Error) => void }[] = [];

  append(event: DeviceEvent, integrationIds: readonly string[]): Promise<readonly PendingDelivery[]> {
    this.events.push(event);
    const { deviceId } = event;
    return new Promise((resolve, reject) => {
      const flush = (): void =>
        resolve(
          deviceId === null
            ? []
            : integrationIds.map((integrationId, i) => ({
                id: i + 1,
                integrationId,
                seq: 1,
                attempts: 0,
                event: { ...event, deviceId },
              })),
        );
      this.#held.push({ flush, fail: reject });
    });
  }

  async appendOnce(
    event: DeviceEvent,
    integrationIds: readonly string[],
    prints: readonly string[],
  ): ReturnType<EventLog["appendOnce"]> {
    this.prints.push(prints);
    const firstId = prints.map((print) => this.seen.get(print)).find((id) => id !== undefined);
    if (firstId !== undefined) return { firstId };
    for (const print of prints) this.seen.set(print, event.id);
    return { deliveries: await this.append(event, integrationIds) };
  }

  flush(): void {
    for (const { flush } of this.#held.splice(0)) flush();
  }

  fail(error: Error): void {
    for (const { fail } of this.#held.splice(0)) fail(error);
  }
}

function underTest(maxWaiting = 10): {
  accept: ReturnType<typeof createAccept>;
  log: HeldLog;
  offered: (readonly PendingDelivery[])[];
  fed: FeedEvent[];
} {
  const log = new HeldLog();
  const offered: (readonly PendingDelivery[])[] = [];
  const fed: FeedEvent[] = [];
  const matcher = new Matcher();
  matcher.load([
    {
      ...AZURE_IOT_HUB_DEFAULTS,
      id: "i1",
      type: "AzureIotHub",
      scope: { kind: "product", productId: 7 },
      event: "temp",
      deviceId: null,
      name: "n",
      hubName: "h",
      policyName: "p",
      connectionId: "c",
      dailyCap: null,
      disabled: false,
      createdAt: 0,
      updatedAt: 0,
    },
  ]);
  const feed = { publish: (event: FeedEvent) => void fed.push(event) };
  const onAccepted = (deliveries: readonly PendingDelivery[]): void => void offered.push(deliveries);
  const accept = createAccept({ matcher, log, onAccepted, feed, maxWaiting, now: () => NOW });
  return { accept, log, offered, fed };
}

/** Whether a promise has settled once everything that could happen now has happened. */
async function isSettled(promise: Promise<unknown>): Promise<boolean> {
  let settled = false;
  void promise.finally(() => (settled = true));
  await new Promise((resolve) => setImmediate(resolve));
  return settled;
}

test("the answer comes after the flush, and the dispatcher hears of it then", async () => {
  const { accept, log, offered } = underTest();
  const answer = accept(INCOMING);
  expect(await isSettled(answer)).toBe(false);
  expect(offered).toEqual([]);
  log.flush();
  expect(await answer).toMatchObject({ kind: "accepted", matches: 1, event: log.events[0] });
  expect(offered).toMatchObject([[{ integrationId: "i1", event: { deviceId: "d1" } }]]);
});

test("the event carries what is known of its device and its times", async () => {
  const { accept, log } = underTest();
  const answers = [
    accept(INCOMING),
    accept({ ...INCOMING, productId: 8, contentType: "application/json", publishedAt: 5 }),
    accept({ ...INCOMING, device: null }),
  ];
  log.flush();
  await Promise.all(answers);
  const [plain, told, deviceless] = log.events;
  expect(plain).toEqual({
    id: plain!.id,
    name: "temperature",
    data: "21.5",
    contentType: "text/plain;charset=utf-8",
    deviceId: "d1",
    productId: 7,
    firmwareVersion: 3,
    publishedAt: NOW,
    receivedAt: NOW,
  });
  expect(told).toMatchObject({ productId: 8, contentType: "application/json", publishedAt: 5, receivedAt: NOW });
  expect(deviceless).toMatchObject({ deviceId: null, productId: null, firmwareVersion: null });
  expect(new Set(log.events.map((event) => event.id)).size).toBe(3);
});

test("an event that matches nothing is accepted, and nobody is told", async () => {
  const { accept, log, offered } = underTest();
  const answer = accept({ ...INCOMING, name: "humidity" });
  log.flush();
  expect(await answer).toMatchObject({ kind: "accepted", matches: 0 });
  expect(offered).toEqual([]);
});

test("a fault is answered at once and nothing is stored", async () => {
  const { accept, log, offered } = underTest(0);
  expect(await accept({ ...INCOMING, name: "" })).toMatchObject({ kind: "fault", fault: { field: "name" } });
  expect(await accept({ ...INCOMING, data: "x".repeat(1025) })).toMatchObject({
    kind: "fault",
    fault: { field: "data" },
  });
  expect(log.events).toEqual([]);
  expect(offered).toEqual([]);
});

test("beyond the number that may wait publishers are told to come back; room comes back with the flush", async () => {
  const { accept, log } = underTest(2);
  const waiting = [accept(INCOMING), accept(INCOMING)];
  expect(await accept(INCOMING)).toMatchObject({ kind: "unavailable", retryAfterSeconds: 1 });
  expect(log.events.length).toBe(2);
  log.flush();
  expect((await Promise.all(waiting)).map((answer) => answer.kind)).toEqual(["accepted", "accepted"]);
  const next = accept(INCOMING);
  log.flush();
  expect((await next).kind).toBe("accepted");
});

test("a store that cannot take events now makes the answer unavailable, and takes no room from later ones", async () => {
  const { accept, log, offered } = underTest(1);
  for (let i = 0; i < 3; i++) {
    const answer = accept(INCOMING);
    log.fail(Object.assign(new Error("The disk is full."), { code: "store_unavailable" }));
    expect(await answer).toMatchObject({ kind: "unavailable", retryAfterSeconds: 5 });
  }
  expect(offered).toEqual([]);
  const answer = accept(INCOMING);
  log.flush();
  expect((await answer).kind).toBe("accepted");
});

test("a defect is not passed off as trouble with the disk", async () => {
  const { accept, log } = underTest(1);
  const answer = accept(INCOMING);
  log.fail(new TypeError("not a function"));
  await expect(answer).rejects.toThrow(TypeError);
});

test("who listens hears of an event after the flush, told whose it is", async () => {
  const { accept, log, fed } = underTest();
  const answers = [
    accept(INCOMING),
    accept({ ...INCOMING, device: { ...DEVICE, approval: "quarantined" } }),
    accept({ ...INCOMING, device: null, accountId: "a2" }),
    accept({ ...INCOMING, device: null, productId: 9 }),
  ];
  expect(fed).toEqual([]);
  log.flush();
  const events = (await Promise.all(answers)).map((answer) => (answer.kind === "accepted" ? answer.event : null));
  expect(events.map((event) => event?.accountId)).toEqual([undefined, undefined, "a2", undefined]);
  expect(fed).toEqual([
    { event: events[0], ownerId: "a1", productId: 7, coreid: "d1", deviceName: "boiler" },
    { event: events[1], ownerId: "a1", productId: null, coreid: "d1", deviceName: "boiler" },
    { event: events[2], ownerId: "a2", productId: null, coreid: "api", deviceName: null },
    { event: events[3], ownerId: null, productId: 9, coreid: "api", deviceName: null },
  ]);
});

test("nobody hears of an event that was not stored", async () => {
  const { accept, log, fed } = underTest();
  const answer = accept(INCOMING);
  log.fail(Object.assign(new Error("The disk is full."), { code: "store_unavailable" }));
  await answer;
  await accept({ ...INCOMING, name: "" });
  expect(fed).toEqual([]);
});

test("an event that comes again under its key is answered with the first one's id, and nobody is told", async () => {
  const { accept, log, offered } = underTest();
  const first = accept({ ...INCOMING, dedupeKey: "n1" });
  log.flush();
  const answer = await first;
  expect(answer).toMatchObject({ kind: "accepted", matches: 1 });
  expect(answer).not.toHaveProperty("repeated");
  const again = await accept({ ...INCOMING, dedupeKey: ["other", "n1"] });
  expect(again).toMatchObject({ kind: "accepted", matches: 0, repeated: true, event: { id: log.events[0]!.id } });
  expect(log.events).toHaveLength(1);
  expect(offered).toHaveLength(1);
});

test("a key counts within its device, owner and product: nobody hides somebody else's event", async () => {
  const { accept, log } = underTest();
  const devices: readonly (Device | null)[] = [
    DEVICE,
    { ...DEVICE, id: "d2" },
    { ...DEVICE, ownerId: "a2" },
    { ...DEVICE, productId: 8 },
    null,
  ];
  const answers = devices.map((device) => accept({ ...INCOMING, device, dedupeKey: "n1" }));
  answers.push(accept({ ...INCOMING, device: null, productId: 8, dedupeKey: "n1" }));
  log.flush();
  for (const answer of await Promise.all(answers)) expect(answer).not.toHaveProperty("repeated");
  expect(new Set(log.prints.flat()).size).toBe(6);
  for (const print of log.prints.flat()) expect(print).toMatch(/^[\w-]{22}$/);
});

test("under a key the event's id follows from key and time, so that it is the same when the key was forgotten", async () => {
  const { accept, log } = underTest();
  const keyed = { ...INCOMING, dedupeKey: "n1", publishedAt: NOW - 5 };
  const answers = [accept(keyed)];
  log.seen.clear();
  answers.push(accept(keyed), accept({ ...keyed, dedupeKey: "n2" }));
  log.flush();
  await Promise.all(answers);
  const [first, again, other] = log.events.map(({ id }) => id);
  expect(first).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(again).toBe(first);
  expect(other).not.toBe(first);
});

test("what another device cloud has judged may be its own, longer, and of another firmware", async () => {
  const { accept, log } = underTest();
  const data = "x".repeat(20_000);
  const system = { ...INCOMING, name: "spark/status", data, firmwareVersion: 9 } as const;
  expect(await accept(system)).toMatchObject({ kind: "fault", fault: { field: "name" } });
  const answer = accept({ ...system, fromDeviceCloud: true });
  log.flush();
  expect(await answer).toMatchObject({ kind: "accepted", event: { firmwareVersion: 9, data } });
  expect(await accept({ ...system, data: data + data, fromDeviceCloud: true })).toMatchObject({ kind: "fault" });
});
