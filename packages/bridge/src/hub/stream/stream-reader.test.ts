/** The Local Hub's stream read durably: stopped, cut, made anew, and by takers that are slow or fail. */
import { expect, onTestFinished, test } from "vitest";
import type { Emulator, FaultPlace } from "iot-hub-emulator";
import type { Failure } from "../../core/failure.ts";
import type { StreamEvent, StreamOptions, StreamPosition, TwinHub } from "../../core/twin-hub.ts";
import type { HubEndpoint } from "../../core/hub-client.ts";
import type { HubConnection } from "../../core/integration.ts";
import { startEventHub } from "../testing/event-hub-stand-in.ts";
import { CONNECTION, SILENT_LOG } from "../testing/hub-under-test.ts";
import { createTwinHubs } from "../twins/twin-hubs.ts";
import type { StreamTimes } from "./stream-reader.ts";
import { startTwinsUnderTest, valueOf } from "../testing/twins-under-test.ts";
import type { TwinsUnderTest } from "../testing/twins-under-test.ts";

const QUICK = { reading: { backoff: { firstMs: 20, maxMs: 200 }, lookAfter: 50, confirmAfter: 20 } };
const BY_KEY = { scope: "device", type: "sas" } as const;

interface Reading {
  readonly events: StreamEvent[];
  readonly troubles: (Failure | null)[];
  readonly restarted: string[];
  /** By partition: how many events wait in the hub. */
  readonly behind: Map<string, number>;
  readonly expired: number[];
  /** By partition: the last that was taken. */
  readonly positions: Map<string, StreamPosition>;
  /** Everything is being read. */
  opened(): Promise<void>;
  stop(): Promise<void>;
}

function startReading(hub: TwinHub, options: Partial<StreamOptions> = {}): Reading {
  const stop = new AbortController();
  const reading: Omit<Reading, "opened" | "stop"> = {
    events: [],
    troubles: [],
    restarted: [],
    behind: new Map(),
    expired: [],
    positions: new Map(),
  };
  const take = options.onEvents ?? (() => Promise.resolve());
  const done = hub.read({
    consumerGroup: "$Default",
    endpoint: null,
    after: new Map(),
    since: 0,
    onTrouble: (failure) => reading.troubles.push(failure),
    onRestarted: (partitionId) => reading.restarted.push(partitionId),
    onBehind: (partitionId, events) => reading.behind.set(partitionId, events),
    onExpired: (_, events) => reading.expired.push(events),
    signal: stop.signal,
    ...options,
    onEvents: async (events) => {
      await take(events);
      reading.events.push(...events);
      for (const { partitionId, offset, sequenceNumber } of events)
        reading.positions.set(partitionId, { offset, sequenceNumber });
    },
  });
  const ended = async (): Promise<void> => {
    stop.abort();
    await done;
  };
  onTestFinished(ended);
  return {
    ...reading,
    stop: ended,
    opened: async () => expect.poll(() => reading.troubles.at(-1)).toBeNull(),
  };
}

/** Sends as the device would, numbered from `first` on. */
async function send(emulator: Emulator, deviceId: string, count: number, first = 0): Promise<void> {
  const { registry } = emulator.hub;
  const identity = registry.find(deviceId) ?? (await registry.create(deviceId, {}));
  const messages = Array.from({ length: count }, (_, i) => ({
    body: Buffer.from(JSON.stringify({ n: first + i })),
    properties: new Map([["unit", "C"]]),
  }));
  for (let at = 0; at < count; at += 100) {
    await emulator.hub.acceptTelemetry(identity, messages.slice(at, at + 100), BY_KEY);
  }
}

function numbersOf({ events }: Reading, deviceId: string): readonly unknown[] {
  return events.filter((event) => event.deviceId === deviceId).map(({ json }) => (json as { n: unknown }).n);
}

function upTo(count: number, first = 0): readonly number[] {
  return Array.from({ length: count }, (_, i) => first + i);
}

test("messages of all devices are read, each in its order, with all that tells what they are", async () => {
  const { hub, emulator } = await startTwinsUnderTest();
  const reading = startReading(hub);
  await reading.opened();
  const devices = ["d1", "d2", "d3", "d4", "d5", "d6"];
  for (const device of devices) await send(emulator, device, 40);
  await expect.poll(() => reading.events.length).toBe(240);
  for (const device of devices) expect(numbersOf(reading, device)).toEqual(upTo(40));
  const [event] = reading.events.filter(({ deviceId }) => deviceId === "d1");
  expect(event).toMatchObject({
    source: "Telemetry",
    generationId: emulator.hub.registry.get("d1").generationId,
    json: { n: 0 },
    properties: { unit: "C" },
    enqueuedTime: expect.any(Number) as number,
  });
  expect(new Set(reading.events.map(({ partitionId }) => partitionId)).size).toBeGreaterThan(1);
  await reading.opened();
  expect(reading.troubles).toEqual([null]);
});

test("a body that is no JSON is told as such, and a message that claims another sender is its own device's", async () => {
  const { hub, emulator } = await startTwinsUnderTest();
  const reading = startReading(hub);
  const identity = await emulator.hub.registry.create("d", {});
  const properties = new Map([
    ["deviceId", "somebody-else"],
    ["moduleId", "m"],
  ]);
  await emulator.hub.acceptTelemetry(
    identity,
    [
      { body: Buffer.from("not json"), properties },
      { body: Buffer.from([0xff, 0x00]), properties: new Map() },
      { body: Buffer.from("\uFEFF[1]"), properties: new Map() },
    ],
    BY_KEY,
  );
  await expect.poll(() => reading.events.length).toBe(3);
  expect(reading.events.map(({ json }) => json)).toEqual([undefined, undefined, [1]]);
  expect(reading.events[0]).toMatchObject({ deviceId: "d", generationId: identity.generationId });
});

test("a body is read by its content encoding", async () => {
  const { hub, emulator } = await startTwinsUnderTest();
  const reading = startReading(hub);
  const identity = await emulator.hub.registry.create("d", {});
  const body = Buffer.from('{"level":3}', "utf16le");
  await emulator.hub.acceptTelemetry(identity, [{ body, contentEncoding: "utf-16", properties: new Map() }], BY_KEY);
  await expect.poll(() => reading.events.map(({ json }) => json)).toEqual([{ level: 3 }]);
});

test("changes of twins come where the hub has that route, without those of modules passing for their device's", async () => {
  const routing = {
    routes: [
      { name: "twins", source: "TwinChangeEvents", endpointNames: ["events"] },
      { name: "life", source: "DeviceLifecycleEvents", endpointNames: ["events"] },
    ],
  } as const;
  const { hub, registry } = await startTwinsUnderTest({ emulator: { routing } });
  const reading = startReading(hub);
  valueOf(await hub.createDevice("d"));
  valueOf(await hub.patchDesired("d", { level: 3 }, null));
  await registry.addModule({ deviceId: "d", moduleId: "m" } as never);
  await registry.updateModuleTwin("d", "m", { properties: { desired: { inner: 1 } } }, "*");
  await expect.poll(() => reading.events.length).toBe(4);
  const [made, changed, ...ofModule] = reading.events;
  expect(made).toMatchObject({
    deviceId: "d",
    source: "deviceLifecycleEvents",
    properties: { opType: "createDeviceIdentity" },
  });
  expect(changed).toMatchObject({
    deviceId: "d",
    source: "twinChangeEvents",
    json: { properties: { desired: { level: 3, $version: 2 } } },
  });
  expect(ofModule).toMatchObject([{ generationId: null }, { generationId: null }]);
});

test("reading begins where it is told to: at a time, or after the last that was taken", async () => {
  const { hub, emulator } = await startTwinsUnderTest();
  await send(emulator, "d", 3);
  const since = emulator.clock.now() + 1;
  await expect.poll(() => emulator.clock.now()).toBeGreaterThan(since);
  await send(emulator, "d", 4, 3);
  const first = startReading(hub, { since });
  await expect.poll(() => first.events.length).toBe(4);
  expect(numbersOf(first, "d")).toEqual(upTo(4, 3));
  await first.stop();
  await send(emulator, "d", 5, 7);
  const second = startReading(hub, { since, after: first.positions });
  await expect.poll(() => second.events.length).toBe(5);
  expect(numbersOf(second, "d")).toEqual(upTo(5, 7));
  expect(second.restarted).toEqual([]);
});

test("what the taker cannot take is handed over again, and nothing after it before", async () => {
  const { hub, emulator } = await startTwinsUnderTest();
  let refusals = 0;
  const reading = startReading(hub, {
    onEvents: async (events) => {
      if (refusals < 3 && events.some(({ sequenceNumber }) => sequenceNumber >= 2)) {
        refusals += 1;
        throw new Error("not now");
      }
    },
  });
  await send(emulator, "d", 10);
  await expect.poll(() => reading.events.length).toBe(10);
  expect(numbersOf(reading, "d")).toEqual(upTo(10));
  expect(refusals).toBe(3);
});

test("links that are cut are opened again: every message once, in its order", async () => {
  const { hub, emulator } = await startTwinsUnderTest({ options: QUICK });
  const reading = startReading(hub);
  await reading.opened();
  for (const kind of ["drop", "detach", "linkStolen"] as const) {
    const first = numbersOf(reading, "d").length;
    emulator.faults.add({ where: { point: "deliver", operation: "events" }, effect: { kind }, skip: 20, times: 1 });
    await send(emulator, "d", 50, first);
    await expect.poll(() => numbersOf(reading, "d").length).toBe(first + 50);
    await reading.opened();
  }
  expect(numbersOf(reading, "d")).toEqual(upTo(150));
  const told = reading.troubles.map((trouble) => trouble?.code ?? null);
  expect(told).toContain("hub_unreachable");
  expect(told.every((code, i) => i === 0 || code !== told[i - 1])).toBe(true);
  expect(reading.restarted).toEqual([]);
});

test("a hub that comes back with another stream is read from its beginning", async () => {
  const { hub, emulator } = await startTwinsUnderTest({ options: QUICK });
  const reading = startReading(hub);
  await send(emulator, "d", 20);
  await expect.poll(() => reading.events.length).toBe(20);
  await emulator.reset();
  await send(emulator, "d", 5, 100);
  await expect.poll(() => reading.events.length).toBe(25);
  expect(numbersOf(reading, "d")).toEqual([...upTo(20), ...upTo(5, 100)]);
  expect(new Set(reading.restarted).size).toBe(1);
});

test("a stream that ends before what was taken is another one, and so is one with another event in its place", async () => {
  const { hub, emulator } = await startTwinsUnderTest({ options: QUICK });
  await send(emulator, "d", 10);
  const partitionId = emulator.hub.events.partitionOf("d");
  for (const position of [
    { sequenceNumber: 500, offset: "70000" },
    { sequenceNumber: 4, offset: "1" },
    { sequenceNumber: 0, offset: "0", enqueuedTime: 5 },
  ]) {
    const reading = startReading(hub, { after: new Map([[partitionId, position]]) });
    await expect.poll(() => reading.events.length).toBe(10);
    expect(numbersOf(reading, "d")).toEqual(upTo(10));
    expect(reading.restarted).toEqual([partitionId]);
    await reading.stop();
  }
});

test("what became too old for the hub before it was read is told once, and not waited for", async () => {
  const { hub, emulator } = await startTwinsUnderTest({ options: QUICK, emulator: { eventRetentionMs: 600_000 } });
  const partitionId = emulator.hub.events.partitionOf("d");
  await send(emulator, "d", 10);
  emulator.clock.advance(1_200_000);
  (emulator.hub.events as unknown as { sweep(): void }).sweep();
  const after = new Map([[partitionId, { sequenceNumber: 3, offset: "70" }]]);
  const reading = startReading(hub, { after });
  await reading.opened();
  // Each of the four partitions is looked at three times while this one is empty.
  const { id } = emulator.faults.add({ where: { point: "transfer" }, effect: { kind: "delay", ms: 0 } });
  await expect.poll(() => emulator.faults.find(id)?.struck).toBeGreaterThan(12);
  await send(emulator, "d", 5, 100);
  await expect.poll(() => reading.events.length).toBe(5);
  expect(numbersOf(reading, "d")).toEqual(upTo(5, 100));
  expect(reading).toMatchObject({ expired: [6], troubles: [null], restarted: [] });
});

test("how far reading is behind is told as it goes", async () => {
  const { hub, emulator } = await startTwinsUnderTest({ options: QUICK });
  const partitionId = emulator.hub.events.partitionOf("d");
  let [release, isAsked]: [() => void, boolean] = [() => undefined, false];
  const blocked = new Promise<void>((resolve) => (release = resolve));
  await send(emulator, "d", 1);
  const first = startReading(hub);
  await expect.poll(() => first.behind.get(partitionId)).toBe(0);
  await first.stop();
  await send(emulator, "d", 500, 1);
  const onEvents = (): Promise<void> => {
    isAsked = true;
    return blocked;
  };
  const second = startReading(hub, { after: first.positions, onEvents });
  await expect.poll(() => isAsked).toBe(true);
  expect(second.behind.get(partitionId)).toBe(500);
  release();
  await expect.poll(() => second.behind.get(partitionId)).toBe(0);
  expect(numbersOf(second, "d")).toEqual(upTo(500, 1));
});

test("an answer that is older than what was read is no other stream", async () => {
  let looks = 0;
  // Two partitions that have come to 7, and say at first that they had not.
  const { port } = await startEventHub({ lastSequenceNumber: () => ((looks += 1) <= 3 ? 6 : 7) });
  const eventHubConnectionString = `Endpoint=sb://localhost:${port}/;SharedAccessKeyName=p;SharedAccessKey=a2V5;EntityPath=hub;UseDevelopmentEmulator=true`;
  const endpoint = { hostName: "localhost", httpsPort: 9, amqpsPort: 9, allowPrivate: true, eventHubConnectionString };
  const hubs = createTwinHubs({ endpointOf: () => endpoint, now: Date.now, log: SILENT_LOG, ...QUICK });
  const hub = hubs.openTwins(CONNECTION);
  onTestFinished(() => hub.close());
  const position = { sequenceNumber: 7, offset: "70", enqueuedTime: 1_700_000_000_000 };
  const reading = startReading(hub, {
    after: new Map([
      ["0", position],
      ["1", position],
    ]),
  });
  await reading.opened();
  expect(reading.restarted).toEqual([]);
  expect(reading.events).toEqual([]);
});

test("a taker that does not come along bounds what is on its way", async () => {
  const { hub, emulator } = await startTwinsUnderTest({ options: { reading: { lookAfter: 1 } } });
  const counter = (where: FaultPlace): (() => number) => {
    const { id } = emulator.faults.add({ where, effect: { kind: "delay", ms: 0 } });
    return () => emulator.faults.find(id)?.struck ?? 0;
  };
  const handedOver = counter({ point: "deliver", operation: "events" });
  const looks = counter({ point: "transfer" });
  let release: () => void = () => undefined;
  const blocked = new Promise<void>((resolve) => (release = resolve));
  const reading = startReading(hub, { onEvents: () => blocked });
  await reading.opened();
  // A quiet time must not add up to a flood later.
  await expect.poll(looks).toBeGreaterThan(25);
  await send(emulator, "d", 1_500);
  let seen = 0;
  const hasSettled = (): boolean => {
    const before = seen;
    seen = handedOver();
    return seen > 0 && seen === before;
  };
  await expect.poll(hasSettled, { interval: 300 }).toBe(true);
  expect(seen).toBeLessThanOrEqual(300);
  emulator.faults.clear();
  release();
  await expect.poll(() => reading.events.length).toBe(1_500);
  expect(numbersOf(reading, "d")).toEqual(upTo(1_500));
});

test("a hub that is away is told once, and read again when it is back", async () => {
  const { hub, emulator, endpoint } = await startTwinsUnderTest({
    options: { ...QUICK, endpointOf: () => (isAway ? undefined : known) },
  });
  let isAway = false;
  const known = endpoint;
  const reading = startReading(hub);
  await reading.opened();
  isAway = true;
  await emulator.reset();
  await expect.poll(() => reading.troubles.at(-1)?.code).toBe("hub_unreachable");
  isAway = false;
  await reading.opened();
  await send(emulator, "d", 1);
  await expect.poll(() => reading.events.length).toBe(1);
});

test("an endpoint that cannot be understood is told without any key", async () => {
  const { hub } = await startTwinsUnderTest({ options: QUICK });
  const given = "Endpoint=sb://127.0.0.1/;SharedAccessKeyName= ;SharedAccessKey=c2VjcmV0;EntityPath=x";
  const reading = startReading(hub, { endpoint: { endpoint: given, name: "x" } });
  await expect.poll(() => reading.troubles.at(-1)?.code).toBe("stream_not_found");
  expect(JSON.stringify(reading.troubles)).not.toContain("c2VjcmV0");
});

test("whatever goes wrong, reading is tried again", async () => {
  let tries = 0;
  const under = await startTwinsUnderTest({
    options: {
      ...QUICK,
      endpointOf: () => {
        tries += 1;
        if (tries <= 2) throw new Error("odd");
        return under.endpoint;
      },
    },
  });
  const reading = startReading(under.hub);
  await reading.opened();
  expect(reading.troubles).toMatchObject([{ message: expect.stringContaining("odd") as string }, null]);
});

test("a consumer group that the hub does not have is told", async () => {
  const { hub } = await startTwinsUnderTest({ options: QUICK });
  const reading = startReading(hub, { consumerGroup: "nobodys" });
  await expect.poll(() => reading.troubles.at(-1)?.code).toBe("stream_not_found");
});

/** Plain TCP, and signed in to by the connection's own policy. */
async function startByPolicy(
  change: Partial<HubConnection>,
  reading: StreamTimes = QUICK.reading,
): Promise<{ readonly under: TwinsUnderTest; read(): Reading }> {
  const under = await startTwinsUnderTest({
    connection: change,
    options: { reading, endpointOf: () => withoutString(under.endpoint) },
  });
  const { amqpPort } = under.emulator.addresses;
  const endpoint = {
    endpoint: `Endpoint=sb://localhost:${amqpPort}/;UseDevelopmentEmulator=true`,
    name: under.emulator.hub.events.name,
  };
  return { under, read: () => startReading(under.hub, { endpoint }) };
}

function withoutString({ eventHubConnectionString: _known, ...endpoint }: HubEndpoint): HubEndpoint {
  return endpoint;
}

const WRONG = Buffer.alloc(32, 9).toString("base64");

test("a refused key gives way to the other one, and nobody is troubled", async () => {
  const { under, read } = await startByPolicy({ policyKey: WRONG });
  const reading = read();
  await send(under.emulator, "d", 5);
  await expect.poll(() => reading.events.length).toBe(5);
  await reading.opened();
  expect(reading.troubles).toEqual([null]);
});

test("a key that is mended is used at once", async () => {
  const { under, read } = await startByPolicy(
    { policyKey: WRONG, secondaryKey: null },
    { backoff: { firstMs: 600_000, maxMs: 600_000 } },
  );
  const reading = read();
  await expect.poll(() => reading.troubles.at(-1)?.code).toBe("key_refused");
  const { primaryKey: policyKey } = under.emulator.hub.policies.get("iothubowner")!;
  under.hub.renew({ ...under.connection, policyKey });
  await send(under.emulator, "d", 5);
  await expect.poll(() => reading.events.length).toBe(5);
  await reading.opened();
  expect(reading.troubles.map((trouble) => trouble?.code ?? null)).toEqual(["key_refused", null]);
});

test("keys that change while it reads take nothing away", async () => {
  const { under, read } = await startByPolicy({});
  const reading = read();
  await send(under.emulator, "d", 5);
  await expect.poll(() => reading.events.length).toBe(5);
  const { secondaryKey } = under.emulator.hub.policies.get("iothubowner")!;
  under.hub.renew({ ...under.connection, policyKey: secondaryKey, secondaryKey: null });
  await send(under.emulator, "d", 5, 5);
  await expect.poll(() => reading.events.length).toBe(10);
  expect(numbersOf(reading, "d")).toEqual(upTo(10));
  await reading.opened();
  expect(reading.troubles).toEqual([null]);
});

test("a taker that never ends does not keep reading from ending", async () => {
  const { hub, emulator } = await startTwinsUnderTest({ options: { reading: { stopTimeout: 100 } } });
  let isAsked = false;
  const reading = startReading(hub, {
    onEvents: () => {
      isAsked = true;
      return new Promise(() => undefined);
    },
  });
  await send(emulator, "d", 5);
  await expect.poll(() => isAsked).toBe(true);
  const before = performance.now();
  await reading.stop();
  expect(performance.now() - before).toBeLessThan(4_500);
});
