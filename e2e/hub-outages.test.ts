/** A hub that is gone, mute, locked or smaller than expected, seen from a fleet under load. */
import { readFileSync } from "node:fs";
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from "vitest";
import { makeProduct, type FleetDevice } from "./support/cloud.ts";
import { ALL_WELL, FleetUnderLoad, MINUTE } from "./support/fleet-under-load.ts";
import { HubAdmin } from "./support/hub-admin.ts";
import { HubReader } from "./support/hub-reader.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { until } from "./support/until.ts";

// A Basic tier: its hub has no twins.
const isthmus = new IsthmusProcess({
  ISTHMUS_DEVICE_RATE: "off",
  ISTHMUS_ADDRESS_LIMIT: "off",
  IOT_HUB_TIER: "B3",
});
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

beforeEach(async () => {
  fleet = await FleetUnderLoad.start(firstRun, (tests += 1));
});

afterEach(() => fleet.end());

afterAll(async () => {
  await reader.close();
  hub.close();
  await isthmus.dispose();
});

/** The Local Hub's process: the bridge's only child. */
function hubPid(): number {
  return Number(readFileSync(`/proc/${isthmus.pid}/task/${isthmus.pid}/children`, "utf8").trim().split(" ")[0]);
}

test.runIf(process.platform === "linux")(
  "a connection whose other end has fallen silent is found dead within half a minute, and what it held is sent again",
  async () => {
    const pid = hubPid();
    process.kill(pid, "SIGSTOP");
    const began = Date.now();
    try {
      await until(async () => (await fleet.state()).failure !== null, "the trouble", MINUTE);
      expect(Date.now() - began).toBeLessThan(MINUTE / 2);
      await fleet.isNamed("hub_unreachable");
    } finally {
      process.kill(pid, "SIGCONT");
    }
    expect(await fleet.outcome(reader, { inDoubt: true })).toEqual(ALL_WELL);
  },
);

test.runIf(process.platform === "linux")("a hub that dies is waited for, and gets all when it is back", async () => {
  process.kill(hubPid(), "SIGKILL");
  await fleet.isNamed("hub_unreachable");
  await fleet.goesOn(50);
  expect(await fleet.outcome(reader, { inDoubt: true })).toEqual(ALL_WELL);
});

test("keys that are made anew in the hub are named as refused, and the new one is used within ten seconds", async () => {
  const permissions = ["RegistryRead", "RegistryWrite", "ServiceConnect", "DeviceConnect"];
  const old = await hub.putPolicy("sender", { permissions });
  const settings = { policy_name: "sender", policy_key: old };
  const sender = await FleetUnderLoad.start(firstRun, (tests += 1), settings);
  const [primaryKey, secondaryKey] = [7, 8].map((byte) => Buffer.alloc(32, byte).toString("base64"));
  await hub.putPolicy("sender", { primaryKey, secondaryKey });
  await sender.isNamed("key_refused");
  // Another policy of the same hub is another connection: it goes on.
  await fleet.goesOn(50);
  const began = Date.now();
  await sender.change({ ...settings, policy_key: primaryKey });
  await sender.goesOn(1);
  expect(Date.now() - began).toBeLessThan(10_000);
  expect(await sender.outcome(reader, { inDoubt: true })).toEqual(ALL_WELL);
  await sender.end();
  expect(await fleet.outcome(reader)).toEqual(ALL_WELL);
});

test("a hub without twins gets its messages, and the API says why names are not written", async () => {
  const [{ id }] = fleet.devices as [FleetDevice];
  await fleet.rename(id, "boiler");
  await until(async () => (await fleet.state()).warning?.code === "not_in_tier", "the warning", MINUTE);
  await fleet.goesOn(50);
  expect(await fleet.outcome(reader)).toEqual(ALL_WELL);
});
