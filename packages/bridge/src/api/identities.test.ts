/** Every route against every kind of caller: what belongs to someone else is refused as if it were not there. */
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DeviceEvent } from "../core/device-event.ts";
import { hubSettings } from "./testing/integration-samples.ts";
import { PARA_ROUTES } from "./testing/para-route-table.ts";
import { DEVICE, FLEET_DEVICE, OPEN_ROUTES, OWN_ROUTES, ROUTES } from "./testing/route-table.ts";
import type { RouteRow } from "./testing/route-table.ts";
import { createTenants } from "./testing/tenants.ts";
import type { Answer, Tenants } from "./testing/tenants.ts";

const AZURE = { integration_type: "AzureIotHub", event: "t", hub_name: "local" };
const ADAS_EVENT: DeviceEvent = {
  id: "ada-event",
  name: "t",
  data: "cellar",
  contentType: "text/plain",
  deviceId: DEVICE,
  productId: null,
  firmwareVersion: null,
  publishedAt: 1,
  receivedAt: 1,
};
const EVES_DEVICE = "eeeeeeeeeeeeeeeeeeeeeeee";
const CASES = ROUTES.map((row) => ({ row, title: row[0] }));

const NO_TOKEN = { error: "invalid_request", error_description: "The access token was not found" };
const EXPIRED = { error: "invalid_token", error_description: "The access token has expired" };
const UNAUTHORIZED = { status: 400, json: { error: "unauthorized" } };

/** Denied, where the row does not say otherwise. */
function answerToDevice(status: number | undefined): object {
  return status === undefined ? { status: 403, json: { error: "Permission Denied" } } : { status };
}

let shared: Tenants;
let before: string;

beforeAll(async () => {
  shared = await createTenants();
  before = await snapshot();
});

afterAll(() => shared.api.app.close());

/** All that the owner has: no stranger's request may change any of it. */
async function snapshot(): Promise<string> {
  const reads = [
    "/v1/devices",
    "/v1/products/weather/devices",
    "/v1/integrations",
    "/v1/products/weather/integrations",
  ];
  const answers = reads.map((path) => shared.call(`GET ${path}`, shared.tokens.ada));
  return JSON.stringify(await Promise.all(answers));
}

function call([route, , , , extra]: RouteRow, token: string | null, { call: ask }: Tenants = shared): Promise<Answer> {
  return ask(route, token, extra);
}

/** In a world of its own, because who may changes things. */
async function allowed(row: RouteRow, who: "ada" | "member" | "device"): Promise<Answer> {
  const own = await createTenants();
  try {
    return await call(row, own.tokens[who], own);
  } finally {
    await own.api.app.close();
  }
}

function showsNothing(json: unknown): void {
  const text = JSON.stringify(json);
  for (const secret of Object.values(shared.names)) {
    // As a word of its own: a short number may stand in the middle of somebody's random id.
    const word = new RegExp(`(?<!\\w)${secret.replaceAll(/[.+]/g, "\\$&")}(?!\\w)`);
    expect(text).not.toMatch(word);
  }
  expect(text).not.toContain("cellar");
}

describe("without a good token", () => {
  test.each(CASES)("$title wants one", async ({ row }) => {
    expect(await call(row, null)).toEqual({ status: 400, json: NO_TOKEN });
  });

  test.each(CASES)("$title refuses an expired one", async ({ row }) => {
    expect(await call(row, shared.tokens.expired)).toEqual({ status: 401, json: EXPIRED });
  });

  test.each(CASES)("$title refuses an unknown one", async ({ row }) => {
    expect(await call(row, "f".repeat(40))).toMatchObject({ status: 401, json: { error: "invalid_token" } });
  });
});

describe("accounts", () => {
  test.each(CASES)("$title answers its owner", async ({ row }) => {
    expect((await allowed(row, "ada")).status).toBe(row[2]);
  });

  test.each(CASES)("$title shows a stranger nothing", async ({ row }) => {
    const { status, json } = await call(row, shared.tokens.eve);
    expect(status).toBe(row[3] === "own" ? 200 : row[3]);
    showsNothing(json);
  });
});

describe("devices", () => {
  test.each(CASES)("$title and the device itself", async ({ row }) => {
    expect(await allowed(row, "device")).toMatchObject(answerToDevice(row[4]?.device));
  });

  test.each(CASES)("$title refuses a device of the product", async ({ row }) => {
    const answer = await call(row, shared.tokens.fleetDevice);
    expect(answer).toMatchObject(answerToDevice(row[4]?.fleetDevice));
    showsNothing(answer.json);
  });
});

describe("API users", () => {
  test.each(CASES)("$title answers one with the scope as its owner", async ({ row }) => {
    const expected = row[1] === "account" ? UNAUTHORIZED : { status: row[4]?.member ?? row[2] };
    expect(await allowed(row, "member")).toMatchObject(expected);
  });

  test.each(CASES.filter(({ row }) => row[1] !== "self"))("$title refuses one without the scope", async ({ row }) => {
    const { status, json } = await call(row, await shared.memberWithout(row[1]));
    expect({ status, json }).toMatchObject(UNAUTHORIZED);
    showsNothing(json);
  });

  test.each(CASES)("$title shows one of another product nothing", async ({ row }) => {
    const { status, json } = await call(row, shared.tokens.otherMember);
    const expected = row[1] === "account" ? 400 : row[3] === "own" ? 200 : row[3];
    expect(status).toBe(expected);
    showsNothing(json);
  });
});

/** What a stranger may name in bodies and queries of its own routes: Ada's, and the answer. */
const FOREIGN: readonly (readonly [route: RouteRow[0], body: object | undefined, status: number])[] = [
  ["POST /admin/v1/match", { event_id: "ada-event" }, 404],
  ["POST /admin/v1/match", { name: "t", device_id: DEVICE }, 403],
  ["POST /admin/v1/match", { name: "t", device_id: "cellar" }, 403],
  ["POST /admin/v1/match", { name: "t", device_id: FLEET_DEVICE, product: "weather" }, 404],
  ["POST /admin/v1/match", { name: "t", device_id: FLEET_DEVICE, product: "harbour" }, 403],
  ["POST /v1/integrations/preview", { ...AZURE, event_id: "ada-event" }, 404],
  ["POST /v1/integrations/preview", { ...AZURE, device_id: DEVICE }, 403],
  ["POST /v1/integrations/preview", { id: ":integration" }, 404],
  ["POST /v1/products/harbour/integrations/preview", { id: ":fleetIntegration" }, 404],
  ["POST /v1/products/harbour/integrations/preview", { ...AZURE, event_id: "ada-event" }, 404],
  ["POST /v1/integrations", { ...AZURE, deviceID: DEVICE }, 400],
  ["POST /admin/v1/integrations/:own/dry-run", { deviceID: DEVICE }, 400],
  ["POST /v1/integrations/:own/test", { device_id: DEVICE }, 403],
  ["POST /v1/integrations/:own/test", { device_id: FLEET_DEVICE }, 403],
  ["PUT /v1/integrations/:own", { ...AZURE, deviceID: "cellar" }, 400],
  ["POST /v1/devices/events", { name: "t", as_device_id: FLEET_DEVICE }, 403],
  ["POST /v1/products/harbour/events", { name: "t", as_device_id: FLEET_DEVICE }, 403],
  ["GET /admin/v1/products/harbour/sources/:source", undefined, 404],
  ["GET /v1/products/harbour/team/:apiUser", undefined, 404],
  ["GET /v1/products/harbour/devices/:fleetDevice", undefined, 403],
  ["GET /v1/integrations/:fleetIntegration", undefined, 404],
  ["GET /admin/v1/devices?product=weather", undefined, 404],
];

test.each(FOREIGN)("%s with %j of somebody else is as if it were not there", async (route, body, status) => {
  const { api, names, tokens } = shared;
  const eve = (await api.directory.accountByUsername("eve"))!.account;
  const own = await api.directory.createIntegration(hubSettings({ kind: "sandbox", accountId: eve.id }));
  api.world.events = [ADAS_EVENT];
  const withNames = (text: string): string =>
    text.replaceAll(/:(\w+)/g, (all, name: string) => (name === "own" ? own.id : (names[name] ?? all)));
  const payload = body === undefined ? {} : { body: JSON.parse(withNames(JSON.stringify(body))) as object };
  const answer = await shared.call(withNames(route), tokens.eve, payload);
  expect(answer.status).toBe(status);
  showsNothing(answer.json);
  await api.directory.deleteIntegration(own.id);
  api.world.events = [];
});

test("a device speaks for itself and for no other", async () => {
  const { api, tokens } = shared;
  api.accepted.length = 0;
  const publish = async (body: object): Promise<number> =>
    (await shared.call("POST /v1/devices/events", tokens.device, { body: { name: "t", ...body } })).status;
  expect(await publish({})).toBe(200);
  expect(await publish({ as_device_id: DEVICE })).toBe(200);
  expect(await publish({ as_device_id: FLEET_DEVICE })).toBe(403);
  expect(api.accepted.map(({ device }) => device?.id)).toEqual([DEVICE, DEVICE]);
});

test("a device that somebody has claimed cannot be pulled into a stranger's product", async () => {
  const { api, tokens } = shared;
  const { id } = (await api.directory.accountByUsername("eve"))!.account;
  await api.directory.createProduct({ ownerId: id, name: "Trap", slug: "trap", description: "" });
  for (const device of [DEVICE, FLEET_DEVICE]) {
    const pulled = await shared.call("POST /v1/products/trap/devices", tokens.eve, { body: { id: device } });
    expect(pulled.json).toMatchObject({ updated: 0, nonmemberDeviceIds: [device] });
  }
});

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

test("the Local Hub shows an account the messages of its own devices only", async () => {
  const { api, names, tokens } = shared;
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
  const url = await shared.origin();
  const hub = names["integration"]!;
  expect(await watch(`${url}/admin/v1/hubs/local/monitor-events`, tokens.eve, 1)).toEqual([EVES_DEVICE]);
  const seenByAda = [DEVICE, FLEET_DEVICE, DEVICE];
  expect(await watch(`${url}/admin/v1/hubs/local/monitor-events`, tokens.ada, 3)).toEqual(seenByAda);
  expect(await watch(`${url}/admin/v1/hubs/${hub}/monitor-events`, tokens.ada, 3)).toEqual(seenByAda);
  const onlyOne = `${url}/admin/v1/hubs/local/monitor-events?device=${FLEET_DEVICE}`;
  expect(await watch(onlyOne, tokens.ada, 1)).toEqual([FLEET_DEVICE]);
  const fleetHub = `${url}/admin/v1/hubs/${names["fleetIntegration"]}/monitor-events`;
  expect(await watch(fleetHub, tokens.member, 1)).toEqual([FLEET_DEVICE]);
});

test("whoever watches a hub sees nothing more once the token is revoked", async () => {
  const own = await createTenants();
  try {
    const { api, names, tokens } = own;
    const url = `${await own.origin()}/admin/v1/hubs/${names["integration"]}/monitor-events`;
    const { body } = await fetch(url, { headers: { authorization: `Bearer ${tokens.ada}` } });
    await api.directory.revokeToken(tokens.ada);
    api.world.monitors[0]!({
      deviceId: DEVICE,
      body: {},
      properties: {},
      systemProperties: {},
      partitionId: "0",
      sequenceNumber: 1,
      enqueuedTime: 1,
    });
    // It ends by itself, too.
    expect((await new Response(body).text()).trim()).toBe("");
  } finally {
    await own.api.app.close();
  }
});

test("every route of the API is in the table", async () => {
  const { paths } = (await shared.api.app.inject("/openapi.json")).json<{ paths: Record<string, object> }>();
  const para = PARA_ROUTES.map(({ route }) => route);
  const rows = [...ROUTES.map(([route]) => pattern(route)), ...OPEN_ROUTES, ...OWN_ROUTES, ...para];
  const tested = new Set(rows.map((route) => route.replaceAll(/:\w+/g, "*")));
  const known = Object.entries(paths).flatMap(([path, methods]) =>
    Object.keys(methods).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{\w+\}/g, "*")}`),
  );
  expect(known.filter((route) => !tested.has(route))).toEqual([]);
  expect(known.length).toBeGreaterThan(40);
});

test("all of that changed nothing of the owner's", async () => {
  expect(await snapshot()).toBe(before);
});

/** A row's route with what it names by heart as stars. */
function pattern(route: string): string {
  const byHeart = ["/products/weather", "/devices/cellar", "/accounts/ada", "/events/t"];
  return byHeart.reduce((text, piece) => text.replace(piece, piece.replace(/[^/]+$/, "*")), route);
}
