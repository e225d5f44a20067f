import fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { badInputs, MINE, NOBODYS, THEIRS, UNKNOWN_DEVICE } from "../testing/bad-inputs.ts";
import type { Row } from "../testing/bad-inputs.ts";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";

const { checks, checkNothingHappened } = badInputs();
const STATE = `/admin/v1/devices/${MINE}/state`;
const SETTINGS = "/admin/v1/state-settings";
const THINGS = "/admin/v1/products/weather/things";
const NO_THING = "Thing not found";

const STATE_ROWS: readonly Row[] = [
  ["a state of a stranger's device", "GET", `/admin/v1/devices/${THEIRS}/state`, {}, 403, UNKNOWN_DEVICE],
  [
    "a state of nobody's device",
    "PATCH",
    `/admin/v1/devices/${NOBODYS}/state`,
    { json: { state: {} } },
    403,
    UNKNOWN_DEVICE,
  ],
  ["a device with a long id", "GET", `/admin/v1/devices/${"1".repeat(200)}/state`, {}, 403, UNKNOWN_DEVICE],
  ["a device with a NUL", "GET", "/admin/v1/devices/a%00b/state", {}, 403, UNKNOWN_DEVICE],
  ["a change without a body", "PATCH", STATE, {}, 400, "state is required"],
  ["a change that is an array", "PATCH", STATE, { json: [] }, 400, "The body must be a JSON object"],
  ["a change in a form", "PATCH", STATE, { form: "state=on" }, 400, "state must be a JSON object"],
  [
    "a change that is no JSON",
    "PATCH",
    STATE,
    { raw: "{", type: "application/json" },
    400,
    "The body is not valid JSON",
  ],
  [
    "a wait without end",
    "PUT",
    `${STATE}?wait=-1`,
    { json: { state: {} } },
    400,
    "wait must be a whole number from 0 to 30",
  ],
  [
    "a wait twice",
    "PUT",
    `${STATE}?wait=1&wait=2`,
    { json: { state: {} } },
    400,
    "wait must be a whole number from 0 to 30",
  ],
  [
    "all conflicts there are",
    "GET",
    "/admin/v1/products/weather/state-conflicts?limit=501",
    {},
    400,
    "limit must be a whole number from 1 to 500",
  ],
];

const SETTING_ROWS: readonly Row[] = [
  ["a rule that is a number", "PUT", SETTINGS, { json: { telemetry: 1 } }, 400, "telemetry must be a string"],
  ["a hub that is an object", "PUT", SETTINGS, { json: { hub_name: {} } }, 400, "hub_name must be a string"],
  [
    "a hub on this machine",
    "PUT",
    SETTINGS,
    { json: { hub_name: "127.0.0.1" } },
    400,
    "hub_name: must be a hub's name or host name",
  ],
  [
    "a field of another name",
    "PUT",
    SETTINGS,
    { json: { "<b>": 1 } },
    400,
    "State settings have no field of that name: telemetry, conflicts, cloud_to_device, consumer_group, event_endpoint, event_hub_name, sweep_seconds, hub_name, policy_name, policy_key, secondary_policy_key",
  ],
  [
    "a consumer group that leads elsewhere",
    "PUT",
    SETTINGS,
    { json: { consumer_group: "../x" } },
    400,
    "consumer_group must be $Default or letters, digits and . _ -, as the hub's Built-in endpoints shows it",
  ],
  ["settings of nobody's product", "GET", "/admin/v1/products/nothing/state-settings", {}, 404, "Product not found"],
];

const THING_ROWS: readonly Row[] = [
  [
    "a Thing of Amazon's",
    "POST",
    THINGS,
    { json: { serviceBroker: "AWS" } },
    400,
    "'serviceBroker' AWS is not supported: this server knows Azure",
  ],
  [
    "a Thing with a device's id",
    "POST",
    THINGS,
    { json: { id: NOBODYS } },
    400,
    "'id' must not be 24 hexadecimal digits: these are ids of devices that publish here",
  ],
  ["a Thing whose id is a number", "POST", THINGS, { json: { id: 7 } }, 400, "id must be a string"],
  [
    "a Thing whose state is a list",
    "POST",
    THINGS,
    { json: { deviceState: ["on"] } },
    400,
    "'deviceState' must be a JSON object",
  ],
  ["a Thing that is not there", "PATCH", "/admin/v1/things/7", { json: { name: "x" } }, 404, NO_THING],
  ["a Thing with a long id", "GET", `/admin/v1/things/${"7".repeat(200)}`, {}, 404, NO_THING],
  ["a key of a device", "POST", `/admin/v1/things/${MINE}/keys`, { json: {} }, 404, NO_THING],
  ["a list that is too long", "GET", `${THINGS}?limit=1001`, {}, 400, "limit must be a whole number from 1 to 1000"],
  ["a list after two", "GET", `${THINGS}?after=1&after=2`, {}, 400, "after must be a string"],
  [
    "a token without an end",
    "POST",
    "/admin/v1/products/weather/app-tokens",
    { json: { expires_in: 1e12 } },
    400,
    "expires_in must be a whole number from 1 to 31622400",
  ],
];

checks(STATE_ROWS);
checks(SETTING_ROWS);
checks(THING_ROWS);
checkNothingHappened();

let api: TestApi;
let token: string;

beforeAll(async () => {
  api = createTestApi();
  const ada = await api.account("ada");
  ({ token } = ada);
  await api.directory.claimDevice(ada.id, MINE);
  await api.directory.createProduct({ ownerId: ada.id, name: "Weather", slug: "weather", description: "" });
  await api.app.ready();
});

afterAll(() => api.app.close());

const field = fc.oneof(
  fc.constantFrom("state", "telemetry", "hub_name", "policy_key", "event_endpoint", "sweep_seconds", "name", "id"),
  fc.constantFrom("deviceState", "properties", "tags", "constructor", "toString", "serviceBroker"),
  fc.string(),
);

test("whatever JSON comes is taken or refused with a reason, and never a failure of the server", async () => {
  const routes = [`PATCH ${STATE}`, `PUT ${STATE}`, `PUT ${SETTINGS}`, `POST ${THINGS}`];
  const anyBody = fc.dictionary(field, fc.jsonValue({ maxDepth: 3 }), { noNullPrototype: true });
  await fc.assert(
    fc.asyncProperty(fc.constantFrom(...routes), anyBody, async (route, body) => {
      const [method, url] = route.split(" ") as ["PUT", string];
      const headers = { authorization: `Bearer ${token}` };
      const answer = await api.app.inject({ method, url, headers, payload: body });
      const { error } = answer.json<{ error?: string }>();
      expect(answer.statusCode < 300 ? "done" : error).toEqual(expect.any(String));
      expect([200, 201, 400]).toContain(answer.statusCode);
    }),
    { numRuns: 400 },
  );
});
