/** Message routing and consumer groups over the admin API; the service has them in its management API. */
import type { DeviceMessage } from "iot-hub-protocol";
import { HubError } from "../hub/errors.ts";
import { requireObject } from "../hub/registry/identity-fields.ts";
import { MESSAGE_SOURCES, messageSource } from "../hub/routing/message-source.ts";
import { BUILT_IN_ENDPOINT } from "../hub/routing/routing-settings.ts";
import type { RoutingSettings } from "../hub/routing/routing-settings.ts";
import type { MessageStamps } from "../hub/events/telemetry.ts";
import { readJson } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";

const ADMIN: Route["access"] = { kind: "admin" };
/** A hundred routes with the longest conditions. */
const SETTINGS_BYTES: number = 1024 * 1024;
/** A message at its limit, in JSON. */
const MESSAGE_BYTES: number = 1024 * 1024;

export const ADMIN_ROUTING_ROUTES: readonly Route[] = [
  { method: "GET", path: "/admin/routing", access: ADMIN, handle: getRouting },
  { method: "PUT", path: "/admin/routing", access: ADMIN, maxBody: SETTINGS_BYTES, handle: putRouting },
  { method: "POST", path: "/admin/routing/test", access: ADMIN, maxBody: MESSAGE_BYTES, handle: testRouting },
  { method: "GET", path: "/admin/consumer-groups", access: ADMIN, handle: listGroups },
  { method: "GET", path: "/admin/consumer-groups/:group", access: ADMIN, handle: getGroup },
  { method: "PUT", path: "/admin/consumer-groups/:group", access: ADMIN, maxBody: 1024, handle: putGroup },
  { method: "DELETE", path: "/admin/consumer-groups/:group", access: ADMIN, handle: deleteGroup },
];

function getRouting({ hub }: HubRequest): HubResponse {
  return { status: 200, json: hub.routing.settings };
}

async function putRouting(request: HubRequest): Promise<HubResponse> {
  return { status: 200, json: await request.hub.routing.set(readJson(request)) };
}

// Which routes a message would take, without sending it.
function testRouting(request: HubRequest): HubResponse {
  const { hub } = request;
  const document = requireObject(readJson(request), "The message");
  const { source: sourceName = "DeviceMessages" } = document;
  const source = typeof sourceName === "string" ? messageSource(sourceName) : undefined;
  if (source === undefined) {
    throw new HubError("ArgumentInvalid", `source must be one of ${Object.keys(MESSAGE_SOURCES).join(", ")}.`);
  }
  const deviceId = textOf(document, "deviceId") ?? "";
  const moduleId = textOf(document, "moduleId");
  const stamps: MessageStamps = {
    partitionKey: deviceId,
    deviceId,
    ...(moduleId === undefined ? {} : { moduleId }),
    hubEnqueuedTime: hub.now(),
    source: MESSAGE_SOURCES[source],
  };
  const routes = hub.routing.test(source, messageOf(document), stamps);
  return { status: 200, json: { routes, endpoints: endpointsOf(routes, hub.routing.settings) } };
}

type TextField = "contentType" | "contentEncoding" | "messageId" | "correlationId" | "userId" | "subject";
const TEXT_FIELDS: readonly TextField[] = [
  "contentType",
  "contentEncoding",
  "messageId",
  "correlationId",
  "userId",
  "subject",
];

// A body that is not a text is sent as JSON, with the content type of JSON unless another is given.
function messageOf(document: Readonly<Record<string, unknown>>): DeviceMessage {
  const { body = "" } = document;
  const message: { -readonly [K in keyof DeviceMessage]: DeviceMessage[K] } = {
    body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    properties: propertiesOf(document["properties"] ?? {}),
    ...(typeof body === "string" ? {} : { contentType: "application/json", contentEncoding: "utf-8" }),
  };
  for (const field of TEXT_FIELDS) {
    const text = textOf(document, field);
    if (text !== undefined) message[field] = text;
  }
  return message;
}

function propertiesOf(value: unknown): ReadonlyMap<string, string> {
  const properties = new Map<string, string>();
  for (const [name, text] of Object.entries(requireObject(value, "properties"))) {
    if (typeof text !== "string") throw new HubError("ArgumentInvalid", `properties.${name} must be a text.`);
    properties.set(name, text);
  }
  return properties;
}

function textOf(document: Readonly<Record<string, unknown>>, field: string): string | undefined {
  const value = document[field];
  if (value !== undefined && typeof value !== "string") {
    throw new HubError("ArgumentInvalid", `${field} must be a text.`);
  }
  return value;
}

function endpointsOf(routeNames: readonly string[], { routes }: RoutingSettings): readonly string[] {
  const taking = routes.filter(({ name }) => routeNames.includes(name));
  const fallback = routeNames.length > 0 && taking.length === 0 ? [BUILT_IN_ENDPOINT] : [];
  return [...new Set([...taking.flatMap(({ endpointNames }) => endpointNames), ...fallback])];
}

function listGroups({ hub }: HubRequest): HubResponse {
  return { status: 200, json: [...hub.consumerGroups] };
}

function getGroup({ hub, params }: HubRequest): HubResponse {
  const name = hub.consumerGroups.find(params["group"] ?? "");
  if (name === undefined) throw new HubError("ResourceNotFound", `There is no consumer group ${params["group"]}.`);
  return { status: 200, json: { name } };
}

async function putGroup({ hub, params }: HubRequest): Promise<HubResponse> {
  const asked = params["group"] ?? "";
  await hub.consumerGroups.add(asked);
  return { status: 200, json: { name: hub.consumerGroups.find(asked) } };
}

async function deleteGroup({ hub, params }: HubRequest): Promise<HubResponse> {
  await hub.consumerGroups.remove(params["group"] ?? "");
  return { status: 204 };
}
