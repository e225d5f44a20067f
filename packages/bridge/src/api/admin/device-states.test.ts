import { afterEach, beforeEach, expect, test } from "vitest";
import type { DeviceState } from "../../core/device-state.ts";
import { createTestApi, LISTED_HUB_HOST } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const DEVICE = "0123456789abcdef01234567";
const PATH = `/admin/v1/devices/${DEVICE}/state`;

let api: TestApi;
let token: string;
let accountId: string;

beforeEach(async () => {
  api = createTestApi();
  ({ token, id: accountId } = await api.account("ada"));
  await api.directory.claimDevice(accountId, DEVICE);
  await api.directory.updateDevice(DEVICE, { name: "cellar" });
  await api.app.ready();
});

afterEach(() => api.app.close());

async function call(
  method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE",
  url: string,
  body?: object,
): Promise<{ status: number; json: Record<string, unknown> }> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await api.app.inject({ method, url, headers, ...(body !== undefined && { payload: body }) });
  return { status: answer.statusCode, json: answer.body === "" ? {} : answer.json<Record<string, unknown>>() };
}

test("a device without a state has an empty one, with the same fields as any", async () => {
  const { json: empty } = await call("GET", PATH);
  expect(empty).toMatchObject({ device_id: DEVICE, state: {}, sync: "in_step", revision: 0 });
  await call("PATCH", PATH, { state: { on: true } });
  expect(Object.keys((await call("GET", PATH)).json)).toEqual(Object.keys(empty));
});

test("PATCH merges and null removes; PUT replaces; what was read can be sent back", async () => {
  await call("PATCH", PATH, { state: { on: true, limits: { low: 1, high: 5 } } });
  const merged = await call("PATCH", PATH, { state: { on: null, limits: { high: 9 } } });
  expect(merged).toMatchObject({ status: 200, json: { state: { limits: { low: 1, high: 9 } } } });
  expect((await call("PUT", PATH, merged.json)).json["state"]).toEqual({ limits: { low: 1, high: 9 } });
  expect((await call("PUT", PATH, { state: {} })).json["state"]).toEqual({});
});

test("one's own device may be called by its name, and its id in either letter case", async () => {
  await call("PATCH", "/admin/v1/devices/cellar/state", { state: { on: true } });
  expect((await call("GET", `/admin/v1/devices/${DEVICE.toUpperCase()}/state`)).json["state"]).toEqual({ on: true });
});

test.each([
  [{}, "state is required"],
  [{ state: [] }, "state must be a JSON object"],
  [{ state: null }, "state must be a JSON object"],
  [{ state: "on" }, "state must be a JSON object"],
])("%j is refused", async (body, error) => {
  expect(await call("PATCH", PATH, body)).toEqual({ status: 400, json: { ok: false, error } });
});

test("a wait that is too long is refused before anything is written", async () => {
  expect((await call("PATCH", `${PATH}?wait=31`, { state: { on: true } })).json["error"]).toMatch(/^wait must be/);
  expect(await api.states.state(DEVICE)).toBeNull();
});

const waiting: Partial<DeviceState> = {
  pendingSince: 0,
  trouble: { failure: { code: "hub_unreachable", message: "No answer." }, attempts: 2, retryAt: 60_000 },
};

test("what waits for the hub says since when, why, and what to do", async () => {
  await call("PATCH", PATH, { state: { on: true } });
  api.states.set({ ...(await api.states.state(DEVICE))!, ...waiting, stamps: { on: [5, "api"], gone: [6, "device"] } });
  expect((await call("GET", PATH)).json).toMatchObject({
    sync: "waiting",
    waiting_since: "1970-01-01T00:00:00.000Z",
    error: { code: "hub_unreachable", next_step: expect.any(String), attempts: 2 },
    written: { on: { at: "1970-01-01T00:00:00.005Z", by: "api" } },
  });
});

test("a message that its device's full queue holds up is told apart from what the twin still lacks", async () => {
  await call("PATCH", PATH, { state: { on: true } });
  const failure = { code: "message_queue_full", message: "The queue holds 50 messages." } as const;
  const trouble = { failure, attempts: 1, retryAt: 0 };
  const record = (await api.states.state(DEVICE))!;
  const desired = { ...record.desired, pending: null };
  api.states.set({ ...record, desired, pendingSince: 0, messageFor: 7, trouble });
  expect((await call("GET", PATH)).json).toMatchObject({
    sync: "waiting",
    pending: { desired: null, reported: null, message: true },
    error: { code: "message_queue_full", next_step: expect.stringContaining("read them") },
  });
});

test("settings keep what is left out, go back to the defaults, and are told to the engine", async () => {
  const path = "/admin/v1/state-settings";
  expect((await call("GET", path)).json["settings"]).toMatchObject({ telemetry: "merge", is_default: true });
  const hub = { hub_name: "my-hub", policy_name: "isthmus", policy_key: "c2VjcmV0" };
  const saved = await call("PUT", path, { telemetry: "replace", sweep_seconds: 30, ...hub });
  expect(saved.json["settings"]).toMatchObject({ hub_name: "my-hub", policy_key: "********", sweep_seconds: 30 });
  expect(JSON.stringify(saved)).not.toContain("c2VjcmV0");
  // What was read is sent back with a change.
  const settings = { ...(saved.json["settings"] as object), conflicts: "ours" };
  const changed = await call("PUT", path, settings);
  expect(changed).toMatchObject({
    status: 200,
    json: { settings: { telemetry: "replace", conflicts: "ours", hub_name: "my-hub" } },
  });
  expect((await call("PUT", path, { hub_name: "", sweep_seconds: null })).json["settings"]).toMatchObject({
    hub_name: null,
    sweep_seconds: null,
    conflicts: "ours",
  });
  expect((await call("DELETE", path)).status).toBe(204);
  expect((await call("DELETE", path)).status).toBe(404);
  expect(api.states.changedScopes).toHaveLength(4);
});

const HUB = { hub_name: "my-hub", policy_name: "isthmus", policy_key: "a2V5" };
const NAMESPACE = "iothub-ns-my-hub-1-abc.servicebus.windows.net";

test("of a connection string of the built-in endpoint only address and name are kept", async () => {
  const text = `Endpoint=sb://${NAMESPACE}/;SharedAccessKeyName=service;SharedAccessKey=c2VjcmV0;EntityPath=my-hub`;
  const saved = await call("PUT", "/admin/v1/state-settings", { event_endpoint: text, ...HUB });
  expect(saved.json["settings"]).toMatchObject({ event_endpoint: `sb://${NAMESPACE}/`, event_hub_name: "my-hub" });
  expect(JSON.stringify(await api.stateSettings.allStateSettings())).not.toContain("c2VjcmV0");
  const reset = await call("PUT", "/admin/v1/state-settings", { event_endpoint: null, event_hub_name: null });
  expect(reset.json["settings"]).toMatchObject({ event_endpoint: null, event_hub_name: null });
});

test("messages may be read at a host that the operator lists among the hubs", async () => {
  const at = { event_endpoint: `sb://${LISTED_HUB_HOST}/`, event_hub_name: "events" };
  const saved = await call("PUT", "/admin/v1/state-settings", { ...at, ...HUB });
  expect(saved.json["settings"]).toMatchObject(at);
});

test.each([
  [{ telemetry: "add" }, "telemetry must be one of merge, replace, ignore"],
  [{ conflicts: "mine" }, "conflicts must be one of newest, hub, ours"],
  [{ cloud_to_device: "maybe" }, "cloud_to_device must be true or false"],
  [{ sweep_seconds: 1 }, "sweep_seconds must be a whole number from 10 to 86400"],
  [{ event_endpoint: `sb://${NAMESPACE}/` }, "event_hub_name is required with event_endpoint"],
  [{ event_hub_name: "my-hub" }, "event_endpoint is required with event_hub_name"],
  [
    { event_endpoint: "sb://my-hub.azure-devices.net/", event_hub_name: "x" },
    "event_endpoint must be an address such as sb://iothub-ns-name.servicebus.windows.net/, or of a host that ISTHMUS_HUB_HOSTS lists",
  ],
  [
    { event_endpoint: "sb://169.254.169.254/", event_hub_name: "x" },
    "event_endpoint must be an address such as sb://iothub-ns-name.servicebus.windows.net/, or of a host that ISTHMUS_HUB_HOSTS lists",
  ],
  [
    { event_endpoint: `Endpoint=sb://${NAMESPACE}/;EntityPath=a`, event_hub_name: "b" },
    "event_endpoint is a connection string with another event_hub_name",
  ],
  [{ policy_name: "isthmus" }, "hub_name is required with policy_name and policy_key"],
  [{ hub_name: "my-hub" }, "policy_name is required"],
  [{ hub_name: "my-hub", policy_name: "isthmus" }, "policy_key is required"],
])("the settings %j are refused, and the field is named", async (body, error) => {
  expect(await call("PUT", "/admin/v1/state-settings", body)).toEqual({ status: 400, json: { ok: false, error } });
  expect(await api.stateSettings.allStateSettings()).toEqual([]);
});

test.each([
  [{ consumer_group: "mine" }, "consumer_group"],
  [{ sweep_seconds: 10, hub_name: "local" }, "sweep_seconds"],
  [{ event_endpoint: `sb://${NAMESPACE}/`, event_hub_name: "mine" }, "event_endpoint"],
])("how the operator's hubs are read is the operator's to say: %j", async (body, field) => {
  const refused = await call("PUT", "/admin/v1/state-settings", body);
  const error = `${field} is for a hub of your own: give hub_name, or ask the operator of this server`;
  expect(refused).toMatchObject({ status: 400, json: { error } });
  expect((await call("PUT", "/admin/v1/state-settings", { ...body, ...HUB })).status).toBe(200);
  // What was set for one's own hub ends with it.
  await call("PUT", "/admin/v1/state-settings", { hub_name: "" });
  expect((await call("GET", "/admin/v1/state-settings")).json["settings"]).toMatchObject({
    consumer_group: "$Default",
    event_endpoint: null,
    sweep_seconds: null,
  });
});

test("a field that is none is refused with those that are", async () => {
  const { json } = await call("PUT", "/admin/v1/state-settings", { sweepSeconds: 30 });
  expect(json["error"]).toMatch(/^State settings have no field sweepSeconds: telemetry, conflicts/);
});

test("a kept key goes to no other hub", async () => {
  const hub = { hub_name: "my-hub", policy_name: "isthmus", policy_key: "c2VjcmV0" };
  await call("PUT", "/admin/v1/state-settings", hub);
  const moved = await call("PUT", "/admin/v1/state-settings", { hub_name: "other-hub" });
  expect(moved).toMatchObject({ status: 400, json: { error: "policy_name is required" } });
});

const report = {
  connectionId: "local",
  hostName: "localhost",
  devices: 7,
  pending: 1,
  missing: 0,
  oldestPending: 0,
  removals: 2,
  writing: { failure: null },
  reading: { consumerGroup: "$Default", isReading: true, failure: null, lastEventAt: null, behind: 7, expired: 2 },
  sweep: { lastAt: 0, lastMs: 12, repaired: 3, failure: null },
};

test("who shares a hub sees whether it works; the operator sees the figures, too", async () => {
  const failure = { code: "key_refused", message: "The hub refused the key." } as const;
  api.states.reports = [
    { ...report, writing: { failure } },
    { ...report, connectionId: "somebody-elses" },
  ];
  const { json } = await call("GET", "/admin/v1/state-hubs");
  expect(json["hubs"]).toMatchObject([
    { connection: "local", writing: { error: { code: "key_refused" } }, reading: { is_reading: true } },
  ]);
  expect(JSON.stringify(json)).not.toMatch(/devices|pending|repaired/);
  const operator = await api.directory.createAccount({ username: "boss", passwordHash: "", operator: true });
  token = await api.directory.createToken({ accountId: operator!.id, client: "c", expiresAt: null });
  expect((await call("GET", "/admin/v1/state-hubs")).json["hubs"]).toMatchObject([
    { connection: "local", devices: 7, removals: 2 },
    { connection: "somebody-elses" },
  ]);
});
