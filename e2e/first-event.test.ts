/** The main job, judged by the vendors' clients only: Particle's at one end, Microsoft's at the other. */
import Particle from "particle-api-js";
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeDevices, makeIntegration, makeProduct, request, type FleetDevice } from "./support/cloud.ts";
import { firstOccurrences, HubReader } from "./support/hub-reader.ts";
import { lookUp } from "./support/hub-registry.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { until } from "./support/until.ts";

const isthmus = new IsthmusProcess();
let firstRun: FirstRun;
let reader: HubReader;
let particle: Particle;
let auth: string;

beforeAll(async () => {
  firstRun = await isthmus.start();
  reader = new HubReader(firstRun);
  particle = new Particle({ baseUrl: firstRun.url });
  const { username, password } = firstRun;
  const login = await particle.login({ username, password });
  auth = (login.body as { access_token: string }).access_token;
});

afterAll(async () => {
  await reader?.close();
  await isthmus.dispose();
});

test("an event that particle-api-js publishes as a device arrives in that device's stream", async () => {
  await makeProduct(firstRun, "greenhouse");
  const id = "e00fce681234567890abcdef";
  await particle.addDeviceToProduct({ deviceId: id, product: "greenhouse", auth });
  await particle.renameDevice({ deviceId: id, name: "north-bed", product: "greenhouse", auth });
  await request(firstRun, "PUT", `/v1/products/greenhouse/devices/${id}`, { firmware_version: 7 });
  const settings = { integration_type: "AzureIotHub", hub_name: "local" };
  const created = await particle.createIntegration({ event: "temperature", settings, product: "greenhouse", auth });
  expect(created.statusCode).toBe(201);
  const listed = await particle.listIntegrations({ product: "greenhouse", auth });
  expect(listed.body).toEqual([expect.objectContaining({ event: "temperature", hub_name: "local" })]);

  const publishedAfter = Date.now();
  const published = await request(firstRun, "POST", "/v1/products/greenhouse/events", {
    name: "temperature/air",
    data: "21.5",
    as_device_id: id,
  });
  expect(published).toMatchObject({ status: 200, json: { ok: true } });

  const mine = (): HubReader["events"] =>
    reader.events.filter((e) => e.systemProperties["iothub-connection-device-id"] === id);
  await reader.reads(() => mine().length > 0, "the event");
  const [event] = mine();
  expect(event!.body).toEqual({
    data: "21.5",
    device_id: id,
    event: "temperature/air",
    published_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/) as string,
    fw_version: "7",
  });
  expect(Date.parse(String(event!.body["published_at"]))).toBeGreaterThanOrEqual(publishedAfter - 1);
  expect(event!.contentType).toBe("application/json");
  expect(event!.systemProperties["contentEncoding"]).toBe("utf-8");
  expect(event!.properties).toEqual({ event: "temperature/air", seq: "1" });
  expect(event!.messageId).toMatch(/^[0-9a-f-]{36}$/);
  expect(event!.systemProperties["iothub-message-source"]).toBe("Telemetry");

  expect(await lookUp(firstRun, "identity", id)).toMatchObject({ deviceId: id, status: "enabled" });
  expect(await lookUp(firstRun, "twin", id)).toMatchObject({ properties: { desired: { deviceName: "north-bed" } } });
});

test("a renamed device's twin follows", async () => {
  const id = "e00fce681234567890abcdef";
  await particle.renameDevice({ deviceId: id, name: "south-bed", product: "greenhouse", auth });
  const name = async (): Promise<unknown> => {
    const twin = (await lookUp(firstRun, "twin", id)) as { properties: { desired: { deviceName: string } } };
    return twin.properties.desired.deviceName;
  };
  await until(async () => (await name()) !== "north-bed", "the new name");
  expect(await name()).toBe("south-bed");
});

test("a claimed device's own publish goes through a sandbox integration", async () => {
  const id = "e00fce68aaaaaaaaaaaaaaaa";
  await particle.claimDevice({ deviceId: id, auth });
  const settings = { integration_type: "AzureIotHub", hub_name: "local" };
  await particle.createIntegration({ event: "door", settings, deviceId: id, auth });
  const { json } = await request(firstRun, "POST", `/v1/devices/${id}/token`);
  await particle.publishEvent({ name: "door", data: "open", auth: String(json["token"]) });
  await reader.reads((events) => events.some((e) => e.body["device_id"] === id), "the device's event");
  const event = reader.events.find((e) => e.body["device_id"] === id);
  expect(event?.body).toMatchObject({ data: "open", event: "door" });
  expect(event?.body).not.toHaveProperty("fw_version");
});

test("1,000 events of 50 devices arrive once each, and in order for every device", async () => {
  await makeProduct(firstRun, "fleet");
  const devices = await makeDevices(firstRun, "fleet", 50);
  await makeIntegration(firstRun, "fleet");
  await Promise.all(devices.map((device) => publishInOrder(firstRun, device, 20)));
  const arrived = (): Map<string, HubReader["events"]> =>
    firstOccurrences(reader.events.filter((event) => String(event.body["event"]).startsWith("load/")));
  const count = (): number => [...arrived().values()].reduce((sum, list) => sum + list.length, 0);
  await reader.reads(() => count() === 1000, "1,000 events");
  expect(reader.events.filter((event) => String(event.body["event"]).startsWith("load/"))).toHaveLength(1000);
  for (const device of devices) {
    const list = arrived().get(device.id)!;
    expect(list.map((event) => event.body["data"])).toEqual(Array.from({ length: 20 }, (_, i) => String(i)));
    expect(list.map((event) => event.properties["seq"])).toEqual(Array.from({ length: 20 }, (_, i) => String(i + 1)));
    expect(new Set(list.map((event) => event.partitionId)).size).toBe(1);
  }
});

test("a stop ends it in peace, and the next start goes on with the same devices, integrations and stream", async () => {
  const before = firstRun;
  expect(await isthmus.stop()).toBe(0);
  await reader.close();
  firstRun = await isthmus.start();
  expect(firstRun).toMatchObject({ password: before.password, accessToken: before.accessToken });
  reader = new HubReader(firstRun);
  await reader.reads((events) => events.length >= 1002, "what was there before");
  const published = await request(firstRun, "POST", "/v1/products/greenhouse/events", {
    name: "temperature/air",
    data: "22.0",
    as_device_id: "e00fce681234567890abcdef",
  });
  expect(published.status).toBe(200);
  await reader.reads((events) => events.some((event) => event.body["data"] === "22.0"), "the event after the restart");
  const event = reader.events.find((e) => e.body["data"] === "22.0");
  expect(event?.properties["seq"]).toBe("2");
});

async function publishInOrder(run: FirstRun, { token }: FleetDevice, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const answer = await request(run, "POST", "/v1/devices/events", { name: "load/value", data: String(i) }, token);
    expect(answer.status).toBe(200);
  }
}
