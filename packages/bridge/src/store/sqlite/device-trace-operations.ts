/** What devices said of themselves and where they were connected from last. Goes with the device. */
import type { DeviceDescription, DeviceLink } from "../../core/device-links.ts";
import type { Transaction } from "./transaction.ts";

export interface DeviceTraceOperations {
  deviceDescription(deviceId: string): DeviceDescription | null;
  saveDeviceDescription(deviceId: string, description: DeviceDescription): null;
  lastDeviceLink(deviceId: string): DeviceLink | null;
  saveDeviceLink(deviceId: string, link: DeviceLink): null;
}

export function deviceTraceOperations({ db }: Transaction): DeviceTraceOperations {
  const select = db.prepare("SELECT * FROM device_trace WHERE device_id = ?");
  // Only for devices that are there: one that is being removed while it connects must leave nothing behind.
  const describe = db.prepare(
    `INSERT INTO device_trace (device_id, description) SELECT id, ? FROM device WHERE id = ?
     ON CONFLICT (device_id) DO UPDATE SET description = excluded.description`,
  );
  const link = db.prepare(
    `INSERT INTO device_trace (device_id, connected_at, address) SELECT id, ?, ? FROM device WHERE id = ?
     ON CONFLICT (device_id) DO UPDATE SET connected_at = excluded.connected_at, address = excluded.address`,
  );

  return {
    deviceDescription(deviceId) {
      const text = select.get(deviceId)?.["description"];
      return typeof text === "string" ? (JSON.parse(text) as DeviceDescription) : null;
    },
    saveDeviceDescription(deviceId, description) {
      describe.run(JSON.stringify(description), deviceId);
      return null;
    },
    lastDeviceLink(deviceId) {
      const row = select.get(deviceId);
      const connectedAt = row?.["connected_at"];
      return typeof connectedAt === "number" ? { connectedAt, address: String(row?.["address"]) } : null;
    },
    saveDeviceLink(deviceId, { connectedAt, address }) {
      link.run(connectedAt, address, deviceId);
      return null;
    },
  };
}
