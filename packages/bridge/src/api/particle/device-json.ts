import { isThing } from "../../core/device.ts";
import type { DeviceView } from "./device-views.ts";
import { isoTime } from "./iso-time.ts";

/** The platform number of a virtual device: there is no hardware here whose platform could be known. */
const VIRTUAL_PLATFORM = 3;

/** A device as the sandbox routes show it. Fields that only hardware could fill are there, empty, because clients read them. */
export function deviceJson({ device, details, link, standing }: DeviceView): Record<string, unknown> {
  const lastLink = link ?? details.lastLink;
  const isOnline = link !== null || standing?.connectionState === "connected";
  return {
    id: device.id,
    name: device.name,
    owner: device.ownerId,
    notes: device.notes,
    last_ip_address: lastLink?.address ?? null,
    last_heard: isoTime(lastSign(device.lastHeard, lastLink?.connectedAt ?? standing?.lastActivity)),
    last_handshake_at: isoTime(lastLink?.connectedAt ?? null),
    created_at: isoTime(device.createdAt),
    product_id: device.productId ?? VIRTUAL_PLATFORM,
    platform_id: VIRTUAL_PLATFORM,
    online: isOnline,
    connected: isOnline,
    cellular: false,
    status: "normal",
    serial_number: details.serialNumber,
    iccid: null,
    imei: null,
    system_firmware_version: null,
    firmware_updates_enabled: false,
    firmware_updates_forced: false,
    functions: details.description?.functions ?? [],
    variables: details.description?.variables ?? {},
  };
}

/** A device that has connected was heard, whether it has published or not. */
function lastSign(event: number | null, handshake: number | null | undefined): number | null {
  return handshake == null ? event : Math.max(event ?? 0, handshake);
}

/** A device as the product routes show it. */
export function productDeviceJson(view: DeviceView): Record<string, unknown> {
  const { device, details } = view;
  return {
    ...deviceJson(view),
    firmware_product_id: device.productId,
    firmware_version: device.firmwareVersion,
    desired_firmware_version: details.desiredFirmwareVersion,
    targeted_firmware_release_version: null,
    development: details.development,
    groups: details.groups,
    quarantined: device.approval === "quarantined",
    denied: device.approval === "denied",
    thing: isThing(device),
  };
}
