import type { Device } from "../core/device.ts";

/** A device that was removed while its events waited: they still go out under its id. */
export function unknownDevice(id: string): Device {
  return {
    id,
    name: null,
    ownerId: null,
    productId: null,
    approval: "approved",
    firmwareVersion: null,
    notes: null,
    lastHeard: null,
    createdAt: 0,
  };
}
