import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const DEVICE = "0123456789abcdef01234567";
const KEY = Buffer.alloc(32, 7).toString("base64");
const AZURE = { integration_type: "AzureIotHub", event: "temp", hub_name: "my-hub", policy_name: "p", policy_key: KEY };

let api: TestApi;
let token: string;

beforeEach(async () => {
  api = createTestApi();
  const ada = await api.account("ada");
  ({ token } = ada);
  await api.directory.claimDevice(ada.id, DEVICE);
  await api.directory.updateDevice(DEVICE, { name: "cellar" });
});

afterEach(() => api.app.close());

async function call(
  method: "GET" | "POST" | "PUT",
  url: string,
  payload?: object | string,
): Promise<Record<string, unknown>> {
  const type = typeof payload === "string" ? "application/x-www-form-urlencoded" : "application/json";
  const headers = { authorization: `Bearer ${token}`, ...(payload !== undefined && { "content-type": type }) };
  const answer = await api.app.inject({ method, url, headers, ...(payload !== undefined && { payload }) });
  expect(answer.statusCode).toBeLessThan(300);
  expect(answer.body).not.toContain(KEY);
  return answer.json();
}

test.each(["deviceID", "deviceid", "deviceId"])(
  "the device filter may be spelled %s, by id or name",
  async (spelling) => {
    expect(await call("POST", "/v1/integrations", { ...AZURE, [spelling]: DEVICE })).toMatchObject({
      deviceID: DEVICE,
    });
    expect(await call("POST", "/v1/integrations", { ...AZURE, [spelling]: "cellar" })).toMatchObject({
      deviceID: DEVICE,
    });
  },
);

test("a form and the old field names work too", async () => {
  const { event: _event, ...fields } = AZURE;
  const form = new URLSearchParams({
    ...fields,
    eventName: "temp",
    mydevices: "true",
    disabled: "true",
    name_sync: "false",
  });
  expect(await call("POST", "/v1/integrations", form.toString())).toMatchObject({
    event: "temp",
    disabled: true,
    name_sync: "once",
  });
});

test.each(["local", "my-hub", "my-hub.azure-devices.net"])("a hub may be given as %s", async (hub) => {
  const made = await call("POST", "/v1/integrations", { ...AZURE, hub_name: hub });
  const hostName = hub === "local" ? "local" : "my-hub.azure-devices.net";
  expect(made).toMatchObject({ hub_name: hub });
  expect(await api.directory.connection(`connection-${String(made["id"])}`)).toMatchObject({
    hostName,
    policyKey: KEY,
  });
});

test("the Local Hub needs neither policy nor key", async () => {
  const made = await call("POST", "/v1/integrations", {
    integration_type: "AzureIotHub",
    event: "t",
    hub_name: "local",
  });
  expect(made).toMatchObject({ policy_name: "iothubowner", name: "t for local" });
});

test("an edit without a key keeps the stored one, and one with a key replaces it", async () => {
  const { id } = await call("POST", "/v1/integrations", AZURE);
  const url = `/v1/integrations/${String(id)}`;
  for (const policy_key of [undefined, "", "********"]) {
    await call("PUT", url, { ...AZURE, policy_key });
    expect(await api.directory.connection(`connection-${String(id)}`)).toMatchObject({ policyKey: KEY });
  }
  const other = Buffer.alloc(32, 9).toString("base64");
  await call("PUT", url, { ...AZURE, policy_key: other });
  expect(await api.directory.connection(`connection-${String(id)}`)).toMatchObject({ policyKey: other });
});

test("an edit replaces what is optional and keeps what an integration must have", async () => {
  const { id } = await call("POST", "/v1/integrations", {
    ...AZURE,
    name: "mine",
    disabled: true,
    deviceID: DEVICE,
    json: "{{x}}",
  });
  const { integration } = await call("PUT", `/v1/integrations/${String(id)}`, {});
  expect(integration).toMatchObject({ event: "temp", hub_name: "my-hub", policy_name: "p" });
  expect(integration).toMatchObject({ name: "temp for my-hub", disabled: false });
  expect(integration).not.toHaveProperty("deviceID");
  expect(integration).not.toHaveProperty("json");
});

test("a change is in force when it is answered", async () => {
  let reloaded = false;
  await api.app.close();
  api = createTestApi({
    onIntegrationChanged: async () => {
      await new Promise(setImmediate);
      reloaded = true;
    },
  });
  ({ token } = await api.account("ada"));
  await call("POST", "/v1/integrations", AZURE);
  expect(reloaded).toBe(true);
});

test("a failed test says why and what to do", async () => {
  const { id } = await call("POST", "/v1/integrations", AZURE);
  const steps = [{ name: "sign in", ok: false, message: "401" }];
  api.world.testReport = {
    pass: false,
    failure: { code: "key_refused", message: "Refused.", hubCode: "401002" },
    steps,
    sent: null,
    arrival: null,
  };
  expect(await call("POST", `/v1/integrations/${String(id)}/test`, { device_id: "api", data: "x" })).toEqual({
    pass: false,
    data: null,
    error: expect.stringMatching(/^Refused\. Copy the policy's name and primary key again/),
    code: "key_refused",
    hub_code: "401002",
    next_step: expect.stringMatching(/^Copy/),
    steps,
    device_id: null,
    message: null,
    arrival: null,
  });
  expect(api.tests).toEqual([{ integrationId: id, data: "x" }]);
});

test("a test may be made as a device of one's own", async () => {
  const { id } = await call("POST", "/v1/integrations", AZURE);
  await call("POST", `/v1/integrations/${String(id)}/test`, `device_id=${DEVICE}`);
  expect(api.tests).toEqual([{ integrationId: id, data: "test-event", deviceId: DEVICE }]);
});

test("the log shows what was sent and answered, and for failures the next step", async () => {
  const { id } = await call("POST", "/v1/integrations", AZURE);
  const about = { eventId: "e", event: "temp", deviceId: DEVICE, at: 0 };
  const exchange = { request: '{"data":"21"}', response: "accepted", status: "accepted", durationMs: 12.4 };
  const failure = { code: "message_too_large", message: "Too large." } as const;
  api.world.deliveries.logOf = [
    { ...about, deliveryId: 3, outcome: "delivered", failure: null, exchange },
    { ...about, deliveryId: 2, outcome: "parked", failure, exchange: null },
  ];
  const { integration } = await call("GET", `/v1/integrations/${String(id)}`);
  expect((integration as { logs: unknown }).logs).toMatchObject([
    { id: 3, success: true, error: null, request: '{"data":"21"}', response: "accepted", duration_ms: 12 },
    {
      id: 2,
      outcome: "parked",
      success: false,
      error: "Too large.",
      code: "message_too_large",
      next_step: expect.stringContaining("256 KB"),
    },
  ]);
});

test("deleting an integration whose events wait needs a confirmation", async () => {
  const { id } = await call("POST", "/v1/integrations", AZURE);
  api.world.deliveries.ledgerOf = { ...api.world.deliveries.ledgerOf, accepted: 11, pending: 7 };
  const url = `/v1/integrations/${String(id)}`;
  const headers = { authorization: `Bearer ${token}` };
  const refused = await api.app.inject({ method: "DELETE", url, headers });
  expect([refused.statusCode, refused.json()]).toMatchObject([
    409,
    { ok: false, code: "pending_deliveries", pending: 7 },
  ]);
  expect(await api.directory.integration(String(id))).not.toBeNull();
  expect((await api.app.inject({ method: "DELETE", url: `${url}?confirm=true`, headers })).statusCode).toBe(204);
  expect(await api.directory.integration(String(id))).toBeNull();
});
