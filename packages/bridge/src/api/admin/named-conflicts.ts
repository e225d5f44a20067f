/** Conflicts of many devices, each with the name of its device and the product that it is in. */
import type { StateConflict } from "../../core/device-state.ts";
import type { Device } from "../../core/device.ts";
import { conflictJson } from "./state-json.ts";

interface Devices {
  device(id: string): Promise<Device | null>;
}

export async function namedConflicts(
  directory: Devices,
  conflicts: readonly StateConflict[],
): Promise<readonly Record<string, unknown>[]> {
  const ids = [...new Set(conflicts.map(({ deviceId }) => deviceId))];
  const devices = new Map(await Promise.all(ids.map(async (id) => [id, await directory.device(id)] as const)));
  return conflicts.map((conflict) => {
    const device = devices.get(conflict.deviceId) ?? null;
    return { ...conflictJson(conflict), device_name: device?.name ?? null, product_id: device?.productId ?? null };
  });
}
