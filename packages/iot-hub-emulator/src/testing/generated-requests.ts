/** Requests to the routes of a hub with mistakes of every kind. Not part of the published package. */
import type { Route } from "../http/exchange.ts";
import { mutateBytes, mutateJson, NASTY_TEXTS, pick } from "./generator.ts";
import type { Random } from "./generator.ts";

export const KEY: string = Buffer.alloc(32, 1).toString("base64");
const TWIN = { tags: { a: { b: 1 } }, properties: { desired: { c: [1, "x"] }, reported: { r: 1 } } };
const METHOD = { methodName: "m", payload: { a: 1 }, responseTimeoutInSeconds: 5, connectTimeoutInSeconds: 0 };
const CONTENT = { deviceContent: { "properties.desired.x": { a: 1 } } };
const AUTHENTICATION = { type: "sas", symmetricKey: { primaryKey: KEY, secondaryKey: KEY } };
const ENROLLMENT = {
  registrationId: "d0",
  enrollmentGroupId: "d0",
  attestation: { type: "symmetricKey", symmetricKey: { primaryKey: KEY, secondaryKey: KEY } },
  deviceId: "d0",
  initialTwin: { tags: { a: 1 }, properties: { desired: { b: 1 } } },
  reprovisionPolicy: { updateHubAssignment: true, migrateDeviceData: true },
};
const DEVICE = { deviceId: "d0", status: "enabled", authentication: AUTHENTICATION, capabilities: { iotEdge: false } };
// Nobody listens there.
const CONTAINER = "https://127.0.0.1:9/container?sig=x";

/** What an honest client sends, by method and path. */
const BODIES: Readonly<Record<string, unknown>> = {
  "POST /admin/faults": { where: { point: "attach", operation: "cbs" }, effect: { kind: "delay", ms: 1 }, times: 1 },
  "POST /admin/wait-for-event": { deviceId: "d0", properties: { a: "b" }, bodyContains: { a: 1 }, timeoutMs: 0 },
  "PUT /admin/routing": {
    routes: [{ name: "r", source: "DeviceMessages", condition: "a = 'x' AND $body.b > 1", endpointNames: ["events"] }],
    endpoints: [{ name: "e" }],
    enrichments: [{ key: "k", value: "$twin.tags.a", endpointNames: ["events"] }],
    fallback: { isEnabled: true },
  },
  "POST /admin/routing/test": { source: "DeviceMessages", deviceId: "d0", body: { b: 2 }, properties: { a: "x" } },
  "POST /devices": [{ id: "d1", importMode: "createOrUpdate", authentication: AUTHENTICATION, tags: { a: 1 } }],
  "PUT /devices/:deviceId": DEVICE,
  "PUT /devices/:deviceId/modules/:moduleId": { deviceId: "d0", moduleId: "m0", authentication: AUTHENTICATION },
  "PATCH /twins/:deviceId": TWIN,
  "PUT /twins/:deviceId": TWIN,
  "PATCH /twins/:deviceId/modules/:moduleId": TWIN,
  "PUT /twins/:deviceId/modules/:moduleId": TWIN,
  "POST /devices/query": { query: "SELECT tags.a, COUNT() AS n FROM devices WHERE tags.a.b > 0 GROUP BY tags.a" },
  "PUT /jobs/v2/:jobId": { type: "scheduleUpdateTwin", queryCondition: "*", updateTwin: { ...TWIN, etag: "*" } },
  "POST /jobs/create": { type: "export", outputBlobContainerUri: CONTAINER, excludeKeysInExport: true },
  "PUT /configurations/:configurationId": {
    id: "d0",
    schemaVersion: "1.0",
    priority: 1,
    targetCondition: "tags.a.b = 1",
    content: CONTENT,
    metrics: { queries: { m: "select deviceId from devices" } },
  },
  "POST /configurations/testQueries": { targetCondition: "*", customMetricQueries: { m: "select 1 from devices" } },
  "POST /devices/:deviceId/applyConfigurationContent": CONTENT,
  "POST /devices/:deviceId/messages/events": { any: "thing" },
  "POST /twins/:deviceId/methods": METHOD,
  "POST /twins/:deviceId/modules/:moduleId/methods": METHOD,
  "PATCH /digitaltwins/:deviceId": [{ op: "add", path: "/a", value: 1 }],
  "POST /devices/:deviceId/files": { blobName: "b" },
  "POST /devices/:deviceId/files/notifications": { correlationId: "c", isSuccess: true, statusCode: 200 },
  "PUT /:idScope/registrations/:registrationId/register": { registrationId: "d0", payload: { a: 1 } },
  "PUT /enrollments/:id": ENROLLMENT,
  "PUT /enrollmentGroups/:id": ENROLLMENT,
  "POST /enrollments": { mode: "create", enrollments: [ENROLLMENT] },
  "POST /enrollments/query": { query: "select * from enrollments" },
};

export interface RawRequest {
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

export interface Credentials {
  readonly hub: string;
  readonly provisioning: string;
  readonly admin: string;
}

const QUERIES: readonly string[] = [
  "top=1",
  "top=-1",
  "top=1e9",
  "jobType=scheduleDeviceMethod",
  "jobStatus=x",
  "reject",
  "rejectAll=true",
  "purgeMessageQueueOnDelete=%00",
  "forceUpdate=maybe",
  "x=%E0%A4%A",
  "&&&===",
];
const VALUES: readonly string[] = ['"AAAAAAAAAAE="', "*", '""', "W/", "AA", "1", "0", "-1", "99999999999", "e=mc2; ,"];
const HEADERS: readonly string[] = [
  "if-match",
  "if-none-match",
  "x-ms-max-item-count",
  "x-ms-continuation",
  "iothub-app-a",
  "iothub-app-$.x",
  "iothub-messageid",
  "iothub-correlationid",
  "iothub-expiry",
  "iothub-ack",
  "iothub-to",
  "iothub-operation",
  "iothub-messagelocktimeout",
  "iothub-contenttype",
  "iothub-contentencoding",
  "x-http-method-override",
  "content-encoding",
  "expect",
];

/** A request to one of the routes, most often with something wrong in it. */
export function generatedRequest(random: Random, routes: readonly Route[], credentials: Credentials): RawRequest {
  const route = pick(random, routes);
  const method = random(20) === 0 ? pick(random, ["GET", "PUT", "POST", "PATCH", "DELETE", "OPTIONS"]) : route.method;
  const path = route.path
    .split("/")
    .map((part) => (part.startsWith(":") ? segmentOf(random, part) : part))
    .join("/");
  const version = random(20) === 0 ? "" : "api-version=2021-04-12&";
  const search = random(3) === 0 ? pick(random, QUERIES) : "";
  return {
    method,
    path: `${path}?${version}${search}`,
    headers: headersOf(random, route, credentials),
    body: bodyOf(random, route),
  };
}

function segmentOf(random: Random, name: string): string {
  if (random(6) > 0) return name === ":moduleId" ? "m0" : pick(random, ["d0", "d0", "d1", "d2"]);
  return random(4) === 0
    ? pick(random, ["%", "%ff", "%2f", ";", "a%00b"])
    : encodeURIComponent(pick(random, NASTY_TEXTS).replace("\ud800", "\ufffd"));
}

function headersOf(
  random: Random,
  { path, access }: Route,
  { hub, provisioning, admin }: Credentials,
): RawRequest["headers"] {
  const headers: Record<string, string> = {};
  const isProvisioning = /^\/(?:enrollment|registration|:idScope)/.test(path);
  if (random(30) > 0) headers["authorization"] = isProvisioning ? provisioning : hub;
  if (random(30) === 0)
    headers["authorization"] = `SharedAccessSignature ${pick(random, ["", "sr=%", "sr=a&sig=b&se=c", "&=&", "x"])}`;
  if (access.kind === "admin") headers["x-admin-key"] = admin;
  while (random(3) === 0) headers[pick(random, HEADERS)] = pick(random, VALUES);
  return headers;
}

function bodyOf(random: Random, { method, path }: Route): Buffer {
  const honest = BODIES[`${method} ${path}`] ?? (method === "GET" ? undefined : {});
  if (honest === undefined) return Buffer.alloc(0);
  let document = random(8) === 0 ? honest : mutateJson(random, honest);
  // Waiting for events takes time and finds nothing.
  if (path === "/admin/wait-for-event" && typeof document === "object") document = { ...document, timeoutMs: 0 };
  const bytes = Buffer.from(JSON.stringify(document));
  return random(20) === 0 ? mutateBytes(random, bytes) : bytes;
}
