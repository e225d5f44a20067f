import { afterEach, beforeEach, expect, test } from "vitest";
import { fail, succeed } from "../../core/failure.ts";
import { hubSettings } from "../testing/integration-samples.ts";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const DEVICE = "0123456789abcdef01234567";

type Method = "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
type Answer = Awaited<ReturnType<TestApi["app"]["inject"]>>;

let api: TestApi;
let ada: { readonly id: string; readonly token: string };
let connection: string;

beforeEach(async () => {
  api = createTestApi();
  ada = await api.account("ada");
  await api.directory.claimDevice(ada.id, DEVICE);
  connection = await integrated({});
});

afterEach(() => api.app.close());

async function integrated(about: Parameters<typeof hubSettings>[1], accountId = ada.id): Promise<string> {
  const settings = hubSettings({ kind: "sandbox", accountId }, about);
  return `connection-${(await api.directory.createIntegration(settings)).id}`;
}

async function ask(method: Method, rest: string, body?: object, token = ada.token): Promise<Answer> {
  const url = `/admin/v1/devices/${DEVICE}/hubs${rest}`;
  const headers = { authorization: `Bearer ${token}` };
  return api.app.inject({ method, url, headers, ...(body && { payload: body }) });
}

test("a device lives where its integrations send, under the id that they give it there", async () => {
  const prefixed = await integrated({ deviceIdPrefix: "site-4:", name: "fourth" });
  await integrated({ deviceId: "e".repeat(24) });
  await integrated({}, (await api.account("eve")).id);
  api.hubDevices.knownIdentities.set(`${connection} ${DEVICE}`, {
    generationId: "1",
    nameWritten: null,
    origin: "made",
  });
  const { hubs } = (await ask("GET", "")).json<{ hubs: object[] }>();
  expect(hubs).toMatchObject([
    { connection_id: connection, hub_device_id: DEVICE, known: "made", has_identity: true, mirrors_state: false },
    {
      connection_id: prefixed,
      hub_device_id: `site-4:${DEVICE}`,
      known: "unknown",
      has_identity: false,
      integrations: [{ name: "fourth", event: "t", disabled: false }],
    },
  ]);
  expect(hubs).toHaveLength(2);
});

test("an identity is known whichever connection to the hub it was made through", async () => {
  const other = await integrated({});
  for (const one of [connection, other]) api.hubDevices.hostNames.set(one, "one.azure-devices.net");
  api.hubDevices.knownIdentities.set(`${other} ${DEVICE}`, { generationId: "1", nameWritten: null, origin: "made" });
  const { hubs } = (await ask("GET", "")).json<{ hubs: object[] }>();
  expect(hubs).toMatchObject([{ connection_id: connection, known: "made", has_identity: true }]);
  expect(hubs).toHaveLength(1);
});

test("a prefix that would make of it somebody else's Thing leads nowhere in a shared hub", async () => {
  const eve = await api.account("eve");
  const product = await api.directory.createProduct({ ownerId: eve.id, name: "P", slug: "p", description: "" });
  await api.directory.addToProduct(product!.id, [`evil${DEVICE}`]);
  const prefixed = await integrated({ deviceIdPrefix: "evil" });
  expect((await ask("GET", `/${prefixed}/keys`)).statusCode).toBe(404);
});

test("the product of a device governs the hub of its state, and who claimed it does not", async () => {
  const owner = await api.account("owner");
  const product = await api.directory.createProduct({ ownerId: owner.id, name: "P", slug: "p", description: "" });
  await api.directory.addToProduct(product!.id, [DEVICE]);
  const device = (await api.directory.device(DEVICE))!;
  await api.states.write(device, { kind: "merge", patch: { on: true } });
  const places = async (token: string): Promise<unknown[]> =>
    (await ask("GET", "", undefined, token))
      .json<{ hubs: { mirrors_state: boolean }[] }>()
      .hubs.map((hub) => hub.mirrors_state);
  expect(await places(ada.token)).toEqual([false]);
  expect(await places(owner.token)).toEqual([true]);
});

test("identity, status and twin are the hub's", async () => {
  expect((await ask("GET", `/${connection}/identity`)).json()).toMatchObject({
    device_id: DEVICE,
    status: "enabled",
    generation_id: "638",
    authentication: "sas",
    known: "unknown",
  });
  expect((await ask("PUT", `/${connection}/identity`, { status: "disabled" })).json()).toMatchObject({
    status: "disabled",
  });
  expect(api.hubDevices.told).toEqual([`${connection} ${DEVICE}`]);
  expect((await ask("GET", `/${connection}/twin`)).json()).toMatchObject({ etag: "AAAA=", tags: {}, version: 3 });
  api.hubDevices.isThere = false;
  const missing = await ask("GET", `/${connection}/twin`);
  expect(missing.statusCode).toBe(404);
  expect(missing.json()).toMatchObject({ code: "identity_missing", next_step: expect.stringContaining("first event") });
});

test("keys are shown, renewed and swapped, never cached, and the log has that they were shown and not what they are", async () => {
  const shown = await ask("GET", `/${connection}/keys`);
  const { primary_key: primary, secondary_key: secondary, ...strings } = shown.json<Record<string, string>>();
  expect(shown.headers["cache-control"]).toBe("no-store");
  expect(strings["primary_connection_string"]).toContain(primary);
  expect(strings["secondary_connection_string"]).toContain(secondary);
  const log = api.logged.join("");
  expect(log).toContain("device.keys_revealed");
  for (const key of [primary, secondary]) expect(log).not.toContain(key);
  expect((await ask("POST", `/${connection}/keys`, { key: "swap" })).json()).toMatchObject({ primary_key: secondary });
  const token = (await ask("POST", `/${connection}/sas-tokens`, { minutes: 5 })).json<Record<string, string>>();
  expect(token["expires_at"]).toBe("2026-03-01T12:05:00.000Z");
});

test("what was written to a twin is in its history, with who did it", async () => {
  const patch = { tags: { site: "north" }, desired: { lamp: { on: true } } };
  expect((await ask("PATCH", `/${connection}/twin`, { ...patch, etag: "AAAA=" })).statusCode).toBe(200);
  expect((await ask("GET", `/${connection}/twin/history`)).json()).toMatchObject({
    changes: [
      { section: "desired", patch: patch.desired, version: 2, by: { kind: "account", name: "ada" } },
      { section: "tags", patch: patch.tags, version: null, by: { kind: "account", name: "ada" } },
    ],
    next: null,
  });
});

test("a twin that somebody else has changed is not written over", async () => {
  api.hubDevices.twinPatched = succeed("changed");
  const answer = await ask("PATCH", `/${connection}/twin`, { tags: {}, etag: "old" });
  expect(answer.statusCode).toBe(412);
  expect(answer.json()).toMatchObject({ code: "twin_changed", next_step: expect.any(String) });
  expect(api.hubDevices.changes).toEqual([]);
});

test("a method brings the device's number, its payload and how long it took", async () => {
  api.hubDevices.methodAnswer = succeed({ status: 418, payload: { short: "and stout" } });
  const answer = await ask("POST", `/${connection}/methods`, { method: "brew", payload: [1] });
  expect(answer.json()).toEqual({ status: 418, payload: { short: "and stout" }, round_trip_ms: 0 });
  expect(api.hubDevices.called[0]?.call).toEqual({
    name: "brew",
    payload: [1],
    responseTimeout: 30,
    connectTimeout: 0,
  });
});

test.each([
  ["device_not_online", 404],
  ["method_unanswered", 504],
  ["throttled", 503],
  ["key_refused", 502],
] as const)("a call that ends as %s is told as %d with the next step", async (code, status) => {
  api.hubDevices.methodAnswer = fail(code, "The hub said no.");
  const answer = await ask("POST", `/${connection}/methods`, { method: "brew" });
  expect(answer.statusCode).toBe(status);
  expect(answer.json()).toMatchObject({ ok: false, error: "The hub said no.", code, next_step: expect.any(String) });
});

test("a message goes as it was written, text or JSON", async () => {
  const sent = await ask("POST", `/${connection}/messages`, {
    body: { on: true },
    properties: { colour: "red" },
    ack: "full",
    expires_in: 60,
  });
  expect(sent.statusCode).toBe(201);
  expect(sent.json()).toMatchObject({ expires_at: "2026-03-01T12:01:00.000Z", ack: "full" });
  await ask("POST", `/${connection}/messages`, { body: "hello", content_type: "text/plain" });
  expect(api.hubDevices.sent.map(({ message }) => String(message.body))).toEqual(['{"on":true}', "hello"]);
  expect((await ask("DELETE", `/${connection}/messages`)).json()).toEqual({ purged: 2 });
});

test.each([
  ["message_id", "é ü"],
  ["correlation_id", "a b"],
  ["content_type", "é"],
])("a message whose %s no hub would carry as it is, is refused", async (field, value) => {
  const sent = await ask("POST", `/${connection}/messages`, { body: "hello", [field]: value });
  expect(sent.statusCode).toBe(400);
  expect(sent.json<{ error: string }>().error).toContain(field);
  expect(api.hubDevices.sent).toEqual([]);
});

test("what a person asked is not said to be tried again by itself", async () => {
  for (const code of ["outcome_unknown", "hub_error", "throttled"] as const) {
    api.hubDevices.methodAnswer = fail(code, "The hub said no.");
    const answer = await ask("POST", `/${connection}/methods`, { method: "brew" });
    expect(answer.json<{ next_step: string }>().next_step).toMatch(/try it again/);
  }
});
