/** The inbox with a stream that the test plays. */
import { expect, onTestFinished, test } from "vitest";
import type { DeviceState } from "../core/device-state.ts";
import { succeed } from "../core/failure.ts";
import type { ReadingPosition } from "../core/state-store.ts";
import type { HubDevice, StreamEvent, StreamOptions, TwinHub } from "../core/twin-hub.ts";
import { VirtualClock } from "../delivery/testing/virtual-clock.ts";
import { SILENT_LOG } from "../hub/testing/hub-under-test.ts";
import type { HubChanges } from "./hub-changes.ts";
import { Inbox } from "./inbox.ts";
import { mirrorHub } from "./mirror-hub.ts";

interface Played {
  readonly inbox: Inbox;
  readonly clock: VirtualClock;
  /** Hub device ids with the generation that is known of each. */
  readonly known: Map<string, string>;
  readonly lastActivity: Map<string, number | null>;
  /** What the registry answers. */
  readonly registry: Map<string, string>;
  readonly told: unknown[];
  readonly positions: ReadingPosition[];
  readonly looks: string[];
  lookUps: number;
  /** Runs while the store is asked who is known. */
  duringLookUp: () => void;
  play(...events: readonly StreamEvent[]): Promise<void>;
  readonly stream: () => StreamOptions;
}

async function start(changes: Partial<HubChanges> = {}, failingReads: number = 0): Promise<Played> {
  let reads = 0;
  const clock = new VirtualClock();
  const known = new Map<string, string>();
  const registry = new Map<string, string>();
  const lastActivity = new Map<string, number | null>();
  const told: unknown[] = [];
  let stream: StreamOptions | undefined;
  const device = (id: string): HubDevice => ({
    deviceId: id,
    generationId: registry.get(id) ?? "",
    status: "enabled",
    connectionState: "connected",
    lastActivity: null,
  });
  const twins: Partial<TwinHub> = {
    device: async (id) => succeed(registry.has(id) ? device(id) : null),
    twin: async () => succeed(null),
    read: async (options) => {
      stream = options;
      reads += 1;
      if (reads <= failingReads) throw new Error("a mistake of this server's own");
      await new Promise((resolve) => options.signal.addEventListener("abort", resolve));
    },
  };
  const tell =
    (name: string) =>
    async (_: string, seen: readonly unknown[]): Promise<never> => {
      told.push([name, seen]);
      return undefined as never;
    };
  const played: Omit<Played, "inbox"> = {
    clock,
    known,
    lastActivity,
    registry,
    told,
    positions: [],
    looks: [],
    lookUps: 0,
    duringLookUp: () => undefined,
    play: async (...events) => stream?.onEvents(events),
    stream: () => stream!,
  };
  const statesInHub = async (_: string, ids: readonly string[]): Promise<ReadonlyMap<string, DeviceState>> => {
    played.lookUps += 1;
    const found = ids
      .filter((id) => known.has(id))
      .map((id) => [id, stateOf(known.get(id)!, lastActivity.get(id))] as const);
    played.duringLookUp();
    return new Map(found);
  };
  const inbox = new Inbox({
    hub: mirrorHub("c1", twins as TwinHub, { clock, random: () => 0.5 }),
    reading: { consumerGroup: "$Default", endpoint: null },
    store: {
      statesInHub,
      beginReading: async () => undefined,
      restartReading: async (...asked) => void told.push(["restarted", asked]),
      readingPositions: async () => ({ since: 5, positions: [] }),
      saveReadingPosition: async (_, __, position) => void played.positions.push(position),
    },
    changes: {
      takeTelemetry: tell("telemetry"),
      takeTwinChanges: tell("twins"),
      takeTwins: tell("whole"),
      takeStandings: tell("standings"),
      takeMissing: tell("missing"),
      generationOf: async (_, id) => known.get(id) ?? "",
      takeDevices: async (_, devices) => {
        for (const { deviceId, generationId } of devices) known.set(deviceId, generationId);
      },
      ...changes,
    },
    lookAt: (id) => void played.looks.push(id),
    clock,
    log: SILENT_LOG,
  });
  inbox.start();
  onTestFinished(() => inbox.stop());
  await expect.poll(() => stream !== undefined).toBe(true);
  return Object.assign(played, { inbox });
}

function stateOf(generationId: string, lastActivity: number | null = 1): DeviceState {
  const reach = generationId === "bridge" ? "bridge" : "itself";
  return { reach, standing: { generationId, missingSince: null, lastActivity } } as unknown as DeviceState;
}

let sequenceNumber = 0;

function telemetry(deviceId: string, json: unknown, more: Partial<StreamEvent> = {}): StreamEvent {
  sequenceNumber += 1;
  const place = { partitionId: "0", offset: String(sequenceNumber * 100), sequenceNumber, enqueuedTime: 1_000 };
  return { deviceId, source: "Telemetry", generationId: "g1", json, properties: {}, ...place, ...more };
}

function bodies(told: readonly unknown[]): unknown[] {
  const all = told as readonly (readonly [string, readonly { readonly body: unknown }[]])[];
  return all.flatMap(([name, seen]) => (name === "telemetry" ? seen.map(({ body }) => body) : []));
}

test("how far it was read is written after what was read had its effect, and not at all when that failed", async () => {
  let fails = true;
  const order: string[] = [];
  const played = await start({
    takeTelemetry: async () => {
      if (fails) throw new Error("The store is busy.");
      order.push(`taken, ${played.positions.length} positions`);
    },
  });
  played.known.set("d", "g1");
  const event = telemetry("d", { a: 1 });
  await expect(played.play(event)).rejects.toThrow("busy");
  expect(played.positions).toEqual([]);
  fails = false;
  await played.play(event);
  expect(order).toEqual(["taken, 0 positions"]);
  expect(played.positions).toMatchObject([{ partitionId: "0", offset: event.offset }]);
});

test("devices that nobody knows cost one question, and their bodies are not looked at", async () => {
  const played = await start();
  const foreign = telemetry("foreign", null);
  Object.defineProperty(foreign, "json", {
    get: () => {
      throw new Error("Parsed.");
    },
  });
  await played.play(foreign);
  await played.play(foreign);
  await played.play(foreign);
  expect(played.lookUps).toBe(1);
  expect(played.positions).toHaveLength(3);
});

test("a Thing that is made while its device is looked up is not taken for unknown", async () => {
  const played = await start();
  played.duringLookUp = () => {
    played.duringLookUp = () => undefined;
    played.known.set("d", "g1");
    played.inbox.thingMade("d");
  };
  await played.play(telemetry("d", { early: true }));
  await played.play(telemetry("d", { late: true }));
  expect(bodies(played.told)).toEqual([{ late: true }]);
});

test("messages of modules, and bodies that are no objects, change no state", async () => {
  const played = await start();
  played.known.set("d", "g1");
  await played.play(
    telemetry("d", { of: "module" }, { generationId: null }),
    telemetry("d", [1]),
    telemetry("d", undefined),
    telemetry("d", { mine: true }),
    telemetry("d", { odd: true }, { source: "constructor" }),
  );
  expect(bodies(played.told)).toEqual([{ mine: true }]);
});

test("what a device sent before it was made anew is not taken; what it sends since is", async () => {
  const played = await start();
  played.known.set("d", "g1");
  played.registry.set("d", "g2");
  await played.play(telemetry("d", { n: 1 }, { generationId: "g1" }), telemetry("d", { n: 2 }, { generationId: "g2" }));
  await played.play(telemetry("d", { n: 3 }, { generationId: "g1" }));
  // The first came while nobody knew better; it was of the device that was known.
  expect(bodies(played.told)).toEqual([{ n: 1 }, { n: 2 }]);
  expect(played.known.get("d")).toBe("g2");
});

test("what a device that publishes here sends is an event, and not looked at", async () => {
  const played = await start();
  played.known.set("d", "bridge");
  await played.play(telemetry("d", { a: 1 }));
  await played.clock.advance(60_001);
  expect(played.told).toEqual([]);
  expect(played.positions).toHaveLength(1);
});

test("a deletion is looked at; that we made a device ourselves is no news", async () => {
  const played = await start();
  played.known.set("d", "g1");
  const life = (opType: string): StreamEvent =>
    telemetry("d", {}, { source: "deviceLifecycleEvents", generationId: "", properties: { opType } });
  await played.play(life("createDeviceIdentity"));
  expect(played.looks).toEqual([]);
  await played.play(life("deleteDeviceIdentity"));
  expect(played.looks).toEqual(["d"]);
});

test("that a device was active is gathered and written once", async () => {
  const played = await start();
  played.known.set("d", "g1");
  for (let n = 1; n <= 5; n++) await played.play(telemetry("d", "no object", { enqueuedTime: n * 1_000 }));
  expect(played.told).toEqual([]);
  await played.clock.advance(60_001);
  expect(played.told).toEqual([["standings", [{ hubDeviceId: "d", lastActivity: 5_000 }]]]);
});

test("a device's first word has the registry looked at, so that it is shown as connected before the next sweep", async () => {
  const played = await start();
  played.known.set("silent", "g1").set("heard", "g1");
  played.lastActivity.set("silent", null).set("heard", 500);
  await played.play(telemetry("silent", { a: 1 }), telemetry("heard", { a: 1 }));
  await played.play(telemetry("silent", { a: 2 }));
  expect(played.looks).toEqual(["silent"]);
});

test("a stream that begins anew is read anew", async () => {
  const played = await start();
  played.stream().onRestarted("0");
  await expect.poll(() => played.told).toEqual([["restarted", ["c1", "$Default", 5]]]);
  played.stream().onTrouble({ code: "hub_unreachable", message: "Away." });
  expect(played.inbox.state()).toMatchObject({ isReading: false, failure: { code: "hub_unreachable" } });
  played.stream().onTrouble(null);
  expect(played.inbox.state()).toMatchObject({ isReading: true, failure: null });
});

test("a reader that ended by a mistake of this server's own begins again after a minute, as often as it ends", async () => {
  const played = await start({}, 2);
  const first = played.stream();
  await expect.poll(() => played.inbox.state().failure).toMatchObject({ code: "hub_error" });
  await played.clock.advance(60_001);
  const second = played.stream();
  expect(second).not.toBe(first);
  await expect.poll(() => played.inbox.state().failure).toMatchObject({ code: "hub_error" });
  await played.clock.advance(60_001);
  const third = played.stream();
  expect(third).not.toBe(second);
  await played.inbox.stop();
  await played.clock.advance(600_000);
  expect(played.stream()).toBe(third);
});
