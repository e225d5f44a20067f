/** What is shown of devices and no event needs. */
import type { DeviceDetails } from "../../core/device.ts";
import type { DeviceDescription } from "../../core/device-links.ts";
import type { Row } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

export interface DeviceDetailOperations {
  deviceDetails(ids: readonly string[]): [deviceId: string, details: DeviceDetails][];
}

export function deviceDetailOperations({ db }: Transaction): DeviceDetailOperations {
  const select = db.prepare(
    `SELECT device.*, device_trace.description, device_trace.connected_at, device_trace.address
       FROM device LEFT JOIN device_trace ON device_trace.device_id = device.id
      WHERE device.id IN (SELECT value FROM json_each(?))`,
  );
  const selectGroups = db.prepare(
    "SELECT device_id, name FROM device_group WHERE device_id IN (SELECT value FROM json_each(?)) ORDER BY name",
  );

  return {
    deviceDetails(ids) {
      const asked = JSON.stringify(ids);
      const groups = new Map<string, string[]>();
      for (const row of selectGroups.all(asked)) {
        const deviceId = String(row["device_id"]);
        groups.set(deviceId, [...(groups.get(deviceId) ?? []), String(row["name"])]);
      }
      return select.all(asked).map((row) => {
        const id = String(row["id"]);
        return [id, toDetails(row, groups.get(id) ?? [])];
      });
    },
  };
}

function toDetails(row: Row, groups: readonly string[]): DeviceDetails {
  const { connected_at: connectedAt, description } = row;
  return {
    serialNumber: row["serial_number"] as string | null,
    groups,
    desiredFirmwareVersion: row["desired_firmware_version"] as number | null,
    development: row["development"] === 1,
    lastLink: typeof connectedAt === "number" ? { connectedAt, address: String(row["address"]) } : null,
    description: typeof description === "string" ? (JSON.parse(description) as DeviceDescription) : null,
  };
}
