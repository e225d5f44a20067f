/** Identity registry over REST: devices and their modules. */
import { bulk } from "../hub/registry/bulk-registry.ts";
import { HubError } from "../hub/errors.ts";
import {
  parseIdentityFields,
  parseModuleFields,
  requireDeviceId,
  requireObject,
} from "../hub/registry/identity-fields.ts";
import { identityLabel } from "../hub/registry/identity.ts";
import type { DeviceIdentity } from "../hub/registry/identity.ts";
import { preconditionFailed } from "../hub/registry/registry.ts";
import { preconditionOf, readJson, resource } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";
import { identityOf, requireSameIdentity } from "./identity-path.ts";

const READ = { kind: "service", permission: "RegistryRead" } as const;
const WRITE = { kind: "service", permission: "RegistryWrite" } as const;
const IDENTITY_BYTES = 64 * 1024;
/** A hundred entries with full twins. */
const BULK_BYTES: number = 100 * 48 * 1024;
const DEVICE = "/devices/:deviceId";
const MODULE = "/devices/:deviceId/modules/:moduleId";

export const IDENTITY_ROUTES: readonly Route[] = [
  { method: "GET", path: "/devices", access: READ, handle: list },
  { method: "POST", path: "/devices", access: WRITE, maxBody: BULK_BYTES, handle: changeMany },
  { method: "GET", path: "/devices/:deviceId/modules", access: READ, handle: listModules },
  ...[DEVICE, MODULE].flatMap((path): Route[] => [
    { method: "GET", path, access: READ, handle: get },
    { method: "PUT", path, access: WRITE, maxBody: IDENTITY_BYTES, handle: put },
    { method: "DELETE", path, access: WRITE, maxBody: IDENTITY_BYTES, handle: remove },
  ]),
  { method: "GET", path: "/statistics/devices", access: READ, handle: deviceStatistics },
  { method: "GET", path: "/statistics/service", access: READ, handle: serviceStatistics },
];

// A number that is not from 1 to 1,000 means 1,000, as the service documents.
function list({ hub, query }: HubRequest): HubResponse {
  const top = query.get("top");
  if (top !== null && !/^-?\d{1,10}$/.test(top)) throw new HubError("ArgumentInvalid", "top must be a number.");
  const devices = hub.registry.list(top === null || Number(top) < 1 ? undefined : Number(top));
  return { status: 200, json: devices.map((identity) => hub.registry.format(identity)) };
}

function listModules({ hub, params }: HubRequest): HubResponse {
  const modules = hub.registry.modules(requireDeviceId(params["deviceId"]));
  return { status: 200, json: modules.map((identity) => hub.registry.format(identity)) };
}

function get(request: HubRequest): HubResponse {
  const { deviceId, moduleId } = identityOf(request);
  return shown(request, request.hub.registry.get(deviceId, moduleId));
}

// Without If-Match a PUT creates, and refuses an id that is taken; with it, it updates: what the service answers its own SDKs.
async function put(request: HubRequest): Promise<HubResponse> {
  const { registry } = request.hub;
  const ref = identityOf(request);
  const document = requireObject(readJson(request), "The identity");
  requireSameIdentity(document, ref);
  const fields = ref.moduleId === undefined ? parseIdentityFields(document) : parseModuleFields(document);
  const ifMatch = preconditionOf(request, "if-match");
  if (ifMatch !== undefined) return shown(request, await registry.update(ref, fields, ifMatch));
  const onlyNew = preconditionOf(request, "if-none-match") === "*";
  if (onlyNew && registry.find(ref.deviceId, ref.moduleId) !== undefined)
    throw preconditionFailed(`${identityLabel(ref)} is already registered.`);
  return shown(request, await registry.create(ref, fields), onlyNew ? 201 : 200);
}

async function remove(request: HubRequest): Promise<HubResponse> {
  await request.hub.registry.delete(identityOf(request), preconditionOf(request, "if-match"));
  return { status: 204 };
}

// .NET reads the result of a bulk that failed only where the header says so.
async function changeMany(request: HubRequest): Promise<HubResponse> {
  const result = await bulk(request.hub, readJson(request));
  if (result.isSuccessful) return { status: 200, json: result };
  return { status: 400, json: result, headers: { "iothub-errorcode": "BulkRegistryOperationFailure" } };
}

function deviceStatistics({ hub }: HubRequest): HubResponse {
  return { status: 200, json: hub.registry.statistics() };
}

function serviceStatistics({ hub }: HubRequest): HubResponse {
  return { status: 200, json: { connectedDeviceCount: hub.connections.count } };
}

function shown({ hub }: HubRequest, identity: DeviceIdentity, status: number = 200): HubResponse {
  return resource(hub.registry.format(identity), identity.etag, status);
}
