/** State both ways: Para's client at one end, Microsoft's device and service SDKs at the other. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { request } from "./support/cloud.ts";
import { lookUp } from "./support/hub-registry.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { keptPort } from "./support/kept-port.ts";
import { para, type ParaKeys } from "./support/para.ts";
import { StateDevice } from "./support/state-device.ts";
import { until } from "./support/until.ts";

let isthmus: IsthmusProcess;
const devices: StateDevice[] = [];
let firstRun: FirstRun;
let app: ParaKeys;

beforeAll(async () => {
  // Devices come back to where they were.
  isthmus = new IsthmusProcess({ IOT_HUB_MQTTS_PORT: String(await keptPort()) });
  firstRun = await isthmus.start();
  const made = await para(firstRun, "GET", "/v1/_setup/greenhouse?name=Greenhouse");
  app = made.body as unknown as ParaKeys;
});

afterAll(async () => {
  for (const device of devices) await device.end();
  await isthmus.dispose();
});

interface Made {
  readonly id: string;
  readonly device: StateDevice;
}

async function makeThing(name: string, deviceState: object = {}): Promise<Made> {
  const answer = await para(firstRun, "POST", "/v1/things", { name, serviceBroker: "Azure", deviceState }, app);
  expect(answer.status).toBe(201);
  const { id, deviceDetails } = answer.body as { id: string; deviceDetails: { connectionString: string } };
  const device = new StateDevice(firstRun, deviceDetails.connectionString);
  devices.push(device);
  await device.connected();
  return { id, device };
}

async function stateOf(id: string): Promise<unknown> {
  return (await para(firstRun, "GET", `/v1/things/${id}`, undefined, app)).body["deviceState"];
}

async function twinOf(id: string): Promise<{ desired: Record<string, unknown>; reported: Record<string, unknown> }> {
  const { properties } = await lookUp(firstRun, "twin", id);
  return properties as Awaited<ReturnType<typeof twinOf>>;
}

test("a Thing is a device in the hub before the answer, and its keys are in that answer only", async () => {
  const thing = { name: "MyThing", serviceBroker: "Azure" };
  const { status, body } = await para(firstRun, "POST", "/v1/things", thing, app);
  expect(status).toBe(201);
  const details = body["deviceDetails"] as Record<string, string>;
  expect(body).toMatchObject({ type: "thing", appid: "greenhouse", ...thing, deviceState: {} });
  expect(details).toMatchObject({ thingId: body["id"], thingName: "MyThing", status: "enabled" });
  const identity = await lookUp(firstRun, "identity", String(body["id"]));
  expect(identity).toMatchObject({
    deviceId: body["id"],
    authentication: { symmetricKey: { primaryKey: details["primaryKey"], secondaryKey: details["secondaryKey"] } },
  });
  const again = await para(firstRun, "GET", `/v1/things/${String(body["id"])}`, undefined, app);
  expect(JSON.stringify(again.body)).not.toContain(details["primaryKey"]);
  expect(again.body).not.toHaveProperty("deviceDetails");
});

test("what the API writes reaches the device, and what the device reports or sends reaches the API", async () => {
  const { id, device } = await makeThing("both-ways", { target: 20 });
  await until(() => device.desired["target"] === 20, "the first state at the device");
  await para(firstRun, "PATCH", `/v1/thing/${id}`, { deviceState: { target: 21, fan: { on: true } } }, app);
  await until(() => device.desired["target"] === 21, "the change at the device");
  expect(device.desired["fan"]).toEqual({ on: true });

  await device.report({ battery: 88 });
  await device.send({ temperature: 19.5, fan: { speed: 3 } });
  const expected = { target: 21, fan: { on: true, speed: 3 }, battery: 88, temperature: 19.5 };
  await until(async () => JSON.stringify(await stateOf(id)).includes("19.5"), "what the device sent");
  await until(async () => JSON.stringify(await stateOf(id)).includes("battery"), "what the device reported");
  expect(await stateOf(id)).toEqual(expected);
  expect((await para(firstRun, "GET", `/v1/things/${id}`, undefined, app)).body["name"]).toBe("both-ways");

  const { desired, reported } = await twinOf(id);
  expect(desired).toMatchObject({ target: 21, fan: { on: true } });
  // Nothing that came from the device went back to it: one version for each change that the API made.
  expect(desired["$version"]).toBe(3);
  expect(reported).toMatchObject({ battery: 88 });
});

test("an app is a product: its Things are among the product's devices", async () => {
  const { json } = await request(firstRun, "GET", "/v1/products/greenhouse/devices");
  const { totalHits } = (await para(firstRun, "GET", "/v1/things", undefined, app)).body;
  expect((json["devices"] as unknown[]).length).toBe(totalHits);
});

test("what was written while the server was down is there when it is back, both ways", async () => {
  const { id, device } = await makeThing("restarted");
  await isthmus.kill();
  // The Local Hub ends with its parent: the device sends as soon as both are back.
  const sent = device.send({ uptime: 7 });
  firstRun = await isthmus.start();
  await sent;
  await para(firstRun, "PATCH", `/v1/things/${id}`, { deviceState: { uptime: 7, mode: "eco" } }, app);
  await until(() => device.desired["mode"] === "eco", "the change at the device", 60_000);
  await until(async () => JSON.stringify(await stateOf(id)) === '{"uptime":7,"mode":"eco"}', "both in the state");
  expect((await twinOf(id)).desired).toMatchObject({ mode: "eco" });
});

test("a Thing that is deleted is deleted in the hub", async () => {
  const { id } = await makeThing("short-lived");
  expect((await para(firstRun, "DELETE", `/v1/things/${id}`, undefined, app)).status).toBe(200);
  await until(async () => "error" in (await lookUp(firstRun, "identity", id)), "the end of the identity");
  expect((await para(firstRun, "DELETE", `/v1/things/${id}`, undefined, app)).status).toBe(404);
});
