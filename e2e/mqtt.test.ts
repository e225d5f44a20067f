/** Devices on MQTT, judged by others' clients only: MQTT.js is the device, Particle's client the owner, Microsoft's reads the hub. */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { connectAsync, type IClientOptions, type MqttClient } from "mqtt";
import Particle from "particle-api-js";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { makeDevices, makeIntegration, makeProduct, request, type FleetDevice } from "./support/cloud.ts";
import { HubReader } from "./support/hub-reader.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { until } from "./support/until.ts";

const isthmus = new IsthmusProcess({ ISTHMUS_CALL_TIMEOUT_SECONDS: "2" });
const clients: MqttClient[] = [];
let firstRun: FirstRun;
let reader: HubReader;
let particle: Particle;
let device: FleetDevice;
let auth: string;

beforeAll(async () => {
  firstRun = await isthmus.start();
  auth = firstRun.accessToken;
  particle = new Particle({ baseUrl: firstRun.url });
  await makeProduct(firstRun, "fleet");
  [device] = (await makeDevices(firstRun, "fleet", 1)) as [FleetDevice];
  await makeIntegration(firstRun, "fleet", { event: "weather" });
  reader = new HubReader(firstRun);
});

afterEach(() => {
  for (const client of clients.splice(0)) client.end(true);
});

afterAll(async () => {
  await reader?.close();
  await isthmus.dispose();
});

async function connect(options: IClientOptions = {}, url = firstRun.mqttUrl): Promise<MqttClient> {
  const credentials = { username: device.id, password: device.token };
  const client = await connectAsync(url, { ...credentials, reconnectPeriod: 0, ...options });
  clients.push(client);
  return client;
}

test.each([4, 5] as const)(
  "with protocol %i an event reaches the hub in the device's own stream",
  async (protocolVersion) => {
    const client = await connect({ protocolVersion });
    await client.publishAsync(`devices/${device.id}/events/weather/v${protocolVersion}`, "21.5", { qos: 1 });
    const mine = (): HubReader["events"] =>
      reader.events.filter((e) => e.body["event"] === `weather/v${protocolVersion}`);
    await reader.reads(() => mine().length > 0, "the event");
    expect(mine()).toMatchObject([
      { body: { data: "21.5", device_id: device.id }, systemProperties: { "iothub-connection-device-id": device.id } },
    ]);
  },
);

test("an event under a name of its own that comes again is in the hub once", async () => {
  const client = await connect({ protocolVersion: 5 });
  const properties = { userProperties: { id: "reading-1" } };
  const topic = `devices/${device.id}/events/weather/once`;
  for (let i = 0; i < 3; i++) await client.publishAsync(topic, "1", { qos: 1, properties });
  await client.publishAsync(`devices/${device.id}/events/weather/last`, "1", { qos: 1 });
  await reader.reads((events) => events.some(({ body }) => body["event"] === "weather/last"), "the last event");
  expect(reader.events.filter(({ body }) => body["event"] === "weather/once")).toHaveLength(1);
});

test("the owner calls a function and reads a variable; what the device does not have or answer is told as documented", async () => {
  const client = await connect({ protocolVersion: 5 });
  client.on("message", (topic, payload, { properties }) => {
    const name = topic.split("/")[4];
    const answer = name === "double" ? String(Number(payload.toString()) * 2) : name === "level" ? "21.5" : undefined;
    if (answer !== undefined) client.publish(properties!.responseTopic!, answer, { qos: 1 });
  });
  await client.subscribeAsync(`devices/${device.id}/commands/#`, { qos: 1 });
  const description = { functions: ["double", "sleep"], variables: { level: "double" }, firmware_version: 7 };
  await client.publishAsync(`devices/${device.id}/describe`, JSON.stringify(description), { qos: 1 });
  const fleet = { deviceId: device.id, product: "fleet", auth };

  const called = await particle.callFunction({ ...fleet, name: "double", argument: "21" });
  expect(called.body).toMatchObject({ id: device.id, connected: true, return_value: 42 });
  const read = await particle.getVariable({ ...fleet, name: "level" });
  expect(read.body).toMatchObject({ name: "level", result: 21.5, coreInfo: { deviceID: device.id, connected: true } });
  await expect(particle.callFunction({ ...fleet, name: "close", argument: "" })).rejects.toMatchObject({
    statusCode: 404,
  });
  await expect(particle.callFunction({ ...fleet, name: "sleep", argument: "" })).rejects.toMatchObject({
    statusCode: 408,
  });
  const shown = await request(firstRun, "GET", `/v1/products/fleet/devices/${device.id}`);
  expect(shown.json["firmware_version"]).toBe(7);

  await client.endAsync();
  await until(async () => {
    const { status } = await request(firstRun, "GET", `/v1/products/fleet/devices/${device.id}/level`);
    return status === 404;
  }, "the device to be away");
});

test("a revoked token ends the connection at once", async () => {
  const client = await connect({ protocolVersion: 5 });
  const reason = new Promise((resolve) => client.once("disconnect", ({ reasonCode }) => resolve(reasonCode)));
  await request(firstRun, "DELETE", `/v1/products/fleet/devices/${device.id}/token`);
  expect(await reason).toBe(0x87);
  await expect(connect({ protocolVersion: 5 })).rejects.toMatchObject({ code: 0x86 });
});

test("a bridge with a certificate takes devices over TLS", async () => {
  // The Local Hub's development certificate is for this machine's name and addresses.
  const folder = dirname(firstRun.localHub.caFile);
  const secure = new IsthmusProcess({
    ISTHMUS_LOCAL_HUB: "off",
    ISTHMUS_MQTT_PORT: "off",
    ISTHMUS_MQTTS_PORT: "0",
    ISTHMUS_TLS_CERT: join(folder, "server.pem"),
    ISTHMUS_TLS_KEY: join(folder, "server-key.pem"),
  });
  try {
    const there = await secure.start();
    await makeProduct(there, "fleet");
    const [sensor] = (await makeDevices(there, "fleet", 1)) as [FleetDevice];
    expect(there.mqttUrl).toBeUndefined();
    const options = { ca: readFileSync(firstRun.localHub.caFile), username: sensor.id, password: sensor.token };
    const client = await connect(options, there.mqttsUrl);
    await client.publishAsync(`devices/${sensor.id}/events/weather/tls`, "1", { qos: 1 });
    const { json } = await request(there, "GET", `/v1/products/fleet/devices/${sensor.id}`);
    expect(json["last_heard"]).not.toBeNull();
  } finally {
    await secure.dispose();
  }
});
