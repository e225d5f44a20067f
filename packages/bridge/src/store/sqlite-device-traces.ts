/** Device descriptions and last links in the embedded store. */
import type { DeviceDescription, DeviceLink, DeviceTraces } from "../core/device-links.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

export function createDeviceTraces(worker: GroupCommit): DeviceTraces {
  return {
    deviceDescription(deviceId: string): Promise<DeviceDescription | null> {
      return worker.call("deviceDescription", deviceId);
    },
    async saveDeviceDescription(deviceId: string, description: DeviceDescription): Promise<void> {
      await worker.call("saveDeviceDescription", deviceId, description);
    },
    lastDeviceLink(deviceId: string): Promise<DeviceLink | null> {
      return worker.call("lastDeviceLink", deviceId);
    },
    async saveDeviceLink(deviceId: string, link: DeviceLink): Promise<void> {
      await worker.call("saveDeviceLink", deviceId, link);
    },
  };
}
