/** Against a running Local Hub, as its own process' neighbour. */
import { createEmulator } from "iot-hub-emulator";
import type { Emulator } from "iot-hub-emulator";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createLocalHubControl } from "./local-hub-control.ts";

let emulator: Emulator;
let control: ReturnType<typeof createLocalHubControl>;

beforeEach(async () => {
  emulator = createEmulator({ ports: { https: 0, amqps: 0, mqtts: 0, amqp: 0 } });
  await emulator.start();
  control = createLocalHubControl(emulator);
});

afterEach(async () => {
  control?.close();
  await emulator?.stop();
});

test("it tells its addresses and a connection string for each policy and each way in", async () => {
  const report = await control.report();
  if (!report.ok) throw new Error(report.message);
  const { ports, connectionStrings, limits, faults, connected } = report.value;
  expect(ports.https).toBe(emulator.addresses.httpsPort);
  expect(connectionStrings.map(({ name }) => name)).toEqual([
    "iothubowner",
    "service",
    "device",
    "registryRead",
    "registryReadWrite",
    "events",
    "events_plain",
    "provisioning",
  ]);
  expect(connectionStrings[0]?.value).toBe(emulator.addresses.connectionString);
  expect({ limits, faults, connected }).toMatchObject({ limits: { tier: null }, faults: [], connected: 0 });
});

test("a fault that is switched on is in the hub, and gone when it is switched off", async () => {
  const added = await control.addFault({ where: { point: "telemetry" }, effect: { kind: "error", status: 429 } });
  if (!added.ok) throw new Error(added.message);
  expect(emulator.hub.faults.list()).toMatchObject([{ effect: { error: "ThrottlingException" } }]);
  expect(await control.removeFault(added.value.id)).toMatchObject({ ok: true });
  expect(await control.removeFault(added.value.id)).toMatchObject({ ok: false, reason: "unknown" });
  expect(emulator.hub.faults.list()).toEqual([]);
});

test("the tier changes in the running hub, and what the hub refuses is told in its words", async () => {
  expect(await control.changeLimits({ tier: "F1", units: 1 })).toMatchObject({ ok: true, value: { tier: "F1" } });
  expect(emulator.hub.limits.tier).toBe("F1");
  expect(await control.changeLimits({ tier: "F1", units: 3 })).toEqual({
    ok: false,
    reason: "refused",
    message: "units must be a whole number from 1 to 1 in the tier F1.",
  });
  expect(await control.addFault({ where: { point: "moon" }, effect: { kind: "drop" } })).toMatchObject({
    reason: "refused",
    message: expect.stringMatching(/^where\.point must be one of http, /) as string,
  });
});
