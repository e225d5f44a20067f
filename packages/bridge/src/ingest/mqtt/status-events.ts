/** The device cloud's own word on who is there: `spark/status` events, `online` and `offline`. Integrations and streams take them like any other. */
import type { Device } from "../../core/device.ts";
import type { Log } from "../../core/log.ts";
import type { Accept } from "../../core/accept.ts";

const NAME = "spark/status";

export type DeviceStatus = "online" | "offline";

export interface StatusEventsOptions {
  readonly accept: Accept;
  readonly log: Log;
}

/** Nobody waits for the event: a store that takes nothing now loses it, and the log says so. */
export function createStatusEvents({
  accept,
  log,
}: StatusEventsOptions): (status: DeviceStatus, device: Device) => void {
  async function tell(status: DeviceStatus, device: Device): Promise<void> {
    const { productId } = device;
    const told = await accept({ name: NAME, data: status, device, productId, fromDeviceCloud: true });
    if (told.kind === "accepted") return;
    const reason = told.kind === "fault" ? told.fault.message : told.message;
    log.warn({ deviceId: device.id, status, reason }, "mqtt.status_lost");
  }

  return (status, device) => {
    tell(status, device).catch((error: unknown) =>
      log.warn({ deviceId: device.id, status, reason: String(error) }, "mqtt.status_lost"),
    );
  };
}
