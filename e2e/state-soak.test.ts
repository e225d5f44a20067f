/**
 * Devices of every official transport, callers of both APIs and another service of the hub's all write the same states, each
 * leaves of its own, while the bridge, the hub and both are killed at random. Afterwards every write is where it belongs, by
 * Microsoft's service SDK and Para's signed reads; nothing was written or sent more than once a change, and nothing moves.
 * ISTHMUS_STATE_SECONDS: how long they write; ISTHMUS_STATE_THINGS: how many Things; ISTHMUS_STATE_ROUTE=off: the hub tells
 * of no twin's changes, so that the comparisons must find them.
 */
import { afterAll, beforeAll, expect, test } from "vitest";
import { request } from "./support/cloud.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { leavesOf, textOf, type Leaves } from "./support/leaves.ts";
import { LocalHubProcess } from "./support/local-hub-process.ts";
import { MemoryWatch } from "./support/memory-watch.ts";
import { para } from "./support/para.ts";
import { SoakBridgeDevice } from "./support/soak-bridge-device.ts";
import { SoakCaller } from "./support/soak-callers.ts";
import { makeSoakFleet, type SoakDevice } from "./support/soak-fleet.ts";
import { SoakService, SoakWisher } from "./support/soak-service.ts";
import { StubbornDevices, type DeviceMessages } from "./support/stubborn-devices.ts";
import { until } from "./support/until.ts";

const SECONDS = Number(process.env["ISTHMUS_STATE_SECONDS"] ?? 10);
const THINGS = Number(process.env["ISTHMUS_STATE_THINGS"] ?? 10);
const HAS_ROUTE = process.env["ISTHMUS_STATE_ROUTE"] !== "off";
const IS_LONG = "ISTHMUS_STATE_SECONDS" in process.env;
const QUIET_MS = IS_LONG ? 30_000 : 6_000;
const AGREEMENT_MS = IS_LONG ? 180_000 : 60_000;
/** All writers together do no more than a machine with other work can bear. */
const PAUSE_MS = Math.max(150, THINGS * 20);

/** The SDKs over WebSocket and HTTPS know only the usual ports: an address of its own has them free. */
const HOST = "127.83.0.2";
const hub = new LocalHubProcess({
  IOT_HUB_HOST: HOST,
  IOT_HUB_HTTPS_PORT: "443",
  IOT_HUB_AMQPS_PORT: "5671",
  IOT_HUB_MQTTS_PORT: "8883",
});
let noPorts: string | null = null;
let isthmus: IsthmusProcess | undefined;
let firstRun: FirstRun;
let fleet: readonly SoakDevice[] = [];
let devices: StubbornDevices | undefined;
let bridgeDevices: readonly SoakBridgeDevice[] = [];
let service: SoakService | undefined;

beforeAll(async () => {
  try {
    await hub.start();
  } catch (error) {
    noPorts = String(error);
    return;
  }
  const routes = HAS_ROUTE ? [{ name: "twins", source: "TwinChangeEvents", endpointNames: ["events"] }] : [];
  const { status, text } = await hub.ask("PUT", "/admin/routing", { body: { routes } });
  if (status !== 200) throw new Error(`No routes: ${text}`);
  isthmus = new IsthmusProcess({
    ISTHMUS_LOCAL_HUB: "off",
    ISTHMUS_HUB_HOSTS: HOST,
    para_azure_iot_hostname: HOST,
    para_azure_iot_access_key: hub.addresses.policies["iothubowner"]!,
    NODE_EXTRA_CA_CERTS: hub.addresses.caFile,
  });
  firstRun = await isthmus.start();
  fleet = await makeSoakFleet(firstRun, THINGS);
  service = new SoakService(hub.addresses);
});

afterAll(async () => {
  devices?.end();
  for (const device of bridgeDevices) device.end();
  service?.close();
  await isthmus?.dispose();
  await hub.dispose();
});

test(
  `all write for ${SECONDS} s while bridge and hub are killed: every write is where it belongs, once, and nothing moves`,
  { timeout: SECONDS * 1_000 + AGREEMENT_MS + QUIET_MS + 120_000 },
  async (context) => {
    if (noPorts !== null) return context.skip(`the hub needs ports 443, 5671 and 8883 of ${HOST}: ${noPorts}`);
    const memory = new MemoryWatch({ bridge: () => isthmus!.pid, hub: () => hub.pid });
    let isOver = false;
    const over = (): boolean => isOver;
    devices = new StubbornDevices(
      hub.addresses.caFile,
      fleet
        .filter(({ kind }) => kind !== "bridge")
        .map(({ id, connectionString, kind, hasMessages }) => ({
          id,
          connectionString,
          transport: kind as Exclude<typeof kind, "bridge">,
          reports: kind === "Http" ? [] : ["meters.rpm", "fan.heat"],
          sends: ["meters.temperature", "fan.dust"],
          isReader: hasMessages,
          pauseMs: PAUSE_MS,
        })),
    );
    const current = (): FirstRun => firstRun;
    bridgeDevices = fleet
      .filter(({ kind }) => kind === "bridge")
      .map((device) => new SoakBridgeDevice(device, current));
    const callers = fleet.map((device) => new SoakCaller(device));
    const wishers = fleet.filter(({ hasService }) => hasService).map(({ id }) => new SoakWisher(id));
    const writing = Promise.all([
      ...callers.map((caller) => caller.run(current, PAUSE_MS, over)),
      ...wishers.map((wisher) => wisher.run(service!, 4 * PAUSE_MS, over)),
      ...bridgeDevices.map((device) => device.run(PAUSE_MS, over)),
    ]);
    const kills = await killAtRandom(Date.now() + SECONDS * 1_000);
    isOver = true;
    await writing;
    const written = await devices.stop();
    for (const device of bridgeDevices) await device.connect();
    expect(callers.flatMap(({ refused }) => refused)).toEqual([]);

    const expected = fleet.map((device) => {
      const own = bridgeDevices.find(({ id }) => id === device.id);
      const { reported = own?.reported ?? {}, sent = {} } = written.find(({ id }) => id === device.id) ?? {};
      const caller = callers.find((one) => one.device === device)!;
      const wisher = wishers.find(({ id }) => id === device.id);
      const desired = { ...caller.wanted, ...wisher?.wanted };
      const versions = caller.changes + (wisher?.asked ?? 0);
      return { device, caller, desired, versions, reported: withoutRemoved(reported), sent: withoutRemoved(sent) };
    });
    const started = Date.now();
    let left: readonly string[] = [];
    const agree = async (): Promise<boolean> => {
      const told = await devices!.messages();
      left = (await inGroups(expected, (one) => wrongOf(one, told))).flat();
      return left.length === 0;
    };
    await until(agree, "agreement", AGREEMENT_MS).catch((error: unknown) => (left = [...left, String(error)]));
    expect(left).toEqual([]);
    const agreedAfter = Date.now() - started;

    const before = await footprint();
    await new Promise((resolve) => setTimeout(resolve, QUIET_MS));
    expect(await footprint()).toEqual(before);
    const megabytes = memory.stop();
    if (IS_LONG) {
      const sum = (numbers: readonly number[]): number => numbers.reduce((all, one) => all + one, 0);
      const told = (await devices.messages()).map(({ messages, received }) => [messages.length, received] as const);
      const counts = {
        kills,
        apiChanges: sum(callers.map(({ changes }) => changes)),
        deviceWrites: sum([...written, ...bridgeDevices].map(({ count }) => count)),
        serviceWrites: sum(wishers.map(({ asked }) => asked)),
        messages: sum(told.map(([messages]) => messages)),
        received: sum(told.map(([, received]) => received)),
        agreedAfter,
        megabytes,
      };
      process.stderr.write(`${JSON.stringify(counts)}\n`);
    }
  },
);

/** Each way once, then at random. Returns how often. */
async function killAtRandom(end: number): Promise<number> {
  const restartBridge = async (): Promise<void> => {
    await isthmus!.kill();
    firstRun = await isthmus!.start();
  };
  const restartHub = async (): Promise<void> => {
    await hub.kill();
    await new Promise((resolve) => setTimeout(resolve, Math.random() * 1_500));
    await hub.start();
  };
  const ways = [restartBridge, restartHub, () => Promise.all([restartBridge(), restartHub()])];
  let kills = 0;
  for (const others = [...ways]; Date.now() < end || others.length > 0; kills += 1) {
    await new Promise((resolve) => setTimeout(resolve, Math.random() * (SECONDS > 60 ? 10_000 : 3_000)));
    const next = others.splice(Math.floor(Math.random() * others.length), 1)[0];
    await (next ?? ways[Math.floor(Math.random() * ways.length)]!)();
  }
  return kills;
}

interface Expected {
  readonly device: SoakDevice;
  readonly caller: SoakCaller;
  readonly desired: Leaves;
  /** How often the desired section may have been written at most. */
  readonly versions: number;
  readonly reported: Leaves;
  readonly sent: Leaves;
}

function withoutRemoved(leaves: Leaves): Leaves {
  return Object.fromEntries(Object.entries(leaves).filter(([, value]) => value !== null));
}

/** A device as its readers see it: a Thing in Para's API, one that publishes at the bridge in the admin API. */
async function read({ id, kind, app }: SoakDevice): Promise<Readonly<Record<string, unknown>>> {
  if (kind !== "bridge") return (await para(firstRun, "GET", `/v1/thing/${id}`, undefined, app)).body;
  const { json } = await request(firstRun, "GET", `/admin/v1/devices/${id}/state`);
  return { ...json, deviceState: json["state"], updated: json["changed_at"], deviceStatus: json };
}

/** What is not as it must be, in sentences. */
async function wrongOf(expected: Expected, told: readonly DeviceMessages[]): Promise<readonly string[]> {
  const { device, caller, desired, versions, reported, sent } = expected;
  const [seen, { properties: twin }] = await Promise.all([read(device), service!.twin(device.id)]);
  const found: string[] = [];
  const same = (what: string, is: Leaves, be: Leaves): void => {
    if (textOf(is) !== textOf(be))
      found.push(`${device.id} (${device.kind}): ${what} ${textOf(is)}, not ${textOf(be)}`);
  };
  same("the state is", leavesOf(seen["deviceState"] ?? {}), { ...desired, ...reported, ...sent });
  same("wished is", leavesOf(twin.desired), desired);
  same("reported is", leavesOf(twin.reported), reported);
  if (device.kind !== "bridge") {
    const { name, floor, tags } = seen;
    same("its fields are", { name, floor, tags }, { name: device.name, ...device.own });
  }
  const own = bridgeDevices.find(({ id }) => id === device.id);
  if (own !== undefined) same("it was told", own.desired, desired);
  const { sync } = seen["deviceStatus"] as { readonly sync: string };
  if (sync !== "in_step") found.push(`${device.id}: ${sync}, ${JSON.stringify(seen["deviceStatus"])}`);
  if (twin.desired.$version - 1 > versions)
    found.push(`${device.id}: ${twin.desired.$version - 1} versions for ${versions} changes`);
  const messages = told.find(({ id }) => id === device.id)?.messages ?? [];
  if (messages.length > caller.changes)
    found.push(`${device.id}: ${messages.length} messages for ${caller.changes} changes`);
  // Not always the last: what a broken connection took along comes again after what is newer.
  const isTold = messages.some(({ body }) => textOf(withoutOthers(leavesOf(body))) === textOf(desired));
  if (device.hasMessages && !isTold && caller.changes > 0)
    found.push(
      `${device.id} (${device.kind}): not told, ${await service!.waiting(device.id)} messages wait in the hub`,
    );
  return found;
}

/** Without what a device said when the message was made and has taken back since. */
function withoutOthers(leaves: Leaves): Leaves {
  return Object.fromEntries(Object.entries(leaves).filter(([path]) => !/^meters|heat|dust/.test(path)));
}

/** All that moves when anything is written. */
function footprint(): Promise<unknown> {
  return inGroups(fleet, async (device) => {
    const [{ updated }, { properties: twin }] = await Promise.all([read(device), service!.twin(device.id)]);
    return [device.id, updated, twin.desired.$version, twin.reported.$version];
  });
}

async function inGroups<T, R>(all: readonly T[], work: (one: T) => Promise<R>): Promise<R[]> {
  const done: R[] = [];
  for (let i = 0; i < all.length; i += 8) done.push(...(await Promise.all(all.slice(i, i + 8).map(work))));
  return done;
}
