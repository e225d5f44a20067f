/** Trouble with the hub: named in the TEST and in the API, costs no event, and ends by itself when its cause ends. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { makeDevices, makeIntegration, makeProduct, request, type FleetDevice } from "./support/cloud.ts";
import { HubReader } from "./support/hub-reader.ts";
import { IsthmusProcess, type FirstRun } from "./support/isthmus-process.ts";
import { until } from "./support/until.ts";

const isthmus = new IsthmusProcess();
let firstRun: FirstRun;
let device: FleetDevice;

beforeAll(async () => {
  firstRun = await isthmus.start();
  await makeProduct(firstRun, "fleet");
  [device] = (await makeDevices(firstRun, "fleet", 1)) as [FleetDevice];
});

afterAll(async () => {
  await isthmus.dispose();
});

interface TestAnswer {
  readonly pass: boolean;
  readonly error: string;
}

async function testOf(settings: object): Promise<{ readonly id: string; readonly answer: TestAnswer }> {
  const id = await makeIntegration(firstRun, "fleet", settings);
  const { status, json } = await request(firstRun, "POST", `/v1/products/fleet/integrations/${id}/test`);
  expect(status).toBe(200);
  return { id, answer: json as unknown as TestAnswer };
}

async function ledger(id: string): Promise<Record<string, number>> {
  return (await request(firstRun, "GET", `/admin/v1/integrations/${id}/ledger`)).json["ledger"] as Record<
    string,
    number
  >;
}

async function publish(name: string, data: string): Promise<void> {
  const { status } = await request(firstRun, "POST", "/v1/devices/events", { name, data }, device.token);
  expect(status).toBe(200);
}

test("the TEST of a good integration passes and leaves no identity behind", async () => {
  // The Local Hub's own host name, as it stands in its connection string, means the Local Hub too.
  const { answer } = await testOf({ event: "good", hub_name: firstRun.localHub.hostName });
  expect(answer).toMatchObject({ pass: true });
  const reader = new HubReader(firstRun);
  await reader.reads((events) => events.length === 1, "the test's message");
  await reader.close();
  expect(reader.events[0]!.body).toMatchObject({ event: "good", data: "test-event" });
});

test("a wrong policy key: the TEST says so, events wait, and go out in order when the key is mended", async () => {
  const wrong = Buffer.alloc(32, 7).toString("base64");
  const { id, answer } = await testOf({ event: "mend", policy_name: "iothubowner", policy_key: wrong });
  expect(answer.pass).toBe(false);
  expect(answer.error).toMatch(/key/i);
  expect(JSON.stringify(answer)).not.toContain(wrong);

  for (let i = 0; i < 5; i++) await publish("mend", String(i));
  await until(async () => {
    const { json } = await request(firstRun, "GET", "/admin/v1/connections");
    return JSON.stringify(json).includes("key_refused");
  }, "the connection to be named as refused");
  expect(await ledger(id)).toMatchObject({ accepted: 5, pending: 5, parked: 0 });

  const right = /SharedAccessKey=(.*)$/.exec(firstRun.localHub.connectionString)![1]!;
  const mended = await request(firstRun, "PUT", `/v1/products/fleet/integrations/${id}`, {
    event: "mend",
    hub_name: "local",
    policy_name: "iothubowner",
    policy_key: right,
  });
  expect(mended.status).toBe(200);
  expect(JSON.stringify(mended.json)).not.toContain(right);
  await until(async () => (await ledger(id))["delivered"] === 5, "the waiting events");
  const reader = new HubReader(firstRun);
  const data = (): unknown[] => reader.events.filter((e) => e.body["event"] === "mend").map((e) => e.body["data"]);
  await reader.reads(() => data().filter((text) => text !== "test-event").length === 5, "the mended events");
  await reader.close();
  expect(data().filter((text) => text !== "test-event")).toEqual(["0", "1", "2", "3", "4"]);
});

test("an unknown hub: the TEST says that the name does not resolve, and events wait", async () => {
  const settings = { event: "nowhere", hub_name: "no-such-hub-here", policy_name: "p", policy_key: "a2V5" };
  const { id, answer } = await testOf(settings);
  expect(answer.pass).toBe(false);
  expect(answer.error).toContain("no-such-hub-here.azure-devices.net");
  await publish("nowhere", "1");
  expect(await ledger(id)).toMatchObject({ accepted: 1, pending: 1 });
});

test.each([
  ["device", /registry|permission/i],
  ["registryRead", /permission/i],
  ["service", /permission/i],
])("the policy '%s' lacks permissions: the TEST names what is missing", async (policy_name, reason) => {
  const { answer } = await testOf({ event: `lacks-${policy_name}`, policy_name });
  expect(answer.pass).toBe(false);
  expect(answer.error).toMatch(reason);
});

test("a policy that may only register and send still delivers; the name that it may not write holds up nothing", async () => {
  const id = await makeIntegration(firstRun, "fleet", { event: "sends" });
  await publish("sends", "known now");
  await until(async () => (await ledger(id))["delivered"] === 1, "the identity");
  const telemetryOnly = await makeIntegration(firstRun, "fleet", { event: "only-telemetry", policy_name: "device" });
  await publish("only-telemetry", "1");
  await until(
    async () => (await ledger(telemetryOnly))["delivered"] === 1,
    "the event of a policy with device connect only",
  );
  expect(await ledger(telemetryOnly)).toMatchObject({ accepted: 1, delivered: 1 });
});

test("one hub's trouble does not hold up another hub", async () => {
  const good = await makeIntegration(firstRun, "fleet", { event: "both" });
  const settings = { event: "both", hub_name: "dead-hub-name", policy_name: "p", policy_key: "a2V5" };
  const bad = await makeIntegration(firstRun, "fleet", settings);
  for (let i = 0; i < 20; i++) await publish("both", String(i));
  await until(async () => (await ledger(good))["delivered"] === 20, "the good hub's events");
  expect(await ledger(bad)).toMatchObject({ accepted: 20, pending: 20 });
});
