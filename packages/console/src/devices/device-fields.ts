/** What a form sets on a device, and what of it the API is told. */
import type { DeviceRow } from "./device-rows.ts";

export interface DeviceFields {
  readonly name: string;
  readonly notes: string;
  /** With spaces in between. */
  readonly groups: string;
  readonly serial_number: string;
  readonly firmware_version: string;
  readonly development: boolean;
}

export function settingsOf(device: DeviceRow): DeviceFields {
  return {
    name: device.name ?? "",
    notes: device.notes ?? "",
    groups: device.groups.join(" "),
    serial_number: device.serial_number ?? "",
    firmware_version: device.firmware_version === null ? "" : String(device.firmware_version),
    development: device.development,
  };
}

/** Only what differs, as the API reads it: `null` clears. What is no number goes as it is, for the API to say so. */
export function changedFields(before: DeviceFields, now: DeviceFields): Readonly<Record<string, unknown>> {
  const changed = (Object.keys(now) as (keyof DeviceFields)[]).filter((field) => before[field] !== now[field]);
  return Object.fromEntries(changed.map((field) => [field, valueOf(field, now[field])]));
}

function valueOf(field: keyof DeviceFields, value: string | boolean): unknown {
  if (typeof value === "boolean") return value;
  const text = value.trim();
  if (field === "groups") return text === "" ? [] : text.split(/[\s,;|]+/);
  return text === "" ? null : text;
}
