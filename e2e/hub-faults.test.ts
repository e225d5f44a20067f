/**
 * A fleet under load while the hub misbehaves in every way it knows: each fault is named in the API, ends by itself when
 * its cause ends, costs no event and no order, and closes the ledger.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { makeDevices, makeIntegration, makeProduct, request, type FleetDevice } from "./support/cloud.ts";
import { HubAdmin, type Fault } from "./support/hub-admin.ts";
import { firstOccurrences, HubReader } from "./support/hub-reader.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { Load } from "./support/load.ts";
import { until } from "./support/until.ts";

/** Within which a fault must be named, and within which it must be over when its cause is. */
const MINUTE = 60_000;

const isthmus = new IsthmusProcess({ ISTHMUS_DEVICE_RATE: "off", ISTHMUS_ADDRESS_LIMIT: "off" });
let firstRun: FirstRun;
let hub: HubAdmin;
let reader: HubReader;
let devices: readonly FleetDevice[];
let event: string;
let integration: string;
let load: Load;
let tests = 0;

beforeAll(async () => {
  firstRun = await isthmus.start();
  hub = new HubAdmin(firstRun);
  reader = new HubReader(firstRun);
  await makeProduct(firstRun, "fleet");
});

// Each test has a fleet of its own: what a device remembers of one fault must not colour the next.
beforeEach(async () => {
  tests += 1;
  event = `load-${tests}/value`;
  integration = await makeIntegration(firstRun, "fleet", { event });
  devices = await makeDevices(firstRun, "fleet", 6, tests * 100);
  load = new Load(firstRun.url);
  load.start(devices, { name: event });
  await until(async () => (await ledger())["delivered"]! > 30, "the first deliveries");
});

afterEach(async () => {
  await hub.clearFaults();
  await load.stop();
  await request(firstRun, "DELETE", `/v1/products/fleet/integrations/${integration}?confirm=true`);
});

afterAll(async () => {
  await reader.close();
  hub.close();
  await isthmus.dispose();
});

async function ledger(): Promise<Record<string, number>> {
  const { json } = await request(firstRun, "GET", `/admin/v1/integrations/${integration}/ledger`);
  return json["ledger"] as Record<string, number>;
}

interface State {
  readonly state: string;
  readonly failure: { readonly code: string; readonly next_step: string } | null;
  readonly devices_waiting: readonly { readonly code: string; readonly device_id: string; readonly devices: number }[];
}

async function state(): Promise<State> {
  const { status, json } = await request(firstRun, "GET", `/admin/v1/integrations/${integration}/state`);
  expect(status).toBe(200);
  return json as unknown as State;
}

/** Codes that the API gives for what holds up the integration or one of its devices. */
async function named(): Promise<readonly string[]> {
  const { failure, devices_waiting } = await state();
  return [...(failure === null ? [] : [failure.code]), ...devices_waiting.map(({ code }) => code)];
}

async function isNamed(code: string): Promise<void> {
  await until(async () => (await named()).includes(code), `the name ${code}`, MINUTE);
}

/** Nothing is wrong any more, and everything accepted is in the hub, in each device's order. */
async function endsWell({ parked = 0 }: { readonly parked?: number } = {}): Promise<void> {
  await hub.clearFaults();
  await load.stop();
  await until(async () => (await ledger())["pending"] === 0, "the backlog", 2 * MINUTE);
  expect(await ledger()).toEqual({
    accepted: load.count,
    delivered: load.count - parked,
    pending: 0,
    parked,
    expired: 0,
    erased: 0,
  });
  await until(async () => (await named()).length === 0, "an end of the trouble", MINUTE);
  const mine = (): typeof reader.events => reader.events.filter(({ body }) => body["event"] === event);
  await reader.reads(
    () => new Set(mine().map(({ messageId }) => messageId)).size === load.count - parked,
    "all events",
  );
  const byDevice = firstOccurrences(mine());
  for (const { id } of devices) {
    const seqs = (byDevice.get(id) ?? []).map(({ properties }) => Number(properties["seq"]));
    expect(seqs).toEqual(seqs.toSorted((a, b) => a - b));
  }
  const bodies = new Map<string, string>();
  for (const { messageId, body } of mine()) {
    const text = JSON.stringify(body);
    expect(bodies.get(messageId) ?? text).toBe(text);
    bodies.set(messageId, text);
  }
}

/** Waits until so many more are delivered, whatever goes on. */
async function goesOn(more: number): Promise<void> {
  const { delivered = 0 } = await ledger();
  await until(async () => (await ledger())["delivered"]! >= delivered + more, `${more} more deliveries`, MINUTE);
}

const transfer = (effect: Fault["effect"], more: Partial<Fault> = {}): Fault => ({
  where: { point: "transfer", operation: "telemetry" },
  effect,
  seed: 7,
  ...more,
});
const error = (name: string): Fault["effect"] => ({ kind: "error", error: name });

/** What the hub does for a while to the messages of all devices, and how the API calls it. */
const STORMS: readonly (readonly [title: string, fault: Fault, code: string])[] = [
  ["limits the rate", transfer(error("ThrottlingException"), { probability: 0.3 }), "throttled"],
  ["limits the rate of everything", transfer(error("ThrottlingException")), "throttled"],
  ["has trouble of its own", transfer(error("ServerError")), "hub_error"],
  ["detaches links", transfer({ kind: "detach", error: "ServiceUnavailable" }, { probability: 0.2 }), "hub_error"],
  ["cuts connections", transfer({ kind: "drop" }, { probability: 0.2 }), "hub_unreachable"],
  [
    "takes messages and cuts the connection",
    transfer({ kind: "acceptThenDrop" }, { probability: 0.1 }),
    "hub_unreachable",
  ],
  ["takes links over for somebody else", transfer({ kind: "linkStolen" }, { probability: 0.2 }), "identity_in_use"],
  ["says nothing", transfer({ kind: "silence" }), "outcome_unknown"],
];

test.each(STORMS)("a hub that %s: %#", async (_title, fault, code) => {
  await hub.addFault(fault);
  await isNamed(code);
  await endsWell();
});

test("a used-up quota pauses the hub with a forecast, costs no attempts, and ends when somebody asks again", async () => {
  await hub.addFault(transfer(error("IotHubQuotaExceeded")));
  await isNamed("quota_exceeded");
  const { json } = await request(firstRun, "GET", `/admin/v1/integrations/${integration}/state`);
  expect(json["state"]).toBe("paused");
  expect(String(json["expected_until"])).toMatch(/T00:00:00\.000Z$/);
  expect(Date.parse(String(json["next_probe_at"])) - Date.now()).toBeLessThanOrEqual(15 * MINUTE);
  await hub.clearFaults();
  await request(firstRun, "POST", `/admin/v1/integrations/${integration}/deliveries/retry`, {});
  await endsWell();
});

test("identities that are deleted again and again come back, with another generation", async () => {
  const [{ id }] = devices as [FleetDevice];
  const before = await hub.identity(id);
  for (let i = 0; i < 3; i += 1) {
    const generation = (await hub.identity(id))?.["generationId"];
    await hub.deleteIdentity(id);
    const isBack = async (): Promise<boolean> => {
      const identity = await hub.identity(id);
      return identity !== null && identity["generationId"] !== generation;
    };
    await until(isBack, "the identity", MINUTE);
    await goesOn(20);
  }
  expect((await hub.identity(id))?.["generationId"]).not.toBe(before?.["generationId"]);
  await endsWell();
});

test("an identity that keeps vanishing is given up for the day and named; the others go on; a retry makes it anew", async () => {
  const [{ id }] = devices as [FleetDevice];
  await hub.addFault({
    where: { point: "transfer", operation: "telemetry", deviceId: id },
    effect: { kind: "identityVanishes" },
  });
  await isNamed("identity_keeps_vanishing");
  await goesOn(50);
  expect(await hub.identity(id)).toBe(null);
  await hub.clearFaults();
  await request(firstRun, "POST", `/admin/v1/integrations/${integration}/deliveries/retry`, {});
  await endsWell();
});

test("a disabled device waits alone, named, and goes on when it is enabled and somebody asks", async () => {
  const [{ id }] = devices as [FleetDevice];
  await hub.setStatus(id, "disabled");
  await isNamed("device_disabled");
  expect((await state()).devices_waiting).toMatchObject([{ code: "device_disabled", device_id: id, devices: 1 }]);
  await goesOn(50);
  await hub.setStatus(id, "enabled");
  await request(firstRun, "POST", `/admin/v1/integrations/${integration}/deliveries/retry`, {});
  await endsWell();
});

test("a message that the hub refuses for good is parked at once with its words, and its device goes on", async () => {
  await hub.addFault(transfer(error("ArgumentInvalid"), { times: 3 }));
  await until(async () => (await ledger())["parked"] === 3, "three parked ones", MINUTE);
  await goesOn(50);
  const url = `/admin/v1/integrations/${integration}/deliveries?state=parked`;
  const { json } = await request(firstRun, "GET", url);
  const [parked] = json["deliveries"] as Record<string, unknown>[];
  expect(parked).toMatchObject({ code: "message_refused", attempts: 1 });
  await endsWell({ parked: 3 });
});

test("new devices wait while the registry limits, known ones do not", async () => {
  await hub.addFault({
    where: { point: "http", operation: "PUT /devices/:deviceId" },
    effect: error("ThrottlingException"),
  });
  const fresh = await makeDevices(firstRun, "fleet", 3, tests * 100 + 50);
  for (const { token } of fresh) {
    await request(firstRun, "POST", "/v1/devices/events", { name: event, data: "new" }, token);
  }
  await isNamed("create_throttled");
  expect((await state()).failure).toBe(null);
  await goesOn(50);
  await hub.clearFaults();
  await load.stop();
  await until(async () => (await ledger())["pending"] === 0, "the new devices", 2 * MINUTE);
  expect(await ledger()).toMatchObject({ accepted: load.count + 3, delivered: load.count + 3, parked: 0 });
});

test("a hub that gives no credit is sent nothing, is named, and gets all when it gives some", async () => {
  await hub.addFault({
    where: { point: "credit", operation: "telemetry" },
    effect: { kind: "zeroCredit", ms: 600_000 },
  });
  // Links that have credit keep what they have: new ones get none.
  const fresh = await makeDevices(firstRun, "fleet", 2, tests * 100 + 50);
  for (const { token } of fresh) {
    await request(firstRun, "POST", "/v1/devices/events", { name: event, data: "new" }, token);
  }
  await isNamed("not_sent");
  await hub.clearFaults();
  await load.stop();
  await until(async () => (await ledger())["pending"] === 0, "the starved devices", 2 * MINUTE);
  expect(await ledger()).toMatchObject({ accepted: load.count + 2, delivered: load.count + 2, parked: 0 });
});
