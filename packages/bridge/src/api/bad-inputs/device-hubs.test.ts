import { afterAll, beforeAll, expect, test } from "vitest";
import { lineKey } from "../../core/delivery-target.ts";
import { hubSettings } from "../testing/integration-samples.ts";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const DEVICE = "0123456789abcdef01234567";
const THEIRS = "ffffffffffffffffffffffff";
const TWICE = { deep: {} };
for (let depth = 0, level: Record<string, unknown> = TWICE.deep; depth < 30; depth += 1)
  level = level["a"] = {} as never;

type Row = readonly [what: string, route: string, body: unknown, status: number, error: RegExp];

const ROWS: readonly Row[] = [
  ["a stranger's device", `GET /devices/${THEIRS}/hubs/:c/twin`, undefined, 403, /Permission Denied/],
  ["a connection of nobody's", `GET /devices/${DEVICE}/hubs/local/twin`, undefined, 404, /Hub of the device not found/],
  ["a connection with a NUL", `GET /devices/${DEVICE}/hubs/a%00b/keys`, undefined, 404, /Hub of the device not found/],
  ["another id in the hub", `GET /devices/${DEVICE}/hubs/:c/keys?hub_device_id=${THEIRS}`, undefined, 404, /not found/],
  [
    "an id twice",
    `GET /devices/${DEVICE}/hubs/:c/keys?hub_device_id=a&hub_device_id=b`,
    undefined,
    400,
    /hub_device_id/,
  ],
  ["a status of its own", "PUT /identity", { status: "asleep" }, 400, /^status must be one of enabled, disabled/],
  ["no status", "PUT /identity", {}, 400, /^status must be one of/],
  ["a third key", "POST /keys", { key: "tertiary" }, 400, /^key must be one of primary, secondary, swap/],
  ["a key of the prototype's", "POST /keys", { key: "constructor" }, 400, /^key must be one of/],
  ["a token for ever", "POST /sas-tokens", { minutes: 1e9 }, 400, /^minutes must be a whole number from 1 to 1440/],
  ["a patch of nothing", "PATCH /twin", {}, 400, /^tags or desired is required/],
  ["tags that are a list", "PATCH /twin", { tags: [] }, 400, /^tags must be a JSON object/],
  ["desired properties that are a text", "PATCH /twin", { desired: "on" }, 400, /^desired must be a JSON object/],
  ["a tower of objects", "PATCH /twin", { desired: TWICE }, 400, /^desired holds more than a twin can/],
  ["an etag that breaks out", "PATCH /twin", { tags: {}, etag: 'a"\r\nx: y' }, 400, /^etag must not hold control/],
  ["a history without end", "GET /twin/history?limit=101", undefined, 400, /^limit must be a whole number/],
  ["a method without a name", "POST /methods", { payload: 1 }, 400, /^method is required/],
  ["a call that never ends", "POST /methods", { method: "m", response_timeout_seconds: 301 }, 400, /^response_timeout/],
  ["a call in no time", "POST /methods", { method: "m", response_timeout_seconds: 4 }, 400, /^response_timeout/],
  ["a payload too long", "POST /methods", { method: "m", payload: "x".repeat(131_072) }, 400, /^payload must have/],
  ["a message of nothing", "POST /messages", {}, 400, /^body is required/],
  ["a message for a week", "POST /messages", { body: "x", expires_in: 604_800 }, 400, /^expires_in/],
  ["an acknowledgement of its own", "POST /messages", { body: "x", ack: "maybe" }, 400, /^ack must be one of/],
  ["properties that are no texts", "POST /messages", { body: "x", properties: { a: 1 } }, 400, /^properties must be/],
  ["a property of the hub's", "POST /messages", { body: "x", properties: { "iothub-ack": "full" } }, 400, /iothub-/],
  ["a property with a line break", "POST /messages", { body: "x", properties: { a: "b\nc" } }, 400, /printable/],
  ["a body that is a list", "POST /messages", [], 400, /^The body must be a JSON object/],
];

let api: TestApi;
let token: string;
let connection: string;

beforeAll(async () => {
  api = createTestApi();
  const ada = await api.account("ada");
  const eve = await api.account("eve");
  ({ token } = ada);
  await api.directory.claimDevice(ada.id, DEVICE);
  await api.directory.claimDevice(eve.id, THEIRS);
  connection = lineKey(await api.directory.createIntegration(hubSettings({ kind: "sandbox", accountId: ada.id })));
});

afterAll(() => api.app.close());

test.each(ROWS)("%s", async (_what, route, body, status, error) => {
  const [method = "", rest = ""] = route.split(" ");
  const path = rest.startsWith("/devices/") ? rest : `/devices/${DEVICE}/hubs/:c${rest}`;
  const answer = await api.app.inject({
    method: method as "GET",
    url: `/admin/v1${path.replace(":c", connection)}`,
    headers: { authorization: `Bearer ${token}` },
    ...(body !== undefined && { payload: body as object }),
  });
  const { ok, error: said } = answer.json<{ ok: boolean; error: string }>();
  expect([answer.statusCode, ok, said]).toEqual([status, false, expect.stringMatching(error)]);
});

test("nothing of all that reached a hub", () => {
  expect([api.hubDevices.changes, api.hubDevices.called, api.hubDevices.sent]).toEqual([[], [], []]);
});
