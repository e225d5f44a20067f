import { afterEach, beforeEach, expect, test } from "vitest";
import type { ThingMade } from "../../core/state-control.ts";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

interface Answer {
  readonly status: number;
  readonly json: Record<string, unknown>;
  readonly headers: Record<string, unknown>;
}

let api: TestApi;
let token: string;
let productId: number;

beforeEach(async () => {
  api = createTestApi();
  const ada = await api.account("ada");
  ({ token } = ada);
  const product = { ownerId: ada.id, name: "Weather", slug: "weather", description: "" };
  productId = (await api.directory.createProduct(product))!.id;
  await api.app.ready();
});

afterEach(() => api.app.close());

async function call(method: "GET" | "POST" | "PUT" | "PATCH" | "DELETE", url: string, body?: object): Promise<Answer> {
  const headers = { authorization: `Bearer ${token}` };
  const answer = await api.app.inject({ method, url, headers, ...(body !== undefined && { payload: body }) });
  return {
    status: answer.statusCode,
    json: answer.body === "" ? {} : answer.json<Record<string, unknown>>(),
    headers: answer.headers,
  };
}

async function makeThing(body: object = {}): Promise<string> {
  const { json } = await call("POST", "/admin/v1/products/weather/things", { name: "pump", ...body });
  const { id } = json["thing"] as { id: string };
  // As the store does it.
  await api.directory.addToProduct(productId, [id]);
  await api.directory.updateDevice(id, { name: "pump" });
  return id;
}

test("a Thing is made with its keys in that answer only, which no cache keeps", async () => {
  const made = await call("POST", "/admin/v1/products/weather/things", { name: "pump", deviceState: { on: true } });
  expect(made).toMatchObject({
    status: 201,
    json: { thing: { name: "pump", appid: "weather", deviceState: { on: true } } },
    headers: { "cache-control": "no-store" },
  });
  const { id, deviceDetails } = made.json["thing"] as { id: string; deviceDetails: { primaryKey: string } };
  const later = [
    await call("GET", `/admin/v1/things/${id}`),
    await call("GET", "/admin/v1/products/weather/things"),
    await call("PATCH", `/admin/v1/things/${id}`, { name: "valve" }),
    await call("PUT", `/admin/v1/things/${id}/status`, { status: "disabled" }),
  ];
  expect(later.map(({ status }) => status)).toEqual([200, 200, 200, 200]);
  expect(JSON.stringify(later)).not.toMatch(/deviceDetails|Key/);
  expect(JSON.stringify(later)).not.toContain(deviceDetails.primaryKey);
  expect(api.logged.join("")).not.toContain(deviceDetails.primaryKey);
});

test("a new key is shown once, too, and says whose it is", async () => {
  const id = await makeThing();
  const { json } = await call("POST", `/admin/v1/things/${id}/keys`, { key: "secondary" });
  expect(json).toMatchObject({ thing: { id, deviceDetails: { connectionString: expect.stringContaining(id) } } });
  expect(await call("POST", `/admin/v1/things/${id}/keys`, { key: "third" })).toMatchObject({
    status: 400,
    json: { error: "key must be primary or secondary" },
  });
});

test("a Thing does not grow without end, however many changes it comes in", async () => {
  const id = await makeThing({ a: "x".repeat(40_000) });
  const grown = await call("PATCH", `/admin/v1/things/${id}`, { b: "x".repeat(40_000) });
  expect(grown.status).toBe(400);
  expect(grown.json["error"]).toBe("The thing's own fields together are too large - the maximum is 64 KB.");
  expect((await call("PATCH", `/admin/v1/things/${id}`, { a: null, b: "x".repeat(40_000) })).status).toBe(200);
});

test("a list goes on where it ended", async () => {
  const ids = [await makeThing(), await makeThing(), await makeThing()];
  const first = await call("GET", "/admin/v1/products/weather/things?limit=2");
  expect(first.json).toMatchObject({ things: [{ id: ids[0] }, { id: ids[1] }], total: 3, next: ids[1] });
  const second = await call("GET", `/admin/v1/products/weather/things?limit=2&after=${ids[1]}`);
  expect(second.json).toMatchObject({ things: [{ id: ids[2] }], next: null });
  const nowhere = await call("GET", "/admin/v1/products/weather/things?after=7");
  expect(nowhere).toMatchObject({ status: 400, json: { error: "after must be the id of a Thing" } });
});

test("a list may be searched, as in Para's API", async () => {
  await makeThing();
  expect((await call("GET", "/admin/v1/products/weather/things?q=*")).json).toMatchObject({ total: 1 });
  const refused = await call("GET", "/admin/v1/products/weather/things?q=(a");
  expect(refused).toMatchObject({ status: 400, json: { error: expect.stringContaining("'q'") } });
});

test.each<[string, Exclude<ThingMade, { kind: "made" }>, number, object]>([
  [
    "the hub does not answer",
    { kind: "hub", failure: { code: "hub_unreachable", message: "No answer." } },
    502,
    { code: "hub_unreachable", error: "No answer.", next_step: expect.any(String) },
  ],
  [
    "the hub has no time",
    { kind: "hub", failure: { code: "throttled", message: "Too fast." } },
    503,
    { code: "throttled" },
  ],
  [
    "its device was deleted in the hub",
    { kind: "hub", failure: { code: "device_missing", message: "The hub has no device pump." } },
    409,
    { code: "device_missing" },
  ],
  [
    "there is no hub",
    { kind: "no_hub", message: "No hub.", nextStep: "Set one." },
    409,
    { code: "no_hub", error: "No hub.", next_step: "Set one." },
  ],
  ["the id is taken", { kind: "id_taken" }, 409, { code: "id_taken" }],
  [
    "no twin holds its state",
    { kind: "fault", fault: { path: "a.b", message: "a.b is too long" } },
    400,
    { code: "state_refused", path: "a.b", error: "a.b is too long" },
  ],
])("the answer says why a Thing was not made: %s", async (_title, refusal, status, json) => {
  api.things.refusal = refusal;
  const answer = await call("POST", "/admin/v1/products/weather/things", { name: "pump" });
  expect(answer).toMatchObject({ status, json });
  expect(answer.headers["retry-after"]).toBe(status === 503 ? "5" : undefined);
});

test("a version that is not the stored one changes nothing", async () => {
  const id = await makeThing({ version: 3 });
  const refused = await call("PATCH", `/admin/v1/things/${id}`, { version: 2, name: "valve" });
  expect(refused).toMatchObject({ status: 412, json: { code: "version_mismatch" } });
  expect((await call("GET", `/admin/v1/things/${id}`)).json).toMatchObject({ thing: { name: "pump", version: 3 } });
});

test("among a product's devices a Thing is shown as one, with how its hub sees it", async () => {
  const id = await makeThing();
  const record = (await api.states.state(id))!;
  const lastActivity = api.world.now - 60_000;
  api.states.set({ ...record, standing: { ...record.standing, connectionState: "connected", lastActivity } });
  const { json } = await call("GET", "/v1/products/weather/devices");
  expect(json["devices"]).toMatchObject([
    { id, thing: true, online: true, last_heard: new Date(lastActivity).toISOString() },
  ]);
  expect((await call("GET", `/v1/products/weather/devices/${id}`)).json).toMatchObject({ id, thing: true });
});

test("the device cloud's routes rename and delete a Thing, and refuse what has no meaning for it", async () => {
  const id = await makeThing();
  const path = `/v1/products/weather/devices/${id}`;
  await call("PUT", path, { name: "valve", notes: "east" });
  expect((await call("GET", `/admin/v1/things/${id}`)).json).toMatchObject({ thing: { name: "valve" } });
  expect((await call("GET", path)).json).toMatchObject({ notes: "east" });
  for (const refused of [
    await call("POST", `${path}/token`),
    await call("PUT", path, { quarantined: true }),
    await call("DELETE", path, { deny: true }),
  ]) {
    expect(refused).toMatchObject({ status: 409, json: { code: "is_thing", next_step: expect.any(String) } });
  }
  expect((await call("DELETE", path)).status).toBe(204);
  expect((await call("GET", `/admin/v1/things/${id}`)).status).toBe(404);
});

test("erasing what a Thing has said deletes it", async () => {
  const id = await makeThing();
  expect((await call("DELETE", `/admin/v1/devices/${id}/data`)).json).toMatchObject({ deleted: true });
  expect(await api.things.thing(id)).toBeNull();
});

test("an app's secret is shown once, and its token is a signed one of this app", async () => {
  const path = "/admin/v1/products/weather/app-keys";
  expect((await call("GET", path)).json).toEqual({ accessKey: "app:weather", made: false });
  const without = await call("POST", "/admin/v1/products/weather/app-tokens");
  expect(without).toMatchObject({ status: 409, json: { code: "no_app_keys" } });
  const { secretKey } = (await call("POST", path)).json as { secretKey: string };
  expect((await call("GET", path)).json).toEqual({ accessKey: "app:weather", made: true });
  const { token: jwt } = (await call("POST", "/admin/v1/products/weather/app-tokens", { expires_in: 60 })).json as {
    token: string;
  };
  const me = await api.app.inject({ url: "/v1/_me", headers: { authorization: `Bearer ${jwt}` } });
  expect(me.json()).toMatchObject({ appIdentifier: "weather" });
  expect(api.logged.join("")).not.toContain(secretKey);
});
