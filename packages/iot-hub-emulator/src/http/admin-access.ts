/**
 * Who may use the admin API: whoever holds a key of the policy `iothubowner` and shows it in the header `x-admin-key`, or
 * a token of a policy with every permission on the whole hub. Both are headers that a foreign web page cannot set without
 * being asked first (CORS), and the hub never answers that question.
 */
import { timingSafeEqual } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { unauthorized } from "../hub/access/authentication.ts";
import type { Hub } from "../hub/hub.ts";
import type { Permission } from "../hub/access/policies.ts";

const ADMIN_POLICY = "iothubowner";
const EVERYTHING: readonly Permission[] = ["RegistryRead", "RegistryWrite", "ServiceConnect", "DeviceConnect"];

/** Throws `IotHubUnauthorizedAccess`. */
export function requireAdmin(hub: Hub, headers: IncomingHttpHeaders): undefined {
  const key = headers["x-admin-key"];
  if (typeof key === "string") {
    if (isAdminKey(hub, key)) return undefined;
    throw unauthorized(`x-admin-key is no key of the policy ${ADMIN_POLICY}.`);
  }
  if (headers.authorization === undefined) {
    throw unauthorized(`The admin API needs a key of the policy ${ADMIN_POLICY} in the header x-admin-key.`);
  }
  const principal = hub.authenticate(headers.authorization);
  for (const permission of EVERYTHING) hub.requirePermission(principal, permission);
  return undefined;
}

function isAdminKey(hub: Hub, key: string): boolean {
  const policy = hub.policies.get(ADMIN_POLICY);
  return policy !== undefined && [policy.primaryKey, policy.secondaryKey].some((known) => isSame(known, key));
}

function isSame(known: string, given: string): boolean {
  const [a, b] = [Buffer.from(known), Buffer.from(given)];
  return a.length === b.length && timingSafeEqual(a, b);
}
