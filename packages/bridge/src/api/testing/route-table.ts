/**
 * Every route that asks who calls, and what it answers to whom. `identities.test.ts` plays each row with every kind of caller; a
 * route of the OpenAPI document without a row fails it. The cast is in `tenants.ts`: Ada owns all that the paths name, Eve is a
 * stranger, and both have a product with API users.
 */
import type { Requirement } from "../../core/permission.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Answer to another account: not found, permission denied, bad whoever asks, or 200 with nothing but its own (`own`). */
type Stranger = 400 | 403 | 404 | "own";

interface Extra {
  readonly body?: object;
  /** To an API user that may; otherwise as to the owner. */
  readonly member?: number;
  /** To the token of a device of the owner; otherwise 403. */
  readonly device?: number;
  /** To the token of a device of the product; otherwise 403. */
  readonly fleetDevice?: number;
  /** An answer of 200 has no end: only its head is read. */
  readonly endless?: true;
}

/** `permission`: `account` also stands for what works in a sandbox, which API users do not have. `owner`: the owner's status. */
export type RouteRow = readonly [
  route: `${Method} /${string}`,
  permission: Requirement,
  owner: number,
  stranger: Stranger,
  extra?: Extra,
];

export const DEVICE = "0123456789abcdef01234567";
export const FLEET_DEVICE = "0123456789abcdef01234568";
const NEW_DEVICE = "bbbbbbbbbbbbbbbbbbbbbbbb";
const WEBHOOK = { event: "temp", url: "https://example.com/in" };
const AZURE = { integration_type: "AzureIotHub", event: "t", hub_name: "local" };
const API_USER = { friendly_name: "report", scopes: ["events:get"] };

export const ROUTES: readonly RouteRow[] = [
  // First: later it holds what the callers themselves have asked for.
  ["GET /admin/v1/audit", "account", 200, "own"],
  ["GET /admin/v1/about", "account", 200, "own"],
  ["GET /admin/v1/access-tokens", "account", 200, "own"],
  ["DELETE /admin/v1/access-tokens/:accessToken", "account", 204, 404],
  ["GET /v1/user", "self", 200, "own"],
  ["GET /v1/access_tokens/current", "self", 200, "own"],

  ["PUT /v1/user", "account", 400, 400, { body: { current_password: "a guess", password: "opened by a guess" } }],
  ["GET /v1/devices", "account", 200, "own"],
  ["POST /v1/devices", "account", 200, 403, { body: { id: DEVICE } }],
  ["POST /v1/devices", "account", 200, 403, { body: { id: FLEET_DEVICE } }],
  ["GET /v1/devices/:device", "account", 200, 403],
  ["GET /v1/devices/cellar", "account", 200, 403],
  ["PUT /v1/devices/:device", "account", 200, 403, { body: { name: "mine now" } }],
  ["DELETE /v1/devices/:device", "account", 200, 403],
  ["PUT /v1/devices/:device/ping", "account", 200, 403],
  ["POST /v1/devices/:device/token", "account", 201, 403],
  ["DELETE /v1/devices/:device/token", "account", 200, 403],
  ["POST /v1/devices/:device/:function", "account", 404, 403, { body: { arg: "" } }],
  ["GET /v1/devices/:device/:variable", "account", 404, 403],
  ["POST /v1/products/weather/devices/:fleetDevice/:function", "devices.function:call", 404, 404],
  ["GET /v1/products/weather/devices/:fleetDevice/:variable", "devices.variable:get", 404, 404],
  ["POST /v1/devices/events", "account", 200, 403, { body: { name: "t", as_device_id: DEVICE }, device: 200 }],

  ["GET /v1/events/t", "account", 200, "own", { endless: true }],
  ["GET /v1/events", "account", 400, 400],
  ["GET /v1/devices/events", "account", 200, "own", { endless: true }],
  ["GET /v1/devices/events/t", "account", 200, "own", { endless: true }],
  ["GET /v1/devices/:device/events", "account", 200, 403, { endless: true }],
  ["GET /v1/devices/cellar/events/t", "account", 200, 403, { endless: true }],
  ["GET /v1/products/weather/events", "events:get", 200, 404, { endless: true }],
  ["GET /v1/products/:product/events/t", "events:get", 200, 404, { endless: true }],
  ["GET /v1/products/weather/devices/:fleetDevice/events", "events:get", 200, 404, { endless: true }],
  ["GET /v1/products/weather/devices/:fleetDevice/events/t", "events:get", 200, 404, { endless: true }],

  ["GET /v1/products", "products:list", 200, "own"],
  ["GET /v1/products/weather", "products:get", 200, 404],
  ["GET /v1/products/:product", "products:get", 200, 404],
  ["PUT /v1/products/weather", "account", 200, 404, { body: { product: { name: "Storms" } } }],
  ["DELETE /v1/products/weather", "account", 409, 404],
  ["GET /v1/products/weather/groups", "groups:list", 200, 404],
  ["POST /v1/products/weather/groups", "groups:create", 201, 404, { body: { name: "south" } }],
  ["GET /v1/products/weather/groups/:group", "groups:get", 200, 404],
  ["PUT /v1/products/weather/groups/:group", "groups:update", 200, 404, { body: { description: "mine" } }],
  ["DELETE /v1/products/weather/groups/:group", "groups:remove", 204, 404],
  ["GET /v1/products/weather/team", "teams.users:list", 200, 404],
  ["POST /v1/products/weather/team", "teams.users:invite", 201, 404, { body: API_USER }],
  ["GET /v1/products/weather/team/:apiUser", "teams.users:list", 200, 404],
  ["PUT /v1/products/weather/team/:apiUser", "teams.users:update", 200, 404, { body: API_USER }],
  ["DELETE /v1/products/weather/team/:apiUser", "teams.users:remove", 204, 404],
  ["GET /v1/products/weather/devices", "devices:list", 200, 404],
  ["POST /v1/products/weather/devices", "devices:import", 200, 404, { body: { id: NEW_DEVICE } }],
  ["GET /v1/products/weather/devices/:fleetDevice", "devices:get", 200, 404],
  ["PUT /v1/products/weather/devices/:fleetDevice", "devices:update", 200, 404, { body: { quarantined: true } }],
  ["PUT /v1/products/weather/devices/:fleetDevice/ping", "devices:ping", 200, 404],
  ["DELETE /v1/products/weather/devices/:fleetDevice", "devices:remove", 204, 404],
  ["DELETE /v1/products/weather/devices/:fleetDevice/owner", "devices:release", 204, 404],
  ["POST /v1/products/weather/devices/:fleetDevice/token", "devices:import", 201, 404],
  ["DELETE /v1/products/weather/devices/:fleetDevice/token", "devices:update", 200, 404],
  ["POST /v1/products/weather/events", "events:send", 200, 404, { body: { name: "t", as_device_id: FLEET_DEVICE } }],

  [
    "POST /v1/devices/events/batch",
    "account",
    200,
    "own",
    { body: { events: [{ name: "t", as_device_id: DEVICE }] }, device: 200, fleetDevice: 200 },
  ],
  ["POST /v1/products/weather/events/batch", "events:send", 200, 404, { body: { events: [{ name: "t" }] } }],

  ["GET /v1/integrations", "account", 200, "own"],
  ["GET /v1/integrations/:integration", "account", 200, 404],
  ["PUT /v1/integrations/:integration", "account", 200, 404, { body: AZURE }],
  ["DELETE /v1/integrations/:integration", "account", 204, 404],
  ["POST /v1/integrations/:integration/test", "account", 200, 404],
  ["POST /v1/integrations/preview", "account", 200, "own", { body: { event: "t", data: "x" } }],
  ["GET /v1/integrations/:fleetIntegration", "account", 404, 404],
  ["GET /v1/products/weather/integrations", "integrations:list", 200, 404],
  ["POST /v1/products/weather/integrations", "integrations:create", 201, 404, { body: AZURE }],
  ["GET /v1/products/weather/integrations/:fleetIntegration", "integrations:get", 200, 404],
  ["GET /v1/products/weather/integrations/:integration", "integrations:get", 404, 404],
  ["PUT /v1/products/weather/integrations/:fleetIntegration", "integrations:update", 200, 404, { body: AZURE }],
  ["DELETE /v1/products/weather/integrations/:fleetIntegration", "integrations:remove", 204, 404],
  ["POST /v1/products/weather/integrations/:fleetIntegration/test", "integrations:test", 200, 404],

  ["POST /v1/products/weather/integrations/preview", "integrations:get", 200, 404, { body: { data: "x" } }],
  ["GET /admin/v1/events", "events:get", 200, "own"],
  ["GET /admin/v1/events?product=weather", "events:get", 200, 404],
  ["GET /admin/v1/events?device_id=:device", "events:get", 200, 403, { member: 403 }],
  ["GET /admin/v1/events/stream", "events:get", 200, "own", { endless: true }],
  ["GET /admin/v1/events/stream?device_id=:fleetDevice", "events:get", 200, 403, { endless: true }],
  ["GET /admin/v1/events/:event", "integrations:list", 200, 404],
  ["POST /admin/v1/match", "integrations:list", 200, "own", { body: { name: "t" } }],
  ["POST /admin/v1/match", "integrations:list", 200, 403, { body: { name: "t", device_id: DEVICE }, member: 403 }],
  ["POST /admin/v1/integrations/:integration/dry-run", "integrations:get", 200, 404, { member: 404 }],
  ["POST /admin/v1/integrations/:fleetIntegration/dry-run", "integrations:get", 200, 404],

  ["GET /admin/v1/local-hub", "account", 403, 403],
  ["PUT /admin/v1/local-hub/limits", "account", 403, 403, { body: { tier: null } }],
  ["POST /admin/v1/local-hub/faults", "account", 403, 403, { body: { where: {}, effect: {} } }],
  ["DELETE /admin/v1/local-hub/faults", "account", 403, 403],
  ["DELETE /admin/v1/local-hub/faults/:fault", "account", 403, 403],
  ["GET /admin/v1/overview", "account", 200, "own"],
  ["GET /admin/v1/overview/history", "account", 200, "own"],
  ["GET /admin/v1/devices", "devices:list", 200, "own"],
  ["GET /admin/v1/devices/:fleetDevice", "devices:get", 200, 403],
  ["GET /admin/v1/devices/:device", "devices:get", 200, 403, { member: 403 }],
  [
    "POST /admin/v1/products/weather/devices/approvals",
    "devices:update",
    200,
    404,
    { body: { ids: [FLEET_DEVICE], approval: "denied" } },
  ],

  ["GET /admin/v1/accounts", "account", 403, 403],
  ["POST /admin/v1/accounts", "account", 403, 403, { body: { username: "mallory" } }],
  ["PUT /admin/v1/accounts/ada", "account", 403, 403],
  ["DELETE /admin/v1/accounts/ada", "account", 403, 403],
  ["POST /admin/v1/secrets/rotate", "account", 403, 403],
  ["GET /admin/v1/backup", "account", 403, 403],
  // Under this name there are webhooks only, and these integrations are none.
  ["GET /v1/webhooks", "account", 200, "own"],
  ["GET /v1/webhooks/:integration", "account", 404, 404],
  ["PUT /v1/webhooks/:integration", "account", 404, 404, { body: WEBHOOK }],
  ["DELETE /v1/webhooks/:integration", "account", 404, 404],
  ["POST /v1/webhooks/:integration/test", "account", 404, 404],
  ["GET /v1/products/weather/webhooks", "integrations:list", 200, 404],
  ["POST /v1/products/weather/webhooks", "integrations:create", 201, 404, { body: WEBHOOK }],
  ["GET /v1/products/weather/webhooks/:fleetIntegration", "integrations:get", 404, 404],
  ["PUT /v1/products/weather/webhooks/:fleetIntegration", "integrations:update", 404, 404, { body: WEBHOOK }],
  ["DELETE /v1/products/weather/webhooks/:fleetIntegration", "integrations:remove", 404, 404],
  ["POST /v1/products/weather/webhooks/:fleetIntegration/test", "integrations:test", 404, 404],

  ["GET /admin/v1/integrations/:integration/deliveries", "integrations:get", 200, 404, { member: 404 }],
  ["GET /admin/v1/integrations/:integration", "integrations:get", 200, 404, { member: 404 }],
  ["GET /admin/v1/integrations/:fleetIntegration", "integrations:get", 200, 404],
  ["PATCH /admin/v1/integrations/:fleetIntegration", "integrations:update", 200, 404, { body: { disabled: true } }],
  ["GET /admin/v1/integrations/:fleetIntegration/doctor", "integrations:get", 200, 404],
  ["GET /admin/v1/integrations/:integration/state", "integrations:get", 200, 404, { member: 404 }],
  ["GET /admin/v1/integrations/:fleetIntegration/state", "integrations:get", 200, 404],
  ["GET /admin/v1/integrations/:fleetIntegration/deliveries", "integrations:get", 200, 404],
  ["POST /admin/v1/integrations/:fleetIntegration/deliveries/retry", "integrations:update", 200, 404],
  ["GET /admin/v1/integrations/:fleetIntegration/ledger", "integrations:get", 200, 404],
  ["GET /admin/v1/integrations/:fleetIntegration/deliveries/:delivery", "integrations:get", 404, 404],
  [
    "POST /admin/v1/integrations/:fleetIntegration/deliveries/discard",
    "integrations:update",
    200,
    404,
    { body: { all: true, reason: "old" } },
  ],
  ["POST /admin/v1/integrations/:fleetIntegration/deliveries/:delivery/copy", "integrations:update", 404, 404],
  ["GET /admin/v1/integrations/:fleetIntegration/failures", "integrations:get", 200, 404],
  ["GET /admin/v1/integrations/:fleetIntegration/log", "integrations:get", 200, 404],
  ["GET /admin/v1/integrations/:fleetIntegration/series", "integrations:get", 200, 404],
  [
    "POST /admin/v1/integrations/:fleetIntegration/replays",
    "integrations:update",
    202,
    404,
    { body: { from: 0, to: 1 } },
  ],
  ["GET /admin/v1/integrations/:fleetIntegration/replays", "integrations:get", 200, 404],
  ["GET /admin/v1/integrations/:fleetIntegration/replays/:replay", "integrations:get", 404, 404],
  ["DELETE /admin/v1/integrations/:fleetIntegration/replays/:replay", "integrations:update", 404, 404],
  ["GET /admin/v1/ledgers", "integrations:list", 200, "own"],
  ["GET /v1/products/weather/metrics/integration", "metrics.integrations:get", 200, 404],
  ["GET /v1/products/weather/metrics/events", "metrics.events:get", 200, 404],
  ["GET /admin/v1/settings/retention", "account", 200, "own"],
  ["PUT /admin/v1/settings/retention", "account", 403, 403],
  ["GET /admin/v1/incidents", "account", 403, 403],
  ["DELETE /admin/v1/incidents/:incident", "account", 403, 403],
  ["DELETE /admin/v1/devices/:fleetDevice/data", "account", 200, 403],
  ["GET /admin/v1/integrations/:fleetIntegration/devices/:fleetDevice/twin", "devices:get", 200, 404],
  ["GET /admin/v1/integrations/:integration/devices/:device/twin", "devices:get", 200, 404, { member: 404 }],
  ["GET /admin/v1/devices/:fleetDevice/state", "devices:get", 200, 403],
  ["GET /admin/v1/devices/:device/state", "devices:get", 200, 403, { member: 403 }],
  ["GET /admin/v1/devices/cellar/state", "devices:get", 200, 403, { member: 403 }],
  ["GET /admin/v1/devices/:thing/state", "devices:get", 200, 403],
  ["PATCH /admin/v1/devices/:fleetDevice/state", "devices:update", 200, 403, { body: { state: { on: true } } }],
  ["PATCH /admin/v1/devices/:thing/state", "devices:update", 200, 403, { body: { state: { on: true } } }],
  ["PUT /admin/v1/devices/:fleetDevice/state", "devices:update", 200, 403, { body: { state: {} } }],
  ["PUT /admin/v1/devices/:device/state", "devices:update", 200, 403, { body: { state: {} }, member: 403 }],
  ["GET /admin/v1/devices/:fleetDevice/state/conflicts", "devices:get", 200, 403],
  ["POST /admin/v1/devices/:fleetDevice/state/compare", "devices:update", 200, 403],
  ["GET /admin/v1/devices/:fleetDevice/hubs", "devices:get", 200, 403],
  ["GET /admin/v1/devices/:device/hubs", "devices:get", 200, 403, { member: 403 }],
  ["GET /admin/v1/devices/:fleetDevice/hubs/:fleetConnection/identity", "devices:get", 200, 403],
  ["GET /admin/v1/devices/:fleetDevice/hubs/:connection/identity", "devices:get", 404, 403],
  [
    "PUT /admin/v1/devices/:fleetDevice/hubs/:fleetConnection/identity",
    "devices:update",
    200,
    403,
    { body: { status: "disabled" } },
  ],
  ["GET /admin/v1/devices/:fleetDevice/hubs/:fleetConnection/keys", "account", 200, 403],
  ["POST /admin/v1/devices/:fleetDevice/hubs/:fleetConnection/keys", "account", 200, 403, { body: { key: "swap" } }],
  [
    "POST /admin/v1/devices/:fleetDevice/hubs/:fleetConnection/sas-tokens",
    "account",
    200,
    403,
    { body: { minutes: 5 } },
  ],
  ["GET /admin/v1/devices/:fleetDevice/hubs/:fleetConnection/twin", "devices:get", 200, 403],
  [
    "PATCH /admin/v1/devices/:fleetDevice/hubs/:fleetConnection/twin",
    "devices:update",
    200,
    403,
    { body: { tags: { site: "north" } } },
  ],
  ["GET /admin/v1/devices/:fleetDevice/hubs/:fleetConnection/twin/history", "devices:get", 200, 403],
  [
    "POST /admin/v1/devices/:fleetDevice/hubs/:fleetConnection/methods",
    "devices.function:call",
    200,
    403,
    { body: { method: "reboot" } },
  ],
  [
    "POST /admin/v1/devices/:fleetDevice/hubs/:fleetConnection/messages",
    "devices.function:call",
    201,
    403,
    { body: { body: "hello" } },
  ],
  ["DELETE /admin/v1/devices/:fleetDevice/hubs/:fleetConnection/messages", "devices:update", 200, 403],
  ["GET /admin/v1/products/weather/state-conflicts", "devices:list", 200, 404],
  ["GET /admin/v1/state-settings", "account", 200, "own"],
  ["PUT /admin/v1/state-settings", "account", 200, "own", { body: { telemetry: "merge" } }],
  ["GET /admin/v1/products/weather/state-settings", "integrations:get", 200, 404],
  ["PUT /admin/v1/products/weather/state-settings", "integrations:update", 200, 404, { body: { conflicts: "hub" } }],
  ["DELETE /admin/v1/products/weather/state-settings", "integrations:remove", 404, 404],
  ["GET /admin/v1/state-hubs", "integrations:list", 200, "own"],
  ["GET /admin/v1/products/weather/things", "devices:list", 200, 404],
  ["POST /admin/v1/products/weather/things", "devices:import", 201, 404, { body: { name: "pump" } }],
  ["GET /admin/v1/things/:thing", "devices:get", 200, 404],
  ["PATCH /admin/v1/things/:thing", "devices:update", 200, 404, { body: { name: "mine" } }],
  ["DELETE /admin/v1/things/:thing", "devices:remove", 204, 404],
  ["POST /admin/v1/things/:thing/keys", "devices:import", 200, 404, { body: { key: "primary" } }],
  ["PUT /admin/v1/things/:thing/status", "devices:update", 200, 404, { body: { status: "disabled" } }],
  ["GET /admin/v1/products/weather/app-keys", "account", 200, 404],
  ["POST /admin/v1/products/weather/app-keys", "account", 200, 404],
  ["POST /admin/v1/products/weather/app-tokens", "account", 201, 404, { body: { expires_in: 60 } }],

  ["GET /admin/v1/transfers", "account", 200, "own"],
  ["POST /admin/v1/transfers/:transfer/accept", "account", 200, 404],
  ["DELETE /admin/v1/transfers/:transfer", "account", 200, 404],
  ["POST /admin/v1/integrations/:integration/doctor", "integrations:test", 200, 404, { member: 404 }],
  ["POST /admin/v1/integrations/:fleetIntegration/doctor", "integrations:test", 200, 404],
  ["POST /admin/v1/doctor", "integrations:create", 200, "own", { body: { hub_name: "local" } }],
  ["GET /admin/v1/integrations", "integrations:list", 200, "own"],
  ["GET /admin/v1/connections", "integrations:list", 200, "own"],
  ["GET /admin/v1/hubs/:fleetIntegration/monitor-events", "events:get", 200, 404, { endless: true }],
  ["GET /admin/v1/hubs/:integration/monitor-events", "events:get", 200, 404, { endless: true, member: 404 }],

  ["GET /admin/v1/products/weather/sources", "account", 200, 404],
  ["POST /admin/v1/products/weather/sources", "account", 201, 404, { body: { kind: "inbound-webhook" } }],
  ["GET /admin/v1/products/weather/sources/:source", "account", 200, 404],
  ["PUT /admin/v1/products/weather/sources/:source", "account", 200, 404, { body: { disabled: true } }],
  ["DELETE /admin/v1/products/weather/sources/:source", "account", 204, 404],
  ["GET /admin/v1/products/weather/sources/:source/gaps", "account", 200, 404],
  ["GET /admin/v1/products/weather/sources/:source/webhook-definition", "account", 200, 404],
  ["POST /admin/v1/products/weather/sources/:source/secret", "account", 200, 404],
  ["GET /admin/v1/products/harbour/sources/:source", "account", 404, 404],
];

/** Open to everybody, or with proofs of their own. */
export const OPEN_ROUTES: readonly string[] = [
  "GET /health/live",
  "GET /health/ready",
  "GET /metrics",
  "GET /v1/_health",
  "GET /v1/_setup",
  "POST /oauth/token",
  "POST /admin/v1/sign-in-links/redeem",
  "DELETE /v1/access_tokens/:token",
  "GET /inbound/v1/:source",
  "POST /inbound/v1/:source",
  "PUT /inbound/v1/:source",
  "DELETE /inbound/v1/:source",
];

/** Every caller changes its own here, so that no stranger exists; tested beside their sources. */
export const OWN_ROUTES: readonly string[] = [
  "POST /admin/v1/sign-in-links",
  "DELETE /admin/v1/state-settings",
  "DELETE /v1/access_tokens",
  "DELETE /v1/access_tokens/current",
  "POST /v1/integrations",
  "POST /v1/products",
  "POST /v1/webhooks",
];
