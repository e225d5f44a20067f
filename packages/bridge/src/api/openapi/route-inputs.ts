/**
 * What each route takes and how it answers when all is well, for the OpenAPI document only: the routes themselves judge what
 * they are given and say what is wrong with it. A test holds this table against the routes and their answers.
 */
import { PARA_INPUTS } from "./para-inputs.ts";

export interface RouteInput {
  /** Fields of the query, and of the body: names with `!` where required, with `:type` where they are no texts. */
  readonly query?: string;
  readonly body?: string;
  /** The body is an array of such objects. */
  readonly list?: true;
  /** Instead of 200. */
  readonly status?: number;
}

const EVENT = "name! data as_device_id published_at content_type id private:boolean ttl:integer";
const INTEGRATION =
  "integration_type! event! name deviceID disabled:boolean daily_cap:integer json " +
  "hub_name policy_name policy_key secondary_policy_key entra:object content_type message_properties:object " +
  "parse_data:boolean name_sync create_identities:boolean device_id_prefix " +
  "url requestType form:object body query:object headers:object auth:object noDefaults:boolean rejectUnauthorized:boolean " +
  "responseTopic errorResponseTopic responseTemplate unchunked:boolean dataUrlResponseEvent:boolean";
const CHANGED_INTEGRATION = INTEGRATION.replace("event!", "event").replace("integration_type!", "integration_type");
const WEBHOOK = INTEGRATION.replace("integration_type! ", "").replace("url", "url!");
const SAMPLE = "event_id event_name data device_id";
const DEVICE = "name notes";
const PRODUCT_DEVICE = `${DEVICE} quarantined:boolean denied:boolean groups:array development:boolean firmware_version:integer desired_firmware_version:integer serial_number signal`;
const GROUP = "name! description";
const SOURCE =
  "kind! name event disabled:boolean create_devices:boolean system_events:boolean fields:object " +
  "token base_url particle_product particle_device follow_events:boolean";
const SERIES = "from to bucket";
const STATE_SETTINGS =
  "telemetry conflicts cloud_to_device:boolean consumer_group event_endpoint event_hub_name sweep_seconds:integer " +
  "hub_name policy_name policy_key secondary_policy_key";
const THING =
  "name deviceState:object tags:array properties:object votes:integer version:integer stored:boolean indexed:boolean cached:boolean";
const METRICS = "start_date end_date bucket_size:integer";
const DELIVERIES = "state device event code since until limit:integer cursor";

const everywhere = (path: string, rows: Readonly<Record<string, RouteInput>>): Record<string, RouteInput> =>
  Object.fromEntries(
    ["/v1", "/v1/products/{product}"].flatMap((root) =>
      Object.entries(rows).map(([row, input]) => [row.replace(" ", ` ${root}${path}`), input]),
    ),
  );

/** By method and path. Routes without a row take nothing and answer 200. */
export const ROUTE_INPUTS: Readonly<Record<string, RouteInput>> = {
  ...PARA_INPUTS,
  "GET /admin/v1/devices/{device}/hubs/{connection}/identity": { query: "hub_device_id" },
  "PUT /admin/v1/devices/{device}/hubs/{connection}/identity": { query: "hub_device_id", body: "status!" },
  "GET /admin/v1/devices/{device}/hubs/{connection}/keys": { query: "hub_device_id" },
  "POST /admin/v1/devices/{device}/hubs/{connection}/keys": { query: "hub_device_id", body: "key!" },
  "POST /admin/v1/devices/{device}/hubs/{connection}/sas-tokens": {
    query: "hub_device_id",
    body: "key minutes:integer",
  },
  "GET /admin/v1/devices/{device}/hubs/{connection}/twin": { query: "hub_device_id" },
  "PATCH /admin/v1/devices/{device}/hubs/{connection}/twin": {
    query: "hub_device_id",
    body: "tags:object desired:object etag",
  },
  "GET /admin/v1/devices/{device}/hubs/{connection}/twin/history": {
    query: "hub_device_id limit:integer before:integer",
  },
  "POST /admin/v1/devices/{device}/hubs/{connection}/methods": {
    query: "hub_device_id",
    body: "method! payload response_timeout_seconds:integer connect_timeout_seconds:integer",
  },
  "POST /admin/v1/devices/{device}/hubs/{connection}/messages": {
    query: "hub_device_id",
    body: "body! content_type properties:object ack expires_in:integer message_id correlation_id",
    status: 201,
  },
  "DELETE /admin/v1/devices/{device}/hubs/{connection}/messages": { query: "hub_device_id" },
  "POST /oauth/token": {
    body: "grant_type! client_id! client_secret! username! password! expires_in:integer expires_at",
  },
  "PUT /admin/v1/local-hub/limits": { body: "tier! units:integer" },
  "POST /admin/v1/local-hub/faults": {
    body: "where!:object effect!:object skip:integer times:integer probability:number seed:integer forMs:integer",
    status: 201,
  },
  "DELETE /admin/v1/local-hub/faults": { status: 204 },
  "DELETE /admin/v1/local-hub/faults/{fault}": { status: 204 },
  "POST /admin/v1/sign-in-links": { status: 201 },
  "POST /admin/v1/sign-in-links/redeem": { body: "code!" },
  "GET /admin/v1/audit": {
    query: "who what since until failed:boolean mine:boolean before:integer limit:integer",
  },
  "DELETE /admin/v1/access-tokens/{id}": { status: 204 },
  "PUT /v1/user": { body: "current_password! password! invalidate_tokens:boolean" },
  "POST /v1/devices/events": { body: EVENT },
  "POST /v1/products/{product}/events": { body: EVENT },
  "POST /v1/devices/events/batch": { body: "events!:array" },
  "POST /v1/products/{product}/events/batch": { body: "events!:array" },
  "POST /v1/devices": { body: "id! request_transfer:boolean" },
  "PUT /v1/devices/{idOrName}": { body: `${DEVICE} signal` },
  "POST /v1/devices/{idOrName}/token": { status: 201 },
  "POST /v1/devices/{idOrName}/{name}": { query: "format", body: "arg" },
  "GET /v1/devices/{idOrName}/{name}": { query: "format" },
  "POST /v1/products/{product}/devices/{id}/{name}": { query: "format", body: "arg" },
  "GET /v1/products/{product}/devices/{id}/{name}": { query: "format" },
  "POST /v1/products": { body: "product!:object", status: 201 },
  "PUT /v1/products/{product}": { body: "product!:object" },
  "DELETE /v1/products/{product}": { query: "confirm:boolean", status: 204 },
  "GET /v1/products/{product}/devices": {
    query: "page:integer per_page:integer deviceId deviceName serialNumber groups quarantined:boolean sortAttr sortDir",
  },
  "POST /v1/products/{product}/devices": { body: "id! import_method file" },
  "PUT /v1/products/{product}/devices/{id}": { body: PRODUCT_DEVICE },
  "DELETE /v1/products/{product}/devices/{id}": { body: "deny:boolean", status: 204 },
  "DELETE /v1/products/{product}/devices/{id}/owner": { status: 204 },
  "POST /v1/products/{product}/devices/{id}/token": { status: 201 },
  "POST /v1/products/{product}/groups": { body: GROUP, status: 201 },
  "PUT /v1/products/{product}/groups/{group}": { body: "name description" },
  "DELETE /v1/products/{product}/groups/{group}": { status: 204 },
  "POST /v1/products/{product}/team": { body: "friendly_name scopes!:array", status: 201 },
  "PUT /v1/products/{product}/team/{username}": { body: "friendly_name scopes:array" },
  "DELETE /v1/products/{product}/team/{username}": { status: 204 },
  "GET /v1/products/{product}/metrics/events": { query: METRICS },
  "GET /v1/products/{product}/metrics/integration": { query: METRICS },
  ...everywhere("/integrations", {
    "POST ": { body: INTEGRATION, status: 201 },
    "PUT /{id}": { body: CHANGED_INTEGRATION },
    "DELETE /{id}": { query: "confirm:boolean", status: 204 },
    "POST /{id}/test": { body: "data device_id event_id" },
    "POST /preview": { body: `id ${CHANGED_INTEGRATION} ${SAMPLE}` },
  }),
  ...everywhere("/webhooks", {
    "POST ": { body: WEBHOOK, status: 201 },
    "PUT /{id}": { body: WEBHOOK.replace("event!", "event").replace("url!", "url") },
    "DELETE /{id}": { query: "confirm:boolean", status: 204 },
    "POST /{id}/test": { body: "data device_id event_id" },
  }),
  "POST /admin/v1/accounts": { body: "username! password operator:boolean", status: 201 },
  "PUT /admin/v1/accounts/{username}": { body: "password" },
  "DELETE /admin/v1/accounts/{username}": { status: 204 },
  "GET /admin/v1/events": { query: "prefix device_id product before:integer limit:integer" },
  "GET /admin/v1/events/stream": { query: "prefix device_id product" },
  "GET /admin/v1/hubs/{hub}/monitor-events": { query: "device since:integer" },
  "DELETE /admin/v1/incidents/{incident}": { status: 204 },
  "PUT /admin/v1/connections/{id}": { body: "name tier units:integer" },
  "POST /admin/v1/connections/{id}/identity-scans": { status: 201 },
  "DELETE /admin/v1/connections/{id}/identity-scans/{scan}": { status: 204 },
  "GET /admin/v1/connections/{id}/identity-scans/{scan}/identities": {
    query: "class! after:integer limit:integer",
  },
  "GET /admin/v1/connections/{id}/identity-scans/{scan}/identities.csv": { query: "class" },
  "POST /admin/v1/connections/{id}/identity-scans/{scan}/apply": {
    body: "actions!:array hub_device_ids:array confirm:object",
    status: 202,
  },
  "GET /admin/v1/connections/{id}/identity-plans/{plan}": { query: "after:integer limit:integer" },
  "POST /admin/v1/doctor": { body: "hub_name! policy_name policy_key secondary_policy_key entra:object id" },
  "GET /admin/v1/integrations": { query: "q type state scope limit:integer after" },
  "GET /admin/v1/integrations/{id}/deliveries": { query: DELIVERIES },
  "POST /admin/v1/integrations/{id}/deliveries/retry": { body: "ids:array code all:boolean" },
  "POST /admin/v1/integrations/{id}/deliveries/discard": { body: "reason! ids:array code all:boolean" },
  "POST /admin/v1/integrations/{id}/deliveries/{delivery}/copy": { body: "data name", status: 201 },
  "PATCH /admin/v1/integrations/{id}": { body: CHANGED_INTEGRATION },
  "POST /admin/v1/integrations/{id}/dry-run": { body: `${CHANGED_INTEGRATION} last:integer` },
  "POST /admin/v1/integrations/{id}/replays": { body: "from! to! device event", status: 202 },
  "DELETE /admin/v1/integrations/{id}/replays/{replay}": { status: 204 },
  "GET /admin/v1/integrations/{id}/series": { query: SERIES },
  "GET /admin/v1/devices": { query: "q product sandbox:boolean approval kind sort order after limit:integer" },
  "POST /admin/v1/products/{product}/devices/approvals": { body: "ids!:array approval!" },
  "PATCH /admin/v1/devices/{device}/state": { query: "wait:integer", body: "state!:object" },
  "PUT /admin/v1/devices/{device}/state": { query: "wait:integer", body: "state!:object" },
  "GET /admin/v1/products/{product}/state-conflicts": { query: "limit:integer" },
  "PUT /admin/v1/products/{product}/state-settings": { body: STATE_SETTINGS },
  "DELETE /admin/v1/products/{product}/state-settings": { status: 204 },
  "PUT /admin/v1/state-settings": { body: STATE_SETTINGS },
  "DELETE /admin/v1/state-settings": { status: 204 },
  "GET /admin/v1/things": { query: "q limit:integer after" },
  "GET /admin/v1/state-conflicts": { query: "limit:integer" },
  "GET /admin/v1/products/{product}/things": { query: "q limit:integer after" },
  "POST /admin/v1/products/{product}/things": {
    body: `id serviceBroker timestamp:integer creatorid parentid ${THING}`,
    status: 201,
  },
  "PATCH /admin/v1/things/{thing}": { query: "wait:integer", body: THING },
  "DELETE /admin/v1/things/{thing}": { status: 204 },
  "POST /admin/v1/things/{thing}/keys": { body: "key" },
  "PUT /admin/v1/things/{thing}/status": { body: "status!" },
  "POST /admin/v1/products/{product}/app-tokens": { body: "expires_in:integer", status: 201 },
  "POST /admin/v1/match": { body: "event_id name data device_id product" },
  "PUT /admin/v1/settings/retention": {
    body: "delivered_hours parked_hours pending_hours".replaceAll("hours", "hours:integer"),
  },
  "POST /admin/v1/products/{product}/sources": { query: "public_url event", body: SOURCE, status: 201 },
  "PUT /admin/v1/products/{product}/sources/{source}": { body: SOURCE.replace("kind!", "kind") },
  "DELETE /admin/v1/products/{product}/sources/{source}": { status: 204 },
  "GET /admin/v1/products/{product}/sources/{source}/gaps": { query: "limit:integer before:integer" },
  "GET /admin/v1/products/{product}/sources/{source}/webhook-definition": { query: "event! public_url" },
};
