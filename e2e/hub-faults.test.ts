/**
 * A fleet under load while the hub misbehaves in every way it knows: each fault is named in the API, ends by itself when
 * its cause ends, costs no event and no order, and closes the ledger.
 */
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { makeProduct, type FleetDevice } from "./support/cloud.ts";
import { ALL_WELL, FleetUnderLoad, MINUTE } from "./support/fleet-under-load.ts";
import { HubAdmin, type Fault } from "./support/hub-admin.ts";
import { HubReader } from "./support/hub-reader.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { until } from "./support/until.ts";

const isthmus = new IsthmusProcess({ ISTHMUS_DEVICE_RATE: "off", ISTHMUS_ADDRESS_LIMIT: "off" });
let firstRun: FirstRun;
let hub: HubAdmin;
let reader: HubReader;
let fleet: FleetUnderLoad;
let tests = 0;

beforeAll(async () => {
  firstRun = await isthmus.start();
  hub = new HubAdmin(firstRun);
  reader = new HubReader(firstRun);
  await makeProduct(firstRun, "fleet");
});

// Each test has a fleet of its own: what is known of a device after one fault must not colour the next.
beforeEach(async () => {
  fleet = await FleetUnderLoad.start(firstRun, (tests += 1));
});

afterEach(async () => {
  await hub.clearFaults();
  await fleet.end();
});

afterAll(async () => {
  await reader.close();
  hub.close();
  await isthmus.dispose();
});

const transfer = (effect: Fault["effect"], more: Partial<Fault> = {}): Fault => ({
  where: { point: "transfer", operation: "telemetry" },
  effect,
  seed: 7,
  ...more,
});
const error = (name: string): Fault["effect"] => ({ kind: "error", error: name });

/** What the hub does for a while to the messages of all devices, how the API calls it, and whether it leaves anything open. */
const STORMS: readonly (readonly [title: string, fault: Fault, code: string, inDoubt: boolean])[] = [
  ["limits the rate", transfer(error("ThrottlingException"), { probability: 0.3 }), "throttled", false],
  ["limits the rate of everything", transfer(error("ThrottlingException")), "throttled", false],
  ["has trouble of its own", transfer(error("ServerError")), "hub_error", false],
  [
    "detaches links",
    transfer({ kind: "detach", error: "ServiceUnavailable" }, { probability: 0.2 }),
    "hub_error",
    true,
  ],
  ["cuts connections", transfer({ kind: "drop" }, { probability: 0.2 }), "hub_unreachable", true],
  [
    "takes messages and says nothing",
    transfer({ kind: "acceptThenDrop" }, { probability: 0.1 }),
    "hub_unreachable",
    true,
  ],
  [
    "takes links over for somebody else",
    transfer({ kind: "linkStolen" }, { probability: 0.2 }),
    "identity_in_use",
    true,
  ],
  ["says nothing", transfer({ kind: "silence" }), "outcome_unknown", true],
];

test.each(STORMS)("a hub that %s", async (_title, fault, code, inDoubt) => {
  await hub.addFault(fault);
  await fleet.isNamed(code);
  await hub.clearFaults();
  expect(await fleet.outcome(reader, { inDoubt })).toEqual(ALL_WELL);
});

test("a used-up quota pauses the hub with a forecast, and ends when somebody asks again", async () => {
  await hub.addFault(transfer(error("IotHubQuotaExceeded")));
  await fleet.isNamed("quota_exceeded");
  const { state, expected_until, next_probe_at } = await fleet.state();
  expect(state).toBe("paused");
  expect(expected_until).toMatch(/T00:00:00\.000Z$/);
  expect(Date.parse(next_probe_at ?? "") - Date.now()).toBeLessThanOrEqual(15 * MINUTE);
  await hub.clearFaults();
  await fleet.retry();
  expect(await fleet.outcome(reader)).toEqual(ALL_WELL);
});

test("an identity that is deleted comes back each time, with another generation", async () => {
  const [{ id }] = fleet.devices as [FleetDevice];
  for (let i = 0; i < 3; i += 1) {
    const generation = (await hub.identity(id))?.["generationId"];
    await hub.deleteIdentity(id);
    const isBack = async (): Promise<boolean> => {
      const identity = await hub.identity(id);
      return identity !== null && identity["generationId"] !== generation;
    };
    await until(isBack, "the identity", MINUTE);
    await fleet.goesOn(20);
  }
  expect(await fleet.outcome(reader, { inDoubt: true })).toEqual(ALL_WELL);
});

test("an identity that keeps vanishing is given up for the day; the others go on, and a retry makes it anew", async () => {
  const [{ id }] = fleet.devices as [FleetDevice];
  const where = { point: "transfer", operation: "telemetry", deviceId: id };
  await hub.addFault({ where, effect: { kind: "identityVanishes" } });
  await fleet.isNamed("identity_keeps_vanishing");
  await fleet.goesOn(50);
  expect(await hub.identity(id)).toBe(null);
  await hub.clearFaults();
  await fleet.retry();
  expect(await fleet.outcome(reader, { inDoubt: true })).toEqual(ALL_WELL);
});

test("a disabled device waits alone, and goes on when it is enabled and somebody asks", async () => {
  const [{ id }] = fleet.devices as [FleetDevice];
  await hub.setStatus(id, "disabled");
  await fleet.isNamed("device_disabled");
  expect((await fleet.state()).devices_waiting).toMatchObject([{ device_id: id, devices: 1 }]);
  await fleet.goesOn(50);
  await hub.setStatus(id, "enabled");
  await fleet.retry();
  expect(await fleet.outcome(reader, { inDoubt: true })).toEqual(ALL_WELL);
});

test("a message that the hub refuses for good is parked at once with its words, and its device goes on", async () => {
  await hub.addFault(transfer(error("ArgumentInvalid"), { times: 3 }));
  await until(async () => (await fleet.ledger())["parked"] === 3, "three parked ones", MINUTE);
  await fleet.goesOn(50);
  const { deliveries } = await fleet.admin("GET", "deliveries?state=parked");
  const code = "message_refused";
  expect(deliveries).toMatchObject(Array.from({ length: 3 }, () => ({ code, attempts: 1 })));
  expect(await fleet.outcome(reader, { parked: 3 })).toEqual(ALL_WELL);
});

test("new devices wait while the registry limits, known ones do not", async () => {
  const where = { point: "http", operation: "PUT /devices/:deviceId" };
  await hub.addFault({ where, effect: error("ThrottlingException") });
  await fleet.publishFromNewDevices(3);
  await fleet.isNamed("create_throttled");
  expect((await fleet.state()).failure).toBe(null);
  await fleet.goesOn(50);
  await hub.clearFaults();
  expect(await fleet.outcome(reader)).toEqual(ALL_WELL);
});

test("a hub that gives no credit is sent nothing, and gets all when it gives some", async () => {
  const where = { point: "credit", operation: "telemetry" };
  await hub.addFault({ where, effect: { kind: "zeroCredit", ms: 10 * MINUTE } });
  // Links that have credit keep what they have: new ones get none.
  await fleet.publishFromNewDevices(2);
  await fleet.isNamed("not_sent");
  await hub.clearFaults();
  expect(await fleet.outcome(reader)).toEqual(ALL_WELL);
});
