/** The device cloud's own client, unmodified, over a real socket. */
import Particle from "particle-api-js";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createTestApi, PASSWORD } from "./testing/test-api.ts";
import type { TestApi } from "./testing/test-api.ts";

const DEVICE = "0123456789abcdef01234567";
const OTHER_DEVICE = "aaaaaaaaaaaaaaaaaaaaaaaa";
const AZURE = {
  integration_type: "AzureIotHub",
  hub_name: "weather-hub",
  policy_name: "particle",
  policy_key: Buffer.alloc(32, 7).toString("base64"),
};

let api: TestApi;
let particle: Particle;
let auth: string;

beforeEach(async () => {
  api = createTestApi();
  particle = new Particle({ baseUrl: await api.listen() });
  auth = (await api.account("ada@example.com")).token;
});

afterEach(() => api.app.close());

test("signs in with a password for 90 days and says who it is", async () => {
  const { body } = await particle.login({ username: "ada@example.com", password: PASSWORD });
  expect(body).toEqual({
    access_token: expect.stringMatching(/^[0-9a-f]{40}$/),
    token_type: "bearer",
    expires_in: 7_776_000,
  });
  expect((await particle.getUserInfo({ auth })).body).toMatchObject({ username: "ada@example.com" });
});

test("a wrong password is told in the client's own terms", async () => {
  await expect(particle.login({ username: "ada@example.com", password: "guess" })).rejects.toMatchObject({
    statusCode: 400,
    body: { error: "invalid_grant", error_description: "User credentials are invalid" },
  });
});

test("signs out, and the token is dead", async () => {
  expect((await particle.deleteCurrentAccessToken({ auth })).body).toEqual({ ok: true });
  await expect(particle.getUserInfo({ auth })).rejects.toMatchObject({
    statusCode: 401,
    body: { error: "invalid_token" },
  });
});

test("revokes a token by knowing it, and all tokens at once", async () => {
  const second = await particle.login({ username: "ada@example.com", password: PASSWORD });
  const token = (second.body as { access_token: string }).access_token;
  expect((await particle.deleteAccessToken({ token })).body).toEqual({ ok: true });
  await expect(particle.getUserInfo({ auth: token })).rejects.toMatchObject({ statusCode: 401 });
  expect((await particle.deleteActiveAccessTokens({ auth })).body).toEqual({ ok: true });
  await expect(particle.getUserInfo({ auth })).rejects.toMatchObject({ statusCode: 401 });
});

test("claims, lists, renames, annotates and releases a device", async () => {
  expect((await particle.claimDevice({ deviceId: DEVICE, auth })).body).toMatchObject({ ok: true });
  expect((await particle.renameDevice({ deviceId: DEVICE, name: "cellar", auth })).body).toMatchObject({
    id: DEVICE,
    name: "cellar",
    updated_at: "2026-03-01T12:00:00.000Z",
  });
  await particle.setDeviceNotes({ deviceId: DEVICE, notes: "beside the boiler", auth });
  const { body: listed } = await particle.listDevices({ auth });
  expect(listed).toMatchObject([
    { id: DEVICE, name: "cellar", notes: "beside the boiler", functions: [], variables: {} },
  ]);
  expect((await particle.getDevice({ deviceId: "cellar", auth })).body).toMatchObject({ id: DEVICE });
  expect((await particle.removeDevice({ deviceId: DEVICE, auth })).body).toEqual({ ok: true });
  expect((await particle.listDevices({ auth })).body).toEqual([]);
});

test("an unknown device is refused in the words that the clients look for", async () => {
  await expect(particle.getDevice({ deviceId: DEVICE, auth })).rejects.toMatchObject({
    statusCode: 403,
    body: { error: "Permission Denied", info: expect.stringMatching(/^I didn't recognize that device name or ID/) },
  });
});

test("fills a product by id and by file, and lists it in pages", async () => {
  const product = await makeProduct("Weather");
  const added = await particle.addDeviceToProduct({ product, deviceId: DEVICE, auth });
  expect(added.body).toEqual({
    updated: 1,
    updatedDeviceIds: [DEVICE],
    nonmemberDeviceIds: [],
    invalidDeviceIds: [],
  });
  const file = Buffer.from(`${OTHER_DEVICE}\r\nnonsense\n\n${DEVICE.toUpperCase()}\n`);
  const imported = await particle.addDeviceToProduct({ product, file, auth });
  expect(imported.body).toMatchObject({ updated: 1, updatedDeviceIds: [OTHER_DEVICE], invalidDeviceIds: ["nonsense"] });
  const { body } = await particle.listDevices({ product, page: 2, perPage: 1, auth });
  expect(body).toMatchObject({ devices: [{ id: OTHER_DEVICE, quarantined: false }], meta: { total_pages: 2 } });
  expect((await particle.listProducts({ auth })).body).toMatchObject({ products: [{ slug: "weather" }] });
  expect((await particle.getProduct({ product: "weather", auth })).body).toMatchObject({
    product: { name: "Weather" },
  });
});

test("denies a product's device, and takes it out", async () => {
  const product = await makeProduct("Weather");
  await particle.addDeviceToProduct({ product, deviceId: DEVICE, auth });
  expect((await particle.removeDevice({ product, deviceId: DEVICE, deny: true, auth })).statusCode).toBe(204);
  expect((await particle.getDevice({ product, deviceId: DEVICE, auth })).body).toMatchObject({ denied: true });
  await particle.removeDevice({ product, deviceId: DEVICE, auth });
  await expect(particle.getDevice({ product, deviceId: DEVICE, auth })).rejects.toMatchObject({ statusCode: 403 });
});

test("an account's event belongs to no device", async () => {
  const { body } = await particle.publishEvent({ name: "temp", data: "21", isPrivate: true, auth });
  expect(body).toMatchObject({ ok: true });
  expect(api.accepted).toMatchObject([{ name: "temp", data: "21", device: null, productId: null }]);
});

test("publishes through a product as one of its devices", async () => {
  const product = await makeProduct("Weather");
  await particle.addDeviceToProduct({ product, deviceId: DEVICE, auth });
  const { body } = await particle.post({
    uri: "/v1/products/weather/events",
    auth,
    data: { name: "temp", data: "21", as_device_id: DEVICE },
  });
  expect(body).toMatchObject({ ok: true });
  expect(api.accepted).toMatchObject([
    { name: "temp", device: { id: DEVICE, productId: product }, productId: product },
  ]);
});

test("makes, lists, edits, tests and deletes an integration without ever showing its key", async () => {
  const created = await particle.createIntegration({ event: "temp", settings: AZURE, auth });
  expect(created.statusCode).toBe(201);
  const { id } = created.body as { id: string };
  expect(created.body).toMatchObject({
    ok: true,
    event: "temp",
    name: "temp for weather-hub",
    integration_type: "AzureIotHub",
    hub_name: "weather-hub",
    policy_name: "particle",
    policy_key: "********",
    integrationUrl: expect.stringMatching(new RegExp(`/v1/integrations/${id}$`)),
  });
  const listed = await particle.listIntegrations({ auth });
  expect(listed.body).toMatchObject([{ id, todayCounters: { success: 3, error: 1, sleep: 0 } }]);
  const { policy_key: _key, ...kept } = AZURE;
  const edited = await particle.editIntegration({ integrationId: id, event: "humidity", settings: kept, auth });
  expect(edited.body).toMatchObject({ integration: { id, event: "humidity", policy_key: "********" } });
  expect(await api.directory.connection(`connection-${id}`)).toMatchObject({ policyKey: AZURE.policy_key });
  const tested = await particle.post({ uri: `/v1/integrations/${id}/test`, auth });
  expect(tested.body).toMatchObject({ pass: true, data: "The hub took the message." });
  const shown = await particle.get({ uri: `/v1/integrations/${id}`, auth });
  expect(shown.body).toMatchObject({ integration: { id, logs: [], counters: { ledger: { accepted: 4 } } } });
  expect((await particle.deleteIntegration({ integrationId: id, auth })).statusCode).toBe(204);
  expect((await particle.listIntegrations({ auth })).body).toEqual([]);
  expect(api.changedIntegrations).toEqual([id, id, id]);
});

test("makes an integration in a product, where it is not seen from the sandbox", async () => {
  const product = await makeProduct("Weather");
  const created = await particle.createIntegration({ event: "temp", settings: AZURE, product, auth });
  expect(created.body).toMatchObject({ ok: true, product_id: product });
  expect((await particle.listIntegrations({ auth })).body).toEqual([]);
  expect((await particle.listIntegrations({ product: "weather", auth })).body).toHaveLength(1);
});

test("hears its devices, one device, and a product, by prefix", async () => {
  const { id: accountId } = (await api.directory.accountByUsername("ada@example.com"))!.account;
  const product = await makeProduct("Weather");
  await particle.claimDevice({ deviceId: DEVICE, auth });
  await particle.renameDevice({ deviceId: DEVICE, name: "cellar", auth });
  await particle.addDeviceToProduct({ product, deviceId: OTHER_DEVICE, auth });
  const streams = await Promise.all(
    [
      { deviceId: "mine" },
      { deviceId: "mine", name: "water/" },
      { name: "water/" },
      { deviceId: "cellar" },
      { product: "weather" },
      { product: "weather", deviceId: OTHER_DEVICE, name: "temp" },
    ].map((filter) => particle.getEventStream({ ...filter, auth })),
  );
  const heard = streams.map((stream) => {
    const events: string[] = [];
    stream.on("event", ({ name, data, coreid }: Record<string, string>) =>
      events.push(`${name} ${data} ${coreid === DEVICE ? "mine" : "fleet"}`),
    );
    return events;
  });
  const say = (name: string, deviceId: string): void => {
    const times = { publishedAt: api.world.now, receivedAt: api.world.now };
    const mine = deviceId === DEVICE;
    const event = { id: "e", name, data: "1", contentType: "text/plain", deviceId, productId: mine ? null : product };
    api.feed.publish({
      event: { ...event, firmwareVersion: null, ...times },
      ownerId: mine ? accountId : null,
      productId: mine ? null : product,
      coreid: deviceId,
    });
  };
  for (const name of ["temp", "water/level"]) for (const deviceId of [DEVICE, OTHER_DEVICE]) say(name, deviceId);
  while (heard.flat().length < 9) await new Promise((resolve) => setImmediate(resolve));
  for (const stream of streams) stream.abort();
  const [temp, water] = ["temp 1 mine", "water/level 1 mine"];
  const fleet = ["temp 1 fleet", "water/level 1 fleet"];
  expect(heard).toEqual([[temp, water], [water], [water], [temp, water], fleet, fleet.slice(0, 1)]);
});

test("is told why a stream cannot be had", async () => {
  await expect(particle.getEventStream({ deviceId: "nobody", auth })).rejects.toMatchObject({ statusCode: 403 });
  await expect(particle.getEventStream({ product: "nowhere", auth })).rejects.toMatchObject({ statusCode: 404 });
  const dead = "f".repeat(40);
  await expect(particle.getEventStream({ deviceId: "mine", auth: dead })).rejects.toMatchObject({ statusCode: 401 });
});

test("makes, lists and deletes a webhook, in the sandbox and in a product", async () => {
  const product = await makeProduct("Weather");
  for (const scope of [{}, { product }]) {
    const hook = { event: "temp", url: "https://example.com/in", headers: { "x-key": "k" }, ...scope, auth };
    const made = await particle.createWebhook(hook);
    const { id } = made.body as { id: string };
    expect(made.body).toMatchObject({ ok: true, event: "temp", url: "https://example.com/in" });
    expect((await particle.listWebhooks({ ...scope, auth })).body).toMatchObject([{ id, integration_type: "Webhook" }]);
    expect((await particle.listIntegrations({ ...scope, auth })).body).toHaveLength(1);
    await particle.deleteWebhook({ hookId: id, ...scope, auth });
    expect((await particle.listWebhooks({ ...scope, auth })).body).toEqual([]);
  }
});

test("lists a product's devices by group, and releases one from its owner", async () => {
  const product = await makeProduct("Weather");
  await particle.addDeviceToProduct({ product, deviceId: DEVICE, auth });
  await particle.claimDevice({ deviceId: DEVICE, auth });
  await particle.put({ uri: `/v1/products/weather/devices/${DEVICE}`, auth, data: { groups: ["north"] } });
  const inGroups = async (...groups: readonly string[]): Promise<unknown> => {
    const { body } = await particle.listDevices({ product, groups: [...groups], auth });
    return (body as unknown as { devices: unknown[] }).devices;
  };
  expect(await inGroups("north", "south")).toMatchObject([{ id: DEVICE, groups: ["north"] }]);
  expect(await inGroups("south")).toEqual([]);
  expect((await particle.removeDeviceOwner({ deviceId: DEVICE, product, auth })).statusCode).toBe(204);
  expect((await particle.getDevice({ deviceId: DEVICE, product, auth })).body).toMatchObject({ owner: null });
});

test("is told that a device is not there to signal, to be called or read", async () => {
  await particle.claimDevice({ deviceId: DEVICE, auth });
  const absent = { statusCode: 404, body: { code: "device_not_connected" } };
  await expect(particle.signalDevice({ deviceId: DEVICE, signal: true, auth })).rejects.toMatchObject(absent);
  await expect(particle.getVariable({ deviceId: DEVICE, name: "level", auth })).rejects.toMatchObject(absent);
  const call = { deviceId: DEVICE, name: "open", argument: "wide", auth };
  await expect(particle.callFunction(call)).rejects.toMatchObject(absent);
});

test("is told what sign-ins this server does not have", async () => {
  const unsupported = { statusCode: 400, body: { error: "unsupported_grant_type" } };
  await expect(particle.loginAsClientOwner({})).rejects.toMatchObject(unsupported);
  await expect(particle.sendOtp({ mfaToken: "m", otp: "123456" })).rejects.toMatchObject(unsupported);
});

async function makeProduct(name: string): Promise<number> {
  const { body } = await particle.post({ uri: "/v1/products", auth, data: { product: { name } } });
  return (body as { product: { id: number } }).product.id;
}
