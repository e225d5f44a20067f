/**
 * Shared access policies over the admin API. With a real hub this is done in Azure's portal: keys are regenerated and
 * permissions taken away while clients run, and what they signed with an old key ends at once.
 */
import { HubError } from "../hub/errors.ts";
import type { Permission, PolicyChange, SharedAccessPolicy } from "../hub/access/policies.ts";
import { requireObject } from "../hub/registry/identity-fields.ts";
import { readJson } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";

const ADMIN: Route["access"] = { kind: "admin" };
const SMALL = 16 * 1024;
const PERMISSIONS: readonly Permission[] = ["RegistryRead", "RegistryWrite", "ServiceConnect", "DeviceConnect"];

export const ADMIN_POLICY_ROUTES: readonly Route[] = [
  { method: "GET", path: "/admin/policies", access: ADMIN, handle: list },
  { method: "GET", path: "/admin/policies/:name", access: ADMIN, handle: show },
  { method: "PUT", path: "/admin/policies/:name", access: ADMIN, maxBody: SMALL, handle: put },
];

function list({ hub }: HubRequest): HubResponse {
  return { status: 200, json: [...hub.policies].map(policyJson) };
}

function show({ hub, params }: HubRequest): HubResponse {
  const policy = hub.policies.get(params["name"] ?? "");
  if (policy === undefined) throw new HubError("ResourceNotFound", `There is no policy ${params["name"]}.`);
  return { status: 200, json: policyJson(policy) };
}

async function put(request: HubRequest): Promise<HubResponse> {
  const { hub, params } = request;
  const name = params["name"] ?? "";
  if (!/^[A-Za-z0-9!._-]{1,64}$/.test(name))
    throw new HubError("ArgumentInvalid", "A policy's name has 1 to 64 letters, digits and ! . _ -");
  const change = changeOf(requireObject(readJson(request), "The body"));
  return { status: 200, json: policyJson(await hub.policies.put(name, change)) };
}

function policyJson({ name, primaryKey, secondaryKey, permissions }: SharedAccessPolicy): object {
  return { name, primaryKey, secondaryKey, permissions: [...permissions] };
}

function changeOf({ primaryKey, secondaryKey, permissions }: Readonly<Record<string, unknown>>): PolicyChange {
  return {
    ...(primaryKey === undefined ? {} : { primaryKey: keyOf(primaryKey, "primaryKey") }),
    ...(secondaryKey === undefined ? {} : { secondaryKey: keyOf(secondaryKey, "secondaryKey") }),
    ...(permissions === undefined ? {} : { permissions: permissionsOf(permissions) }),
  };
}

function keyOf(value: unknown, field: string): string {
  const isKey = typeof value === "string" && /^[A-Za-z0-9+/]{16,128}={0,2}$/.test(value);
  if (isKey && Buffer.from(value, "base64").toString("base64") === value) return value;
  throw new HubError("ArgumentInvalid", `${field} must be a key in base64.`);
}

function permissionsOf(value: unknown): readonly Permission[] {
  const known = (item: unknown): item is Permission => PERMISSIONS.some((permission) => permission === item);
  if (Array.isArray(value) && value.every(known)) return [...new Set(value)];
  throw new HubError("ArgumentInvalid", `permissions must be a list of ${PERMISSIONS.join(", ")}.`);
}
