/** Sources at work against a stand-in for Particle's cloud, over real sockets; a second lasts 20 milliseconds. */
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { FakeDirectory } from "../api/testing/fake-directory.ts";
import { FakeSources } from "../api/testing/fake-sources.ts";
import type { PendingDelivery } from "../core/delivery.ts";
import type { DeviceEvent } from "../core/device-event.ts";
import { hashToken } from "../core/ids.ts";
import type { EventLog } from "../core/delivery-queue.ts";
import type { Source, SourceSettings, SourceState } from "../core/source.ts";
import { createAccept } from "./accept.ts";
import { Matcher } from "./matcher.ts";
import { StandInCloud } from "./particle-cloud/testing/stand-in-cloud.ts";
import { fastClock } from "./particle-cloud/testing/fast-clock.ts";
import { SourceRunner } from "./source-runner.ts";

const SECOND_MS = 40;
const SPEED = 1000 / SECOND_MS;
const device = (n: number): string => `e00fce68${n.toString(16).padStart(16, "0")}`;

class MemoryLog implements EventLog {
  readonly events: DeviceEvent[] = [];
  isFull = false;
  readonly #seen = new Map<string, string>();

  async append(event: DeviceEvent): Promise<readonly PendingDelivery[]> {
    await new Promise((resolve) => setImmediate(resolve));
    if (this.isFull) throw Object.assign(new Error("The disk is full."), { code: "store_unavailable" });
    this.events.push(event);
    return [];
  }

  async appendOnce(
    event: DeviceEvent,
    _ids: readonly string[],
    prints: readonly string[],
  ): ReturnType<EventLog["appendOnce"]> {
    const firstId = prints.map((print) => this.#seen.get(print)).find((id) => id !== undefined);
    if (firstId !== undefined) return { firstId };
    const deliveries = await this.append(event);
    for (const print of prints) this.#seen.set(print, event.id);
    return { deliveries };
  }
}

let cloud: StandInCloud;
let baseUrl: string;
let directory: FakeDirectory;
let sources: FakeSources;
let log: MemoryLog;
let logged: string[];
let runner: SourceRunner;
let productId: number;
let clock: ReturnType<typeof fastClock>;

beforeEach(async () => {
  cloud = new StandInCloud({ keepAliveMs: 9 * SECOND_MS, retryAfterMs: [30 * SECOND_MS, 60 * SECOND_MS] });
  baseUrl = await cloud.start();
  clock = fastClock(SPEED);
  directory = new FakeDirectory(() => clock.now());
  sources = new FakeSources(() => clock.now());
  log = new MemoryLog();
  logged = [];
  productId = (await directory.createProduct({ ownerId: "ada", name: "W", slug: "w", description: "" }))!.id;
  runner = makeRunner();
});

afterEach(async () => {
  await runner.stop();
  await cloud.stop();
});

function makeRunner(hosts: readonly string[] = ["127.0.0.1"]): SourceRunner {
  const tell = (fields: object, name: string): void => void logged.push(`${name} ${JSON.stringify(fields)}`);
  return new SourceRunner({
    accept: createAccept({ matcher: new Matcher(), log, onAccepted: () => undefined, now: () => clock.now() }),
    store: sources,
    directory,
    hosts,
    clock,
    log: { debug: tell, info: tell, warn: tell, error: tell },
  });
}

async function follow(settings: Partial<SourceSettings> = {}): Promise<Source> {
  const source = await sources.createSource(
    {
      kind: "particle-cloud",
      productId,
      name: "Fleet",
      disabled: false,
      event: "",
      createDevices: true,
      systemEvents: false,
      baseUrl,
      particleProduct: "fleet-12",
      particleDevice: null,
      followEvents: true,
      ...settings,
    } as SourceSettings,
    cloud.token,
  );
  await runner.changed(source.id);
  return source;
}

async function until(condition: () => boolean | Promise<boolean>, what: string): Promise<void> {
  const end = performance.now() + 60_000;
  while (!(await condition())) {
    if (performance.now() > end) throw new Error(`Waited in vain for ${what}: ${logged.join("\n")}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

const untilState = (source: Source, state: SourceState["state"]): Promise<void> =>
  until(() => runner.state(source).state === state, `the state ${state}`);

function publish(n: number, data: string, name = "temp"): void {
  cloud.publish({ name, data, coreid: device(n), version: 7 });
}

const received = (): string[] => log.events.map(({ data }) => data ?? "null");

describe("following", () => {
  test("a product's events come in, with their times, versions and devices", async () => {
    const source = await follow({ event: "temp" });
    await untilState(source, "following");
    const publishedAt = "2026-03-01T11:59:58.123Z";
    cloud.publish({ name: "temp/air", data: "21.5", coreid: device(1), publishedAt, version: 7 });
    cloud.publish({ name: "temp", data: null, coreid: device(2) });
    cloud.publish({ name: "humidity", data: "40", coreid: device(1) });
    await until(() => log.events.length === 2, "two events");
    expect(log.events[0]).toMatchObject({
      name: "temp/air",
      data: "21.5",
      deviceId: device(1),
      productId,
      firmwareVersion: 7,
      publishedAt: Date.parse(publishedAt),
    });
    expect(log.events[1]).toMatchObject({ data: null, deviceId: device(2) });
    expect(await directory.device(device(1))).toMatchObject({ productId, approval: "approved", firmwareVersion: 7 });
    expect(cloud.opens[0]?.path).toBe("/v1/products/fleet-12/events/temp");
    await until(async () => (await runner.progress(source)).accepted === 2, "the counts");
    expect(await sources.gaps(source.id, { limit: 5 })).toEqual([]);
  });

  test.each([
    [{ particleProduct: null }, "/v1/devices/events"],
    [{ particleProduct: null, particleDevice: device(1) }, `/v1/devices/${device(1)}/events`],
    [{ particleDevice: device(1), event: "a/b" }, `/v1/products/fleet-12/devices/${device(1)}/events/a%2Fb`],
  ])("%o is the stream %s", async (settings, path) => {
    const source = await follow(settings);
    await untilState(source, "following");
    expect(cloud.opens[0]?.path).toBe(path);
  });

  test("each device's events are stored in the order of the stream", async () => {
    const source = await follow();
    await untilState(source, "following");
    for (let i = 0; i < 400; i++) publish(i % 7, String(i));
    await until(() => log.events.length === 400, "400 events");
    for (let n = 0; n < 7; n++) {
      const own = log.events.filter(({ deviceId }) => deviceId === device(n)).map(({ data }) => Number(data));
      expect(own).toEqual(own.toSorted((a, b) => a - b));
    }
  });

  test("system events, answers of webhooks and events of no device are passed over; unreadable ones are told", async () => {
    const source = await follow();
    await untilState(source, "following");
    publish(1, "online", "spark/status");
    publish(1, "x", "hook-response/temp/0");
    cloud.publish({ name: "temp", data: "1", coreid: "api" });
    cloud.write("event: temp\ndata: {nonsense\n\nevent: temp\ndata: 7\n\nevent: temp\ndata: {}\n\n");
    publish(1, "2");
    await until(() => received().includes("2"), "the good event");
    expect(received()).toEqual(["2"]);
    await until(async () => (await runner.progress(source)).accepted === 1, "the counts");
    expect(await runner.progress(source)).toMatchObject({ accepted: 1, ignored: 3, refused: 3 });
  });

  test("while the disk is full nothing is read, and nothing is lost", async () => {
    const source = await follow();
    await untilState(source, "following");
    log.isFull = true;
    for (let i = 0; i < 50; i++) publish(i % 3, String(i));
    await untilState(source, "held");
    log.isFull = false;
    await until(() => log.events.length === 50, "all events");
    await untilState(source, "following");
    expect(new Set(received()).size).toBe(50);
    expect(await sources.gaps(source.id, { limit: 5 })).toEqual([]);
  });
});

describe("breaks", () => {
  const breaks: readonly (readonly [string, () => void, RegExp])[] = [
    ["a closed stream", () => cloud.cut(), /closed/],
    ["a line cut in its midst", () => cloud.cut('event: temp\ndata: {"da'), /closed/],
    ["a dead connection", () => cloud.reset(), /broke/],
    ["silence", () => cloud.fallSilent(), /Nothing came for 15 seconds/],
    ["a line without an end", () => cloud.write(Buffer.alloc(2 * 1024 * 1024, "x")), /without an end/],
  ];

  test.each(breaks)("after %s it follows again, and the gap is written down", async (_name, breakIt, reason) => {
    const source = await follow();
    await untilState(source, "following");
    publish(1, "before");
    await until(() => received().includes("before"), "the event before");
    const brokenAt = clock.now();
    breakIt();
    await until(async () => (await sources.gaps(source.id, { limit: 1 })).length === 1, "the gap");
    await untilState(source, "following");
    publish(1, "after");
    await until(() => received().includes("after"), "the event after");
    const [gap, ...others] = await sources.gaps(source.id, { limit: 5 });
    expect(others).toEqual([]);
    expect(gap?.reason).toMatch(reason);
    expect(gap!.beganAt).toBeLessThanOrEqual(brokenAt + 1);
    expect(gap!.endedAt! - gap!.beganAt).toBeGreaterThanOrEqual(2_000);
    expect(cloud.opens).toHaveLength(2);
  });

  test("what waited while this process was paused is no silence", async () => {
    const source = await follow();
    await untilState(source, "following");
    publish(1, "before");
    await until(() => received().includes("before"), "the event before");
    publish(1, "meanwhile");
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 18 * SECOND_MS);
    await until(() => received().includes("meanwhile"), "the event that waited");
    expect(await sources.gaps(source.id, { limit: 5 })).toEqual([]);
    expect(cloud.opens).toHaveLength(1);
  });

  test.each([429, 500, 503, 529])("after %d it comes back by itself", async (status) => {
    cloud.refusal = { status, retryAfter: "8" };
    const source = await follow();
    await untilState(source, "waiting");
    expect(runner.state(source).reason).toContain(String(status));
    expect(runner.state(source).until).toBeGreaterThan(clock.now());
    cloud.refusal = null;
    await untilState(source, "following");
    expect(cloud.opens).toHaveLength(2);
    expect((cloud.opens[1]!.at - cloud.opens[0]!.at) / SECOND_MS).toBeGreaterThanOrEqual(8);
  });

  test.each([
    [400, "request_refused"],
    [401, "token_refused"],
    [403, "token_refused"],
    [404, "not_found"],
    [302, "request_refused"],
  ])("after %d it stops, says what to do, and tries again when it was changed", async (status, code) => {
    cloud.refusal = { status };
    const source = await follow();
    await untilState(source, "stopped");
    expect(runner.state(source)).toMatchObject({ reason: expect.stringContaining(String(status)) });
    expect(runner.state(source).nextStep).not.toBeNull();
    expect((await runner.progress(source)).stopped).toMatchObject({ code });
    expect(await sources.gaps(source.id, { limit: 5 })).toMatchObject([{ endedAt: null }]);
    expect(logged.join("\n")).toContain("source.stopped");
    // A restart does not try either.
    await runner.stop();
    runner = makeRunner();
    await runner.start();
    await untilState(source, "stopped");
    expect(cloud.opens).toHaveLength(1);
    cloud.refusal = null;
    await runner.changed(source.id);
    await untilState(source, "following");
    expect(await sources.gaps(source.id, { limit: 5 })).toMatchObject([{ endedAt: expect.any(Number) as number }]);
  });

  test("the token stands in no log line and no state", async () => {
    cloud.refusal = { status: 401 };
    const source = await follow();
    await untilState(source, "stopped");
    const said = JSON.stringify([logged, runner.state(source), await runner.progress(source)]);
    expect(said).not.toContain(cloud.token);
  });

  test("an address of the operator's own network is not called unless it is listed", async () => {
    await runner.stop();
    runner = makeRunner([]);
    const source = await follow();
    await untilState(source, "stopped");
    expect(runner.state(source).nextStep).toContain("ISTHMUS_SOURCE_HOSTS");
    expect(cloud.opens).toEqual([]);
  });

  test("time in which this server was down is a gap, from the last byte that counts", async () => {
    const source = await follow();
    await untilState(source, "following");
    publish(1, "before");
    await until(() => received().includes("before"), "the event before");
    await runner.stop();
    const { lastByteAt } = (await sources.sourceProgress(source.id))!;
    publish(1, "lost");
    runner = makeRunner();
    await runner.start();
    await untilState(source, "following");
    publish(1, "after");
    await until(() => received().includes("after"), "the event after");
    expect(received()).toEqual(["before", "after"]);
    const [gap] = await sources.gaps(source.id, { limit: 5 });
    expect(gap).toMatchObject({ beganAt: lastByteAt, reason: "This server was not running." });
    expect(gap!.endedAt).not.toBeNull();
  });

  test("while it is switched off there is a gap; a deleted one falls silent", async () => {
    const source = await follow();
    await untilState(source, "following");
    await sources.updateSource(source.id, { ...source, disabled: true });
    await runner.changed(source.id);
    expect(runner.state((await sources.source(source.id))!).state).toBe("off");
    await until(() => cloud.streams === 0, "the stream's end");
    expect(await sources.gaps(source.id, { limit: 5 })).toMatchObject([
      { endedAt: null, reason: "The source was switched off." },
    ]);
    await sources.updateSource(source.id, source);
    await runner.changed(source.id);
    await untilState(source, "following");
    expect(await sources.gaps(source.id, { limit: 5 })).toMatchObject([{ endedAt: expect.any(Number) as number }]);
    await runner.changed(source.id);
    await untilState(source, "following");
    expect(await sources.gaps(source.id, { limit: 1 })).toMatchObject([
      { endedAt: expect.any(Number) as number, reason: "The source was changed." },
    ]);
    await sources.deleteSource(source.id);
    await runner.changed(source.id);
    await until(() => cloud.streams === 0, "the stream's end");
  });
});

describe("devices", () => {
  const nameOf = async (n: number): Promise<string | null | undefined> => (await directory.device(device(n)))?.name;

  test("the fleet is known with its names before its first event", async () => {
    cloud.devices = Array.from({ length: 250 }, (_, n) => ({ id: device(n), name: `station-${n}` }));
    const source = await follow();
    await untilState(source, "following");
    expect(await nameOf(0)).toBe("station-0");
    expect(await nameOf(249)).toBe("station-249");
    expect((await runner.progress(source)).namesAt).not.toBeNull();
  });

  test("the devices of an account come as one list", async () => {
    cloud.devices = [{ id: device(1), name: "mine" }];
    const source = await follow({ particleProduct: null });
    await untilState(source, "following");
    expect(await nameOf(1)).toBe("mine");
    expect(cloud.requests).toEqual(["/v1/devices"]);
  });

  test("a device that speaks before it was listed is asked for", async () => {
    const source = await follow();
    await untilState(source, "following");
    cloud.devices = [{ id: device(5), name: "late" }];
    publish(5, "1");
    await until(async () => (await nameOf(5)) === "late", "the name");
    expect(cloud.requests).toContain(`/v1/products/fleet-12/devices/${device(5)}`);
  });

  test("a rename there comes within the hour; a rename here stays", async () => {
    cloud.devices = [
      { id: device(1), name: "one" },
      { id: device(2), name: "two" },
    ];
    const source = await follow();
    await untilState(source, "following");
    await directory.updateDevice(device(2), { name: "my own name" });
    cloud.devices = [
      { id: device(1), name: "uno" },
      { id: device(2), name: "two" },
    ];
    await runner.changed(source.id);
    await until(async () => (await nameOf(1)) === "uno", "the new name");
    expect(await nameOf(2)).toBe("my own name");
  });

  test("a token that may not list devices is told, and the events come nevertheless", async () => {
    const source = await follow();
    await untilState(source, "following");
    cloud.token = "another";
    await runner.changed(source.id);
    await until(async () => (await runner.progress(source)).namesFailure !== null, "the failure");
    expect((await runner.progress(source)).namesFailure).toMatch(/401.*devices:list/);
  });

  test("only names are fetched beside a webhook", async () => {
    cloud.devices = [{ id: device(1), name: "one" }];
    const source = await follow({ followEvents: false });
    await until(async () => (await nameOf(1)) === "one", "the name");
    expect(runner.state(source).state).toBe("names");
    expect(cloud.opens).toEqual([]);
  });

  test("nobody else's device joins, and none at all where the source may not make them", async () => {
    await directory.claimDevice("eve", device(1));
    cloud.devices = [1, 2].map((n) => ({ id: device(n), name: `n${n}` }));
    const source = await follow();
    await untilState(source, "following");
    publish(1, "x");
    publish(2, "y");
    await until(() => received().includes("y"), "the own device's event");
    expect(received()).toEqual(["y"]);
    expect(await directory.device(device(1))).toMatchObject({ ownerId: "eve", productId: null, name: null });
    await sources.deleteSource(source.id);
    await runner.changed(source.id);
    const strict = await follow({ createDevices: false });
    await untilState(strict, "following");
    publish(3, "z");
    await until(async () => (await runner.progress(strict)).ignored > 0, "the count");
    expect(await directory.device(device(3))).toBeNull();
  });
});

test("what a webhook and the stream both bring is stored once, whichever is first", async () => {
  const secret = "5ec".repeat(13);
  const webhook = await sources.createSource(
    {
      kind: "inbound-webhook",
      productId,
      name: "Webhook",
      disabled: false,
      event: "temp",
      createDevices: true,
      systemEvents: false,
      fields: {},
    },
    JSON.stringify({ hash: hashToken(secret), formerHash: null, formerUntil: 0 }),
  );
  const source = await follow();
  await untilState(source, "following");
  const call = (data: string, published: string, id: string): ReturnType<SourceRunner["receive"]> =>
    runner.receive({
      sourceId: webhook.id,
      secret,
      text: null,
      fields: { event: "temp", data, published_at: published, coreid: device(1), PARTICLE_EVENT_ID: id },
    });
  const at = (s: number): string => new Date(Date.UTC(2026, 2, 1, 12, 0, s)).toISOString();
  expect(await call("a", at(1), "e1")).toMatchObject({ kind: "accepted", repeated: false });
  cloud.publish({ name: "temp", data: "a", coreid: device(1), publishedAt: at(1) });
  cloud.publish({ name: "temp", data: "b", coreid: device(1), publishedAt: at(2) });
  await until(() => received().includes("b"), "the second event");
  const repeat = await call("b", at(2), "e2");
  expect(repeat).toMatchObject({ kind: "accepted", repeated: true, id: log.events[1]!.id });
  expect(await call("a", at(1), "e1")).toMatchObject({ repeated: true, id: log.events[0]!.id });
  // Equal content at another moment is another event.
  expect(await call("b", at(3), "e3")).toMatchObject({ repeated: false });
  expect(received()).toEqual(["a", "b", "b"]);
  await until(async () => (await runner.progress(source)).repeated === 1, "the count");
});
