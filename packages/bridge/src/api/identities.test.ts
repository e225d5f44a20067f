/** Every route against every kind of caller: what belongs to someone else is refused as if it were not there. */
import { afterAll, beforeAll, expect, test } from "vitest";
import { lineKey } from "../core/delivery-target.ts";
import { hubSettings } from "./testing/integration-samples.ts";
import { createTestApi } from "./testing/test-api.ts";
import type { TestApi } from "./testing/test-api.ts";

const DEVICE = "0123456789abcdef01234567";
const FLEET_DEVICE = "0123456789abcdef01234568";
const EVES_DEVICE = "eeeeeeeeeeeeeeeeeeeeeeee";
const AZURE = { integration_type: "AzureIotHub", event: "t", hub_name: "local" };

/** Answer to another account: not found, permission denied, or nothing but its own (`own`). */
type Stranger = 404 | 403 | "own";
type Method = "GET" | "POST" | "PUT" | "DELETE";
type Row = readonly [method: Method, path: string, stranger: Stranger, body?: object];

const ROUTES: readonly Row[] = [
  ["GET", "/v1/user", "own"],
  ["GET", "/v1/access_tokens/current", "own"],
  ["GET", "/v1/devices", "own"],
  ["POST", "/v1/devices", 403, { id: DEVICE }],
  ["POST", "/v1/devices", 403, { id: FLEET_DEVICE }],
  ["GET", "/v1/devices/:device", 403],
  ["GET", "/v1/devices/cellar", 403],
  ["PUT", "/v1/devices/:device", 403, { name: "mine now" }],
  ["DELETE", "/v1/devices/:device", 403],
  ["POST", "/v1/devices/:device/token", 403],
  ["DELETE", "/v1/devices/:device/token", 403],
  ["POST", "/v1/devices/events", 403, { name: "t", as_device_id: DEVICE }],
  ["GET", "/v1/devices/:device/events", 403],
  ["GET", "/v1/devices/cellar/events/t", 403],
  ["GET", "/v1/products/weather/events", 404],
  ["GET", "/v1/products/:product/events/t", 404],
  ["GET", "/v1/products/weather/devices/:fleetDevice/events", 404],
  ["GET", "/v1/products/weather/devices/:fleetDevice/events/t", 404],
  ["GET", "/v1/products", "own"],
  ["GET", "/v1/products/weather", 404],
  ["GET", "/v1/products/:product", 404],
  ["GET", "/v1/products/weather/devices", 404],
  ["POST", "/v1/products/weather/devices", 404, { id: "bbbbbbbbbbbbbbbbbbbbbbbb" }],
  ["GET", "/v1/products/weather/devices/:fleetDevice", 404],
  ["PUT", "/v1/products/weather/devices/:fleetDevice", 404, { quarantined: true }],
  ["DELETE", "/v1/products/weather/devices/:fleetDevice", 404],
  ["DELETE", "/v1/products/weather/devices/:fleetDevice/owner", 404],
  ["POST", "/v1/products/weather/devices/:fleetDevice/token", 404],
  ["DELETE", "/v1/products/weather/devices/:fleetDevice/token", 404],
  ["POST", "/v1/products/weather/events", 404, { name: "t", as_device_id: FLEET_DEVICE }],
  ["GET", "/v1/integrations", "own"],
  ["GET", "/v1/integrations/:integration", 404],
  ["PUT", "/v1/integrations/:integration", 404, AZURE],
  ["DELETE", "/v1/integrations/:integration", 404],
  ["POST", "/v1/integrations/:integration/test", 404, {}],
  ["GET", "/v1/products/weather/integrations", 404],
  ["POST", "/v1/products/weather/integrations", 404, AZURE],
  ["GET", "/v1/products/weather/integrations/:fleetIntegration", 404],
  ["GET", "/v1/integrations/:fleetIntegration", 404],
  ["PUT", "/v1/products/weather/integrations/:fleetIntegration", 404, AZURE],
  ["DELETE", "/v1/products/weather/integrations/:fleetIntegration", 404],
  ["POST", "/v1/products/weather/integrations/:fleetIntegration/test", 404, {}],
  ["GET", "/admin/v1/integrations/:integration/deliveries", 404],
  ["POST", "/admin/v1/integrations/:integration/deliveries/retry", 404, {}],
  ["GET", "/admin/v1/integrations/:fleetIntegration/ledger", 404],
  ["GET", "/admin/v1/integrations/:integration/devices/:device/twin", 404],
  ["GET", "/admin/v1/connections", "own"],
  ["GET", "/admin/v1/hubs/:integration/monitor-events", 404],
];

const CASES = ROUTES.map((row) => ({ row, title: `${row[0]} ${row[1]}` }));

/** Open to everybody, or with proofs of their own; everything else must be in the table above. */
const OPEN_ROUTES = ["/health/live", "/health/ready", "/metrics", "/oauth/token", "/v1/access_tokens/{token}"];
const TESTED_ELSEWHERE = [
  "GET /v1/events",
  "GET /v1/events/*",
  "GET /v1/devices/events",
  "GET /v1/devices/events/*",
  "DELETE /v1/access_tokens",
  "DELETE /v1/access_tokens/current",
  "POST /v1/integrations",
  "POST /v1/products",
];

let api: TestApi;
let names: Record<string, string>;
let tokens: Record<"ada" | "eve" | "expired" | "device", string>;
let before: string;

beforeAll(async () => {
  api = createTestApi();
  const { directory } = api;
  const ada = await api.account("ada");
  const eve = await api.account("eve");
  await directory.claimDevice(ada.id, DEVICE);
  await directory.updateDevice(DEVICE, { name: "cellar" });
  const product = { ownerId: ada.id, name: "Weather", slug: "weather", description: "" };
  const { id: productId } = (await directory.createProduct(product))!;
  await directory.addToProduct(productId, [FLEET_DEVICE]);
  const integration = await directory.createIntegration(hubSettings({ kind: "sandbox", accountId: ada.id }));
  const fleetIntegration = await directory.createIntegration(hubSettings({ kind: "product", productId }));
  api.world.connections = [
    {
      connectionId: lineKey(integration),
      hostName: "local",
      policyName: "p",
      state: "open",
      failure: null,
      nextProbeAt: null,
      inFlight: 0,
    },
  ];
  names = {
    device: DEVICE,
    fleetDevice: FLEET_DEVICE,
    product: String(productId),
    integration: integration.id,
    fleetIntegration: fleetIntegration.id,
  };
  tokens = {
    ada: ada.token,
    eve: eve.token,
    expired: await directory.createToken({ accountId: ada.id, client: "c", expiresAt: api.world.now }),
    device: await directory.createDeviceToken(DEVICE),
  };
  await api.app.ready();
  before = await snapshot();
});

afterAll(() => api.app.close());

async function call([method, path, , body]: Row, token: string | null): Promise<{ status: number; json: unknown }> {
  const url = path.replaceAll(/:(\w+)/g, (_match, name: string) => names[name]!);
  const headers = token === null ? {} : { authorization: `Bearer ${token}` };
  const answer = await api.app.inject({ method, url, headers, ...(body !== undefined && { payload: body }) });
  return { status: answer.statusCode, json: answer.json<unknown>() };
}

/** The devices of the first `count` messages that a monitor shows. */
async function watch(url: string, token: string, count: number): Promise<readonly string[]> {
  const leave = new AbortController();
  const { body } = await fetch(url, { headers: { authorization: `Bearer ${token}` }, signal: leave.signal });
  const decoder = new TextDecoder();
  let text = "";
  let seen: string[] = [];
  for await (const chunk of body!) {
    text += decoder.decode(chunk as Uint8Array);
    seen = [...text.matchAll(/"deviceId":"(\w+)"/g)].map(([, deviceId]) => deviceId!);
    if (seen.length >= count) break;
  }
  leave.abort();
  return seen;
}

/** All that the owner has: no stranger's request may change any of it. */
async function snapshot(): Promise<string> {
  const reads = [
    "/v1/devices",
    "/v1/products/weather/devices",
    "/v1/integrations",
    "/v1/products/weather/integrations",
  ];
  const answers = reads.map((path) => call(["GET", path, "own"], tokens.ada));
  return JSON.stringify(await Promise.all(answers));
}

test.each(CASES)("$title wants a token", async ({ row }) => {
  expect(await call(row, null)).toEqual({
    status: 400,
    json: { error: "invalid_request", error_description: "The access token was not found" },
  });
});

test.each(CASES)("$title refuses an expired token", async ({ row }) => {
  expect(await call(row, tokens.expired)).toEqual({
    status: 401,
    json: { error: "invalid_token", error_description: "The access token has expired" },
  });
});

test.each(CASES)("$title refuses an unknown token", async ({ row }) => {
  expect(await call(row, "f".repeat(40))).toMatchObject({ status: 401, json: { error: "invalid_token" } });
});

test.each(CASES.filter(({ row }) => row[1] !== "/v1/devices/events"))("$title refuses a device", async ({ row }) => {
  expect(await call(row, tokens.device)).toMatchObject({ status: 403, json: { error: "Permission Denied" } });
});

test.each(CASES)("$title shows a stranger nothing", async ({ row }) => {
  const { status, json } = await call(row, tokens.eve);
  const [, , stranger] = row;
  expect(status).toBe(stranger === "own" ? 200 : stranger);
  const text = JSON.stringify(json);
  for (const secret of Object.values(names)) expect(text).not.toContain(secret);
  expect(text).not.toContain("cellar");
});

test("a device speaks for itself and for no other", async () => {
  const events = "/v1/devices/events";
  expect(await call(["POST", events, 403, { name: "t" }], tokens.device)).toMatchObject({ status: 200 });
  const asItself: Row = ["POST", events, 403, { name: "t", as_device_id: DEVICE }];
  expect(await call(asItself, tokens.device)).toMatchObject({ status: 200 });
  const asOther: Row = ["POST", events, 403, { name: "t", as_device_id: FLEET_DEVICE }];
  expect(await call(asOther, tokens.device)).toMatchObject({ status: 403 });
  expect(api.accepted.map(({ device }) => device?.id)).toEqual([DEVICE, DEVICE]);
});

test("a device that somebody has claimed cannot be pulled into a stranger's product", async () => {
  const { id } = (await api.directory.accountByUsername("eve"))!.account;
  await api.directory.createProduct({ ownerId: id, name: "Trap", slug: "trap", description: "" });
  for (const device of [DEVICE, FLEET_DEVICE]) {
    const pulled = await call(["POST", "/v1/products/trap/devices", "own", { id: device }], tokens.eve);
    expect(pulled.json).toMatchObject({ updated: 0, nonmemberDeviceIds: [device] });
  }
});

test("the Local Hub shows an account the messages of its own devices only", async () => {
  const eve = (await api.directory.accountByUsername("eve"))!.account;
  await api.directory.claimDevice(eve.id, EVES_DEVICE);
  const order = ["unknown", DEVICE, FLEET_DEVICE, EVES_DEVICE, DEVICE];
  const event = {
    body: {},
    properties: {},
    systemProperties: {},
    partitionId: "0",
    sequenceNumber: 1,
    enqueuedTime: 1,
  };
  api.world.hubEvents = order.map((deviceId) => ({ ...event, deviceId }));
  const url = await api.listen();
  const hub = names["integration"]!;
  expect(await watch(`${url}/admin/v1/hubs/local/monitor-events`, tokens.eve, 1)).toEqual([EVES_DEVICE]);
  const seenByAda = [DEVICE, FLEET_DEVICE, DEVICE];
  expect(await watch(`${url}/admin/v1/hubs/local/monitor-events`, tokens.ada, 3)).toEqual(seenByAda);
  expect(await watch(`${url}/admin/v1/hubs/${hub}/monitor-events`, tokens.ada, 3)).toEqual(seenByAda);
  const onlyOne = `${url}/admin/v1/hubs/local/monitor-events?device=${FLEET_DEVICE}`;
  expect(await watch(onlyOne, tokens.ada, 1)).toEqual([FLEET_DEVICE]);
});

test("every route of the API is in this table", async () => {
  const { paths } = (await api.app.inject("/openapi.json")).json<{ paths: Record<string, object> }>();
  const tested = new Set(ROUTES.map(([method, path]) => `${method} ${pattern(path)}`));
  const known = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, "*")}`),
  );
  const open = new Set(OPEN_ROUTES.map((path) => path.replaceAll(/\{\w+\}/g, "*")));
  const untested = known.filter(
    (route) => !tested.has(route) && !open.has(route.split(" ")[1]!) && !TESTED_ELSEWHERE.includes(route),
  );
  expect(untested).toEqual([]);
  expect(known.length).toBeGreaterThan(40);
});

/** A row's path with its variable parts as stars, as the OpenAPI document's paths become. */
function pattern(path: string): string {
  return path
    .replaceAll(/:\w+/g, "*")
    .replace("/products/weather", "/products/*")
    .replace("/devices/cellar", "/devices/*")
    .replace("/events/t", "/events/*");
}

test("all of that changed nothing of the owner's", async () => {
  expect(await snapshot()).toBe(before);
});
