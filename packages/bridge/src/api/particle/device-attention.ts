/** Asking for a device's attention: is it there, and would it please blink. */
import type { Device } from "../../core/device.ts";
import type { DeviceLinks } from "../../core/device-links.ts";
import { ApiError } from "../api-error.ts";
import { optionalFlag } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import { isoTime } from "./iso-time.ts";

/** `null` when the body asks for no signal; it is on its own, and changes nothing that is kept. */
export function signalIn(fields: Fields): boolean | null {
  return fields["signal"] === undefined ? null : optionalFlag(fields, "signal");
}

/** Sends the command `signal` with `1` or `0`. What a device shows then is its own affair. */
export async function signalDevice(
  deviceLinks: DeviceLinks,
  device: Device,
  signaling: boolean,
  now: number,
): Promise<Record<string, unknown>> {
  const taken = await deviceLinks.command(device.id, "signal", Buffer.from(signaling ? "1" : "0"));
  if (!taken) {
    throw new ApiError(404, {
      ok: false,
      error: "The device is not connected",
      code: "device_not_connected",
      next_step: "A signal needs the device's MQTT connection, and that it subscribes to its commands.",
    });
  }
  return { id: device.id, connected: true, signaling, updated_at: isoTime(now) };
}

export function pingDevice(deviceLinks: DeviceLinks, device: Device): Record<string, unknown> {
  return { online: deviceLinks.link(device.id) !== null, ok: true };
}
