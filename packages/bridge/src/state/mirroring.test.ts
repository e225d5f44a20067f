/** States follow the hub: devices of the vendor's send and report, other services write, and the bridge stops and starts. */
import { Message } from "azure-iot-device";
import type { Client } from "azure-iot-device";
import { expect, onTestFinished, test } from "vitest";
import { systemClock } from "../core/clock.ts";
import type { DeviceState } from "../core/device-state.ts";
import { fail } from "../core/failure.ts";
import { VirtualClock } from "../delivery/testing/virtual-clock.ts";
import { SILENT_LOG } from "../hub/testing/hub-under-test.ts";
import { mirrorHub } from "./mirror-hub.ts";
import { Sweep } from "./sweep.ts";
import { madeOf, NEW_THING, startMirror, type LifeChanges, type MirrorUnderTest } from "./testing/mirror-under-test.ts";

async function stateOf(mirror: MirrorUnderTest, id: string): Promise<DeviceState> {
  const state = await mirror.store.deviceState(id);
  if (state === null) throw new Error(`${id} has no state.`);
  return state;
}

interface Reporter {
  update(patch: object, done: (error: Error | null) => void): void;
}

async function send(device: Client, body: unknown): Promise<void> {
  await device.sendEvent(new Message(typeof body === "string" ? body : JSON.stringify(body)));
}

async function report(device: Client, patch: object): Promise<void> {
  const twin = await device.getTwin();
  const reporter = twin.properties.reported as Reporter;
  await new Promise<void>((resolve, reject) => reporter.update(patch, (error) => (error ? reject(error) : resolve())));
}

test("what a device sends from the first moment on is in its state, and the rest of its Thing stays", async () => {
  const mirror = await startMirror();
  const { things } = await mirror.live();
  const { details } = madeOf(await things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  const device = await mirror.device(details.connectionString);
  await send(device, { temperature: 20, deep: { a: 1, b: 2 } });
  await send(device, "no JSON");
  await send(device, [1, 2]);
  await send(device, { deep: { a: null } });
  await expect.poll(async () => (await stateOf(mirror, "kettle")).state).toEqual({ temperature: 20, deep: { b: 2 } });
  expect((await mirror.store.thing("kettle"))?.thing.name).toBe("Boiler");
  const { desired } = (await mirror.registry.getTwin("kettle")).responseBody.properties;
  expect(desired).toEqual({ $metadata: expect.anything() as object, $version: 1 });
});

test("what was sent while the bridge was away is read when it is back, and nothing is taken twice", async () => {
  const mirror = await startMirror();
  const first = await mirror.live({ settings: { telemetry: "replace" } });
  const { details } = madeOf(await first.things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  const device = await mirror.device(details.connectionString);
  await send(device, { n: 1 });
  await expect.poll(async () => (await stateOf(mirror, "kettle")).state).toEqual({ n: 1 });
  await first.stop();
  for (let n = 2; n <= 5; n++) await send(device, { n, [`only${n}`]: true });
  const seen: unknown[] = [];
  const second = await mirror.live({
    settings: { telemetry: "replace" },
    engine: {
      takeTelemetry: async (id, messages) => {
        seen.push(...messages.map(({ body }) => body));
        await second.engine.takeTelemetry(id, messages);
      },
    },
  });
  await expect.poll(async () => (await stateOf(mirror, "kettle")).state).toEqual({ n: 5, only5: true });
  expect(seen).toEqual([2, 3, 4, 5].map((n) => ({ n, [`only${n}`]: true })));
});

test("a message that the device's full queue holds up keeps nothing else back, and is given up when none are wanted", async () => {
  const mirror = await startMirror();
  const full = fail("message_queue_full", "The queue holds 50 messages.");
  const changes: LifeChanges = {
    isQuiet: true,
    settings: { cloudToDevice: true },
    twins: { sendToDevice: async () => full },
  };
  const { things, engine } = await mirror.live(changes);
  madeOf(await things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  const write = async (n: number): Promise<DeviceState> => {
    const device = (await mirror.store.device("kettle"))!;
    const written = await engine.write(device, { kind: "merge", patch: { n } }, 20_000);
    return written.kind === "written" ? written.state : Promise.reject(new Error(JSON.stringify(written)));
  };
  for (const n of [1, 2]) {
    const state = await write(n);
    expect(state).toMatchObject({ messageFor: expect.any(Number), desired: { properties: { n }, pending: null } });
    expect(state.trouble?.failure.code).toBe("message_queue_full");
  }
  changes.settings = {};
  expect(await write(3)).toMatchObject({ messageFor: null, pendingSince: null, trouble: null });
});

test("a state that no message can hold is in its twin, and says what is in the message's way", async () => {
  const mirror = await startMirror();
  const { things, engine } = await mirror.live({ isQuiet: true, settings: { cloudToDevice: true } });
  madeOf(await things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  const device = (await mirror.store.device("kettle"))!;
  // Six bytes of JSON for each that a twin counts.
  const log = Object.fromEntries(["a", "b", "c"].map((key) => [key, "\u0001".repeat(4_000)]));
  const written = await engine.write(device, { kind: "merge", patch: { log } }, 60_000);
  expect(written).toMatchObject({
    state: { messageFor: expect.any(Number), trouble: { failure: { code: "state_too_large" } } },
  });
  expect((await mirror.registry.getTwin("kettle")).responseBody.properties.desired).toMatchObject({ log });
  const smaller = await engine.write(device, { kind: "merge", patch: { log: null, level: 1 } }, 60_000);
  expect(smaller).toMatchObject({ state: { messageFor: null, pendingSince: null, trouble: null } });
});

test("a Thing whose id is as long as a hub takes gets its messages", async () => {
  const mirror = await startMirror();
  const { things, engine } = await mirror.live({ isQuiet: true, settings: { cloudToDevice: true } });
  const id = "k".repeat(128);
  madeOf(await things.create(mirror.product, { ...NEW_THING, id }));
  const written = await engine.write((await mirror.store.device(id))!, { kind: "merge", patch: { level: 1 } }, 60_000);
  expect(written).toMatchObject({ state: { messageFor: null, pendingSince: null, trouble: null } });
});

test("one sweep repairs what no message told: what a device reported, what another service wished", async () => {
  const mirror = await startMirror();
  const { things, stateHubs } = await mirror.live({ settings: { sweepSeconds: 86_400 } });
  const { details } = madeOf(
    await things.create(mirror.product, { ...NEW_THING, id: "kettle", deviceState: { level: 1 } }),
  );
  madeOf(await things.create(mirror.product, { ...NEW_THING, id: "other" }));
  const device = await mirror.device(details.connectionString);
  await stateHubs.sweep("c1");
  // That a Thing's twin is seen for the first time repairs nothing.
  expect((await stateHubs.reports())[0]?.sweep?.repaired).toBe(0);
  await report(device, { level: 2, water: "hot" });
  await mirror.registry.updateTwin("kettle", { properties: { desired: { light: true } } }, "*");
  const { revision } = await stateOf(mirror, "other");
  await stateHubs.sweep("c1");
  expect((await stateOf(mirror, "kettle")).state).toEqual({ level: 2, water: "hot", light: true });
  await stateHubs.sweep("c1");
  expect((await stateOf(mirror, "other")).revision).toBe(revision);
  const [hub] = await stateHubs.reports();
  expect(hub).toMatchObject({
    connectionId: "c1",
    hostName: "local",
    devices: 2,
    pending: 0,
    missing: 0,
    sweep: { lastAt: expect.any(Number) as number, failure: null, repaired: 1 },
  });
});

test("where the hub has routes for changes of twins and for devices that come and go, they are told at once", async () => {
  const mirror = await startMirror({
    routing: {
      routes: [
        { name: "twins", source: "TwinChangeEvents", endpointNames: ["events"] },
        { name: "life", source: "DeviceLifecycleEvents", endpointNames: ["events"] },
      ],
    },
  });
  const { things } = await mirror.live({ settings: { sweepSeconds: 86_400 } });
  const { details } = madeOf(await things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  const device = await mirror.device(details.connectionString);
  await report(device, { water: "cold" });
  await mirror.registry.updateTwin("kettle", { properties: { desired: { light: true } } }, "*");
  await expect.poll(async () => (await stateOf(mirror, "kettle")).state).toEqual({ water: "cold", light: true });
  await mirror.registry.delete("kettle");
  await expect.poll(async () => (await stateOf(mirror, "kettle")).standing.missingSince).not.toBeNull();
});

test("a hub with many devices is looked through page by page, with the same end", async () => {
  const mirror = await startMirror();
  const { things, engine } = await mirror.live({ isQuiet: true });
  for (const id of ["a", "b", "c"]) madeOf(await things.create(mirror.product, { ...NEW_THING, id }));
  for (let n = 0; n < 20; n++) await mirror.registry.create({ deviceId: `foreign-${n}` });
  await mirror.registry.updateTwin("b", { properties: { desired: { light: true } } }, "*");
  await mirror.registry.delete("c");
  const sweep = new Sweep({
    hub: mirrorHub("c1", mirror.hub, { clock: systemClock, random: Math.random }),
    states: mirror.store,
    changes: engine,
    everySeconds: () => 3_600,
    byNameUpTo: 2,
    clock: systemClock,
    random: Math.random,
    log: SILENT_LOG,
  });
  onTestFinished(() => sweep.stop());
  await sweep.now();
  expect((await stateOf(mirror, "b")).state).toEqual({ light: true });
  expect((await stateOf(mirror, "c")).standing.missingSince).not.toBeNull();
  expect((await stateOf(mirror, "a")).standing.missingSince).toBeNull();
  expect(sweep.state().failure).toBeNull();
});

test("a device that was deleted in the hub is shown so, and taken up again when it is back", async () => {
  const mirror = await startMirror();
  const { things, stateHubs } = await mirror.live();
  madeOf(await things.create(mirror.product, { ...NEW_THING, id: "kettle", deviceState: { level: 1 } }));
  await stateHubs.sweep("c1");
  await mirror.registry.delete("kettle");
  await stateHubs.sweep("c1");
  expect((await stateOf(mirror, "kettle")).standing.missingSince).toEqual(expect.any(Number));
  expect((await stateHubs.reports())[0]?.missing).toBe(1);
  await things.update("kettle", { deviceState: { level: 2 } }, 0);
  await mirror.registry.create({ deviceId: "kettle" });
  await stateHubs.sweep("c1");
  await expect
    .poll(async () => (await mirror.registry.getTwin("kettle")).responseBody.properties.desired)
    .toMatchObject({ level: 2 });
  expect((await stateOf(mirror, "kettle")).standing.missingSince).toBeNull();
});

test("a device made anew under the same id is noticed although its twin looks new", async () => {
  const mirror = await startMirror();
  const { things, stateHubs } = await mirror.live();
  madeOf(await things.create(mirror.product, { ...NEW_THING, id: "kettle", deviceState: { level: 1 } }));
  const before = (await stateOf(mirror, "kettle")).standing.generationId;
  await mirror.registry.delete("kettle");
  await mirror.registry.create({ deviceId: "kettle" });
  await stateHubs.sweep("c1");
  await expect
    .poll(async () => (await mirror.registry.getTwin("kettle")).responseBody.properties.desired)
    .toMatchObject({ level: 1 });
  expect((await stateOf(mirror, "kettle")).standing.generationId).not.toBe(before);
});

test("a query that is behind changes nothing and hides nothing", async () => {
  const mirror = await startMirror();
  const { things, stateHubs } = await mirror.live({ twins: { glanceAt: async () => ({ ok: true, value: [] }) } });
  madeOf(await things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  await mirror.registry.updateTwin("kettle", { properties: { desired: { light: true } } }, "*");
  await stateHubs.sweep("c1");
  expect(await stateOf(mirror, "kettle")).toMatchObject({ state: { light: true }, standing: { missingSince: null } });
});

test("a sweep that the hub refuses says so, and the next one is as good as any", async () => {
  const mirror = await startMirror();
  let refuses = true;
  const { things, stateHubs } = await mirror.live({
    twins: {
      glanceAt: async (ids) => (refuses ? fail("key_refused", "No.") : mirror.hub.glanceAt(ids)),
    },
  });
  madeOf(await things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  await expect.poll(async () => (await stateHubs.reports())[0]?.sweep.failure?.code).toBe("key_refused");
  refuses = false;
  await stateHubs.sweep("c1");
  expect((await stateHubs.reports())[0]?.sweep).toMatchObject({ failure: null, lastMs: expect.any(Number) as number });
});

test("a comparison that waited for a slow hub does not put the next one off", async () => {
  const clock = new VirtualClock();
  const mirror = await startMirror();
  const { things, engine } = await mirror.live({ isQuiet: true });
  madeOf(await things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  let sweeps = 0;
  const glanceAt = async (ids: readonly string[]): ReturnType<typeof mirror.hub.glanceAt> => {
    sweeps += 1;
    if (sweeps === 1) await clock.advance(6_000);
    return mirror.hub.glanceAt(ids);
  };
  const sweep = new Sweep({
    hub: mirrorHub("c1", { ...mirror.hub, glanceAt }, { clock: systemClock, random: Math.random }),
    states: mirror.store,
    changes: engine,
    everySeconds: () => 5,
    clock,
    random: () => 0.5,
    log: SILENT_LOG,
  });
  onTestFinished(() => sweep.stop());
  await sweep.now();
  expect(sweep.state()).toMatchObject({ lastMs: 6_000 });
  await clock.advance(5_100);
  await expect.poll(() => sweeps).toBe(2);
});

test("devices that come, go and send move how they stand", async () => {
  const mirror = await startMirror();
  const { things, stateHubs } = await mirror.live();
  const { details } = madeOf(await things.create(mirror.product, { ...NEW_THING, id: "kettle" }));
  const device = await mirror.device(details.connectionString);
  await send(device, { n: 1 });
  await stateHubs.sweep("c1");
  expect((await stateOf(mirror, "kettle")).standing).toMatchObject({
    connectionState: "connected",
    lastActivity: expect.any(Number) as number,
  });
  await device.close();
  await expect
    .poll(async () => {
      await stateHubs.sweep("c1");
      return (await stateOf(mirror, "kettle")).standing.connectionState;
    })
    .toBe("disconnected");
});
