/** Which device or module a path speaks of: `/…/:deviceId` or `/…/:deviceId/modules/:moduleId`. */
import { HubError } from "../hub/errors.ts";
import { requireDeviceId, requireModuleId } from "../hub/registry/identity-fields.ts";
import type { IdentityRef } from "../hub/registry/identity.ts";
import type { HubRequest } from "./exchange.ts";

/** Throws `ArgumentInvalid` for what is not an id. */
export function identityOf({ params }: HubRequest): IdentityRef {
  const { deviceId, moduleId } = params;
  if (moduleId === undefined) return { deviceId: requireDeviceId(deviceId) };
  return { deviceId: requireDeviceId(deviceId), moduleId: requireModuleId(moduleId) };
}

/** Throws `ArgumentInvalid` when a document names another device or module than the path it was sent to. */
export function requireSameIdentity(document: unknown, ref: IdentityRef): void {
  const named = document as { readonly deviceId?: unknown; readonly moduleId?: unknown } | null;
  for (const field of ["deviceId", "moduleId"] as const) {
    const value = named?.[field];
    if (value !== undefined && value !== null && value !== "" && value !== ref[field]) {
      throw new HubError("ArgumentInvalid", `${field} in the body is not the one in the path.`);
    }
  }
}
