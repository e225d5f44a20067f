import type { Device } from "../../core/device.ts";
import { isoTime } from "./iso-time.ts";

/** The platform number of a virtual device: there is no hardware here whose platform could be known. */
const VIRTUAL_PLATFORM = 3;

/** A device as the sandbox routes show it. Fields that only hardware could fill are there, empty, because clients read them. */
export function deviceJson(device: Device): Record<string, unknown> {
  return {
    id: device.id,
    name: device.name,
    owner: device.ownerId,
    notes: device.notes,
    last_ip_address: null,
    last_heard: isoTime(device.lastHeard),
    last_handshake_at: null,
    created_at: isoTime(device.createdAt),
    product_id: device.productId ?? VIRTUAL_PLATFORM,
    platform_id: VIRTUAL_PLATFORM,
    online: false,
    connected: false,
    cellular: false,
    status: "normal",
    serial_number: null,
    iccid: null,
    imei: null,
    system_firmware_version: null,
    firmware_updates_enabled: false,
    firmware_updates_forced: false,
    functions: [],
    variables: {},
  };
}

/** A device as the product routes show it. */
export function productDeviceJson(device: Device): Record<string, unknown> {
  return {
    ...deviceJson(device),
    firmware_product_id: device.productId,
    firmware_version: device.firmwareVersion,
    desired_firmware_version: null,
    targeted_firmware_release_version: null,
    development: false,
    groups: [],
    quarantined: device.approval === "quarantined",
    denied: device.approval === "denied",
  };
}
