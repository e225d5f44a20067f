/** The state of a device that publishes through the bridge: MQTT.js as the device, Microsoft's service SDK at the hub. */
import mqtt, { type MqttClient } from "mqtt";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeDevices, makeProduct, request, type FleetDevice } from "./support/cloud.ts";
import { lookUp } from "./support/hub-registry.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { until } from "./support/until.ts";

type State = Readonly<Record<string, unknown>>;

const isthmus = new IsthmusProcess();
let firstRun: FirstRun;
let device: FleetDevice;
let client: MqttClient;
const desired: State[] = [];

beforeAll(async () => {
  firstRun = await isthmus.start();
  await makeProduct(firstRun, "pumps");
  [device] = (await makeDevices(firstRun, "pumps", 1)) as [FleetDevice];
  const { id, token } = device;
  client = await mqtt.connectAsync(firstRun.mqttUrl, { username: id, password: token, clientId: id });
  client.on("message", (_topic, payload) => desired.push(JSON.parse(payload.toString()) as State));
  await client.subscribeAsync(`devices/${id}/state/desired`, { qos: 1 });
});

afterAll(async () => {
  await client?.endAsync();
  await isthmus.dispose();
});

const path = (): string => `/admin/v1/devices/${device.id}/state`;

async function twin(): Promise<{ desired: State; reported: State }> {
  const { properties } = await lookUp(firstRun, "twin", device.id);
  return (properties ?? { desired: {}, reported: {} }) as Awaited<ReturnType<typeof twin>>;
}

test("what the API writes goes to the device over MQTT and into its twin", async () => {
  const written = await request(firstRun, "PATCH", path(), { state: { interval: 30, led: { color: "green" } } });
  expect(written.status).toBe(200);
  await until(() => desired.at(-1)?.["interval"] === 30, "the desired state at the device");
  expect(desired.at(-1)).toMatchObject({ led: { color: "green" } });
  await until(async () => (await twin()).desired["interval"] === 30, "the desired state in the twin");
});

test("what the device reports is in the API at once and in its twin's reported properties", async () => {
  await client.publishAsync(`devices/${device.id}/state/reported`, JSON.stringify({ voltage: 3.7 }), { qos: 1 });
  const { json } = await request(firstRun, "GET", path());
  expect(json["state"]).toEqual({ interval: 30, led: { color: "green" }, voltage: 3.7 });
  await until(async () => (await twin()).reported["voltage"] === 3.7, "the report in the twin");
  // Nothing that the device said was told to it again.
  expect(desired.every((state) => !("voltage" in state))).toBe(true);
});

test("a device hears what was wished while it was away, and what cannot be reported is refused", async () => {
  await client.endAsync();
  await request(firstRun, "PATCH", path(), { state: { interval: null, mode: "night" } });
  const { id, token } = device;
  client = await mqtt.connectAsync(firstRun.mqttUrl, {
    username: id,
    password: token,
    clientId: id,
    protocolVersion: 5,
  });
  client.on("message", (_topic, payload) => desired.push(JSON.parse(payload.toString()) as State));
  await client.subscribeAsync(`devices/${id}/state/desired`, { qos: 1 });
  await until(() => desired.at(-1)?.["mode"] === "night", "the desired state at the device");
  expect(desired.at(-1)).not.toHaveProperty("interval");
  const bad = client.publishAsync(`devices/${id}/state/reported`, JSON.stringify({ "a.b": 1 }), { qos: 1 });
  await expect(bad).rejects.toThrow(/a\.b|payload/i);
});
