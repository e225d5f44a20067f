/** As whom a caller publishes: a device as itself, an account or API user as its devices or as nobody in particular. */
import { isCloudDeviceId } from "../../core/device.ts";
import type { Directory } from "../../core/directory.ts";
import type { IncomingEvent } from "../../core/accept.ts";
import { permissionDenied } from "../api-error.ts";
import { allow } from "../authentication.ts";
import type { Caller } from "../authentication.ts";
import { ownProduct, sandboxOf } from "../ownership.ts";

export type Speaker = Pick<IncomingEvent, "device" | "productId" | "accountId">;

/** Finds the speaker for each `as_device_id` of one request; `null` for a device that is not the caller's. */
export type Speakers = (asDeviceId: string | null) => Speaker | null | Promise<Speaker | null>;

/** For the routes without a product. */
export function sandboxSpeakers(directory: Directory, caller: Caller): Speakers {
  if (caller.kind === "device") {
    const { device } = caller;
    const itself: Speaker = { device, productId: device.productId };
    return (asDeviceId) => (asDeviceId === null || asDeviceId === device.id ? itself : null);
  }
  const accountId = sandboxOf(caller);
  const nobody: Speaker = { device: null, productId: null, accountId };
  return async (asDeviceId) => {
    if (asDeviceId === null) return nobody;
    const device = isCloudDeviceId(asDeviceId) ? await directory.device(asDeviceId) : null;
    return device?.ownerId === accountId ? { device, productId: device.productId } : null;
  };
}

/** For the routes of a product. Throws when the caller has no such product or may not publish in it. */
export async function productSpeakers(directory: Directory, caller: Caller, product: string): Promise<Speakers> {
  if (caller.kind === "device") throw permissionDenied("A device publishes to /v1/devices/events");
  allow(caller, "events:send");
  const { id: productId } = await ownProduct(directory, caller, product);
  return async (asDeviceId) => {
    if (asDeviceId === null) return { device: null, productId };
    const device = isCloudDeviceId(asDeviceId) ? await directory.device(asDeviceId) : null;
    return device?.productId === productId ? { device, productId } : null;
  };
}
