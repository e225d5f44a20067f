/** Which identities a hub has to have: by the integrations that send to it. */
import { isCloudDeviceId } from "../core/device.ts";
import type { DeviceBrief } from "../core/hub-identities.ts";
import { hubDeviceId, type AzureIotHubIntegration } from "../core/integration.ts";

/** An identity that some integration uses. */
export interface Need {
  readonly hubDeviceId: string;
  readonly device: DeviceBrief;
  /** Those that would send as it now: enabled, and the device is approved. None: it is only not to be taken away. */
  readonly senders: readonly string[];
}

export interface Needs {
  /** Devices that an id in the hub may stand for. */
  candidates(hubDeviceId: string): readonly string[];
  /** The need for an id in the hub by one of these devices; `null`: there is none. */
  needOf(hubDeviceId: string, devices: readonly DeviceBrief[]): Need | null;
  /** All identities that a device needs: with prefixes there may be several. */
  ofDevice(device: DeviceBrief): readonly Need[];
}

export function needsOf(integrations: readonly AzureIotHubIntegration[]): Needs {
  const prefixes = [...new Set(integrations.map(({ deviceIdPrefix }) => deviceIdPrefix))];
  const byScope = groupedBy(integrations, scopeKey);

  function usersOf(device: DeviceBrief): readonly AzureIotHubIntegration[] {
    const keys = [`product ${device.productId}`, `sandbox ${device.ownerId}`];
    return keys
      .flatMap((key) => byScope.get(key) ?? [])
      .filter(({ deviceId }) => deviceId === null || deviceId === device.id);
  }

  function ofDevice(device: DeviceBrief): readonly Need[] {
    const users = groupedBy(usersOf(device), (user) => hubDeviceId(user, device.id));
    return [...users].map(([id, sharing]) => ({
      hubDeviceId: id,
      device,
      senders: device.approval === "approved" ? sharing.flatMap((user) => (user.disabled ? [] : [user.id])) : [],
    }));
  }

  return {
    candidates: (inHub) =>
      prefixes.flatMap((prefix) => {
        const id = inHub.startsWith(prefix) ? inHub.slice(prefix.length) : "";
        return isCloudDeviceId(id) ? [id] : [];
      }),
    needOf: (inHub, devices) => devices.flatMap(ofDevice).find((need) => need.hubDeviceId === inHub) ?? null,
    ofDevice,
  };
}

function scopeKey({ scope }: AzureIotHubIntegration): string {
  return scope.kind === "product" ? `product ${scope.productId}` : `sandbox ${scope.accountId}`;
}

function groupedBy<T>(items: readonly T[], keyOf: (item: T) => string): ReadonlyMap<string, readonly T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}
