/** Which device or module a path speaks of: `/…/:deviceId` or `/…/:deviceId/modules/:moduleId`. */
import { HubError } from "../hub/errors.ts";
import { requireDeviceId, requireModuleId } from "../hub/registry/identity-fields.ts";
import type { IdentityRef } from "../hub/registry/identity.ts";
import type { HubRequest } from "./exchange.ts";

/** Throws `ArgumentInvalid` for what is not an id, and `CannotRegisterModuleToModule` for a module below a module. */
export function identityOf({ hub, params }: HubRequest): IdentityRef {
  const { deviceId, moduleId } = params;
  if (moduleId === undefined) return { deviceId: requireDeviceId(deviceId) };
  const [parent = "", child] = (deviceId ?? "").split("/");
  if (child !== undefined && hub.registry.find(parent, child) !== undefined) {
    throw new HubError("CannotRegisterModuleToModule", `${deviceId} is a module; modules belong to devices.`);
  }
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
