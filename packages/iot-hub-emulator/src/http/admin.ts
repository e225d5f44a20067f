/**
 * The admin API on the HTTPS port: what a service cannot do to an IoT Hub and a test wants to. JSON in, JSON out; no
 * api-version. Other parts of the hub add their rows to the table.
 */
import { connectionsOf, dumpOf } from "../hub/dump.ts";
import { HubError } from "../hub/errors.ts";
import type { FaultRule } from "../hub/faults/fault-rule.ts";
import { EDITIONS, isTier } from "../hub/limits/tiers.ts";
import { requireObject } from "../hub/registry/identity-fields.ts";
import { refOf } from "../hub/registry/identity.ts";
import { ADMIN_CERTIFICATE_ROUTES } from "./admin-certificates.ts";
import { changeClock, showClock } from "./admin-clock.ts";
import { waitForFittingEvent } from "./admin-events.ts";
import { ADMIN_POLICY_ROUTES } from "./admin-policies.ts";
import { ADMIN_ROUTING_ROUTES } from "./admin-routing.ts";
import { readJson } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";

const ADMIN: Route["access"] = { kind: "admin" };
const SMALL = 64 * 1024;

export const ADMIN_ROUTES: readonly Route[] = [
  { method: "GET", path: "/admin/clock", access: ADMIN, handle: showClock },
  { method: "POST", path: "/admin/clock", access: ADMIN, maxBody: SMALL, handle: changeClock },
  { method: "GET", path: "/admin/faults", access: ADMIN, handle: listFaults },
  { method: "POST", path: "/admin/faults", access: ADMIN, maxBody: SMALL, handle: addFault },
  { method: "DELETE", path: "/admin/faults", access: ADMIN, handle: clearFaults },
  { method: "GET", path: "/admin/faults/:faultId", access: ADMIN, handle: showFault },
  { method: "DELETE", path: "/admin/faults/:faultId", access: ADMIN, handle: removeFault },
  { method: "GET", path: "/admin/connections", access: ADMIN, handle: listConnections },
  { method: "DELETE", path: "/admin/connections/:deviceId", access: ADMIN, handle: dropConnection },
  { method: "DELETE", path: "/admin/connections/:deviceId/modules/:moduleId", access: ADMIN, handle: dropConnection },
  { method: "GET", path: "/admin/throttles", access: ADMIN, handle: showLimits },
  { method: "PUT", path: "/admin/throttles", access: ADMIN, maxBody: SMALL, handle: changeLimits },
  { method: "GET", path: "/admin/dump", access: ADMIN, handle: dump },
  { method: "POST", path: "/admin/reset", access: ADMIN, maxBody: SMALL, handle: reset },
  { method: "POST", path: "/admin/wait-for-event", access: ADMIN, maxBody: SMALL, handle: waitForFittingEvent },
  ...ADMIN_CERTIFICATE_ROUTES,
  ...ADMIN_POLICY_ROUTES,
  ...ADMIN_ROUTING_ROUTES,
];

function listFaults({ hub }: HubRequest): HubResponse {
  return { status: 200, json: hub.faults.list() };
}

function addFault(request: HubRequest): HubResponse {
  return { status: 201, json: request.hub.faults.add(readJson(request) as FaultRule) };
}

function clearFaults({ hub }: HubRequest): HubResponse {
  hub.faults.clear();
  return { status: 204 };
}

function showFault({ hub, params }: HubRequest): HubResponse {
  const fault = hub.faults.find(params["faultId"] ?? "");
  if (fault === undefined) throw noFault(params);
  return { status: 200, json: fault };
}

function removeFault({ hub, params }: HubRequest): HubResponse {
  if (!hub.faults.remove(params["faultId"] ?? "")) throw noFault(params);
  return { status: 204 };
}

function noFault(params: HubRequest["params"]): HubError {
  return new HubError("ResourceNotFound", `There is no fault ${params["faultId"]}.`);
}

function listConnections({ hub }: HubRequest): HubResponse {
  return { status: 200, json: connectionsOf(hub) };
}

function dropConnection({ hub, params }: HubRequest): HubResponse {
  const { deviceId = "", moduleId } = params;
  const connection = hub.connections.find(refOf({ deviceId, moduleId }));
  if (connection === undefined) throw new HubError("DeviceNotOnline", `${deviceId} is not connected.`);
  connection.close(new HubError("ServiceUnavailable", "The connection was dropped by the admin API."));
  return { status: 204 };
}

function showLimits({ hub }: HubRequest): HubResponse {
  return { status: 200, json: hub.limits.state() };
}

/** `{ "tier": name or null, "units": number }`. */
async function changeLimits(request: HubRequest): Promise<HubResponse> {
  const { tier, units = 1 } = requireObject(readJson(request), "The body");
  if (tier !== null && !(typeof tier === "string" && isTier(tier))) {
    throw new HubError("ArgumentInvalid", `tier must be null or one of ${Object.keys(EDITIONS).join(", ")}.`);
  }
  if (typeof units !== "number") throw new HubError("ArgumentInvalid", "units must be a number.");
  return { status: 200, json: await request.hub.limits.change({ tier, units }) };
}

function dump({ hub }: HubRequest): HubResponse {
  return { status: 200, json: dumpOf(hub) };
}

async function reset({ site }: HubRequest): Promise<HubResponse> {
  await site.reset();
  return { status: 204 };
}
