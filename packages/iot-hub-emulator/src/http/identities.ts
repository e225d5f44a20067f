/** Identity registry over REST. */
import { bulk } from "../hub/bulk-registry.ts";
import { HubError } from "../hub/errors.ts";
import { parseIdentityFields, requireDeviceId, requireObject } from "../hub/identity-fields.ts";
import { preconditionFailed } from "../hub/registry.ts";
import { preconditionOf, readJson, resource } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";

const READ = { kind: "service", permission: "RegistryRead" } as const;
const WRITE = { kind: "service", permission: "RegistryWrite" } as const;
const IDENTITY_BYTES = 64 * 1024;
/** A hundred entries with full twins. */
const BULK_BYTES: number = 100 * 48 * 1024;

export const IDENTITY_ROUTES: readonly Route[] = [
  { method: "GET", path: "/devices", access: READ, handle: list },
  { method: "POST", path: "/devices", access: WRITE, maxBody: BULK_BYTES, handle: changeMany },
  { method: "GET", path: "/devices/:deviceId", access: READ, handle: get },
  { method: "PUT", path: "/devices/:deviceId", access: WRITE, maxBody: IDENTITY_BYTES, handle: put },
  { method: "DELETE", path: "/devices/:deviceId", access: WRITE, maxBody: IDENTITY_BYTES, handle: remove },
  { method: "GET", path: "/statistics/devices", access: READ, handle: statistics },
];

function list({ hub, query }: HubRequest): HubResponse {
  const top = query.get("top");
  if (top !== null && !/^[1-9]\d{0,8}$/.test(top))
    throw new HubError("ArgumentInvalid", "top must be a positive number.");
  return {
    status: 200,
    json: hub.registry.list(top === null ? undefined : Number(top)).map((identity) => hub.registry.format(identity)),
  };
}

function get({ hub, params }: HubRequest): HubResponse {
  const identity = hub.registry.get(deviceIdOf(params));
  return resource(hub.registry.format(identity), identity.etag);
}

// Without If-Match a PUT creates, and refuses an id that is taken; with it, it updates: what the service answers its own SDKs.
async function put(request: HubRequest): Promise<HubResponse> {
  const { hub, params } = request;
  const deviceId = deviceIdOf(params);
  const document = requireObject(readJson(request), "The identity");
  const named = document["deviceId"];
  if (named !== undefined && named !== deviceId) {
    throw new HubError("ArgumentInvalid", "deviceId in the body is not the one in the path.");
  }
  const fields = parseIdentityFields(document);
  const ifMatch = preconditionOf(request, "if-match");
  if (ifMatch !== undefined) {
    const identity = await hub.registry.update(deviceId, fields, ifMatch);
    return resource(hub.registry.format(identity), identity.etag);
  }
  const onlyNew = preconditionOf(request, "if-none-match") === "*";
  if (onlyNew && hub.registry.find(deviceId) !== undefined)
    throw preconditionFailed("The device is already registered.");
  const identity = await hub.registry.create(deviceId, fields);
  return resource(hub.registry.format(identity), identity.etag, onlyNew ? 201 : 200);
}

async function remove(request: HubRequest): Promise<HubResponse> {
  await request.hub.registry.delete(deviceIdOf(request.params), preconditionOf(request, "if-match"));
  return { status: 204 };
}

async function changeMany(request: HubRequest): Promise<HubResponse> {
  const result = await bulk(request.hub, readJson(request));
  return { status: result.isSuccessful ? 200 : 400, json: result };
}

function statistics({ hub }: HubRequest): HubResponse {
  return { status: 200, json: hub.registry.statistics() };
}

function deviceIdOf(params: HubRequest["params"]): string {
  return requireDeviceId(params["deviceId"]);
}
