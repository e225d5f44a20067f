/**
 * What an IoT Edge device has beyond others: a scope that its children name as their parent's, and two modules of the Edge
 * runtime. The form of the scope and the modules' first state are inferred from what Edge tools show and expect.
 */
import type { IdentityFields } from "./identity-fields.ts";
import type { DeviceIdentity, IdentityRef } from "./identity.ts";

interface Scopes {
  readonly deviceScope?: string;
  readonly parentScopes?: readonly string[];
}

const RUNTIME_MODULES = ["$edgeAgent", "$edgeHub"];

/** The Edge runtime signs in by keys that it registers itself. */
export const RUNTIME_MODULE_FIELDS: IdentityFields = { authentication: { type: "none" } };

/** The modules that the hub makes with an Edge device. */
export function runtimeModules({ deviceId, moduleId, capabilities }: DeviceIdentity): readonly IdentityRef[] {
  if (moduleId !== undefined || !capabilities.iotEdge) return [];
  return RUNTIME_MODULES.map((name) => ({ deviceId, moduleId: name }));
}

/**
 * Scopes of a device after a request. An Edge device's own is made once and stays; a leaf device's names its parent, and so
 * does its list of parents unless that is given. An empty scope, or no parents, takes a leaf device out of its parent's; but the
 * empty list that typed clients send along with a new scope says nothing.
 */
export function resolveScopes(
  identity: Pick<DeviceIdentity, "deviceId" | "generationId" | "capabilities">,
  fields: IdentityFields,
  current: Scopes,
): Scopes {
  if (identity.capabilities.iotEdge) {
    const own = `ms-azure-iot-edge://${identity.deviceId}-${identity.generationId}`;
    return { deviceScope: own, ...parents(fields.parentScopes ?? current.parentScopes ?? []) };
  }
  const { deviceScope, parentScopes } = fields;
  if (deviceScope === "") return {};
  const isMove = deviceScope !== undefined && deviceScope !== current.deviceScope;
  if (isMove) return { deviceScope, parentScopes: parentScopes?.length ? parentScopes : [deviceScope] };
  return parentScopes?.length === 0 ? {} : { ...current, ...parents(parentScopes ?? []) };
}

/** Scopes, and everything else: an absent scope must not overwrite one that was resolved. */
export function splitScopes<T extends Scopes>(
  source: T,
): { readonly scopes: Scopes; readonly rest: Omit<T, keyof Scopes> } {
  const { deviceScope, parentScopes, ...rest } = source;
  const own = deviceScope === undefined ? {} : { deviceScope };
  return { scopes: { ...own, ...(parentScopes === undefined ? {} : { parentScopes }) }, rest };
}

function parents(scopes: readonly string[]): Scopes {
  return scopes.length === 0 ? {} : { parentScopes: scopes };
}
