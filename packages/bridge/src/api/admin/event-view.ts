/** Which events a caller may see, and which of them it asks for. */
import type { Device } from "../../core/device.ts";
import type { DeviceEvent } from "../../core/device-event.ts";
import type { Directory } from "../../core/directory.ts";
import type { EventView } from "../../core/recent-events.ts";
import type { AccountCaller } from "../authentication.ts";
import { optionalText, type Fields } from "../bodies.ts";
import { maySeeDevice, ownProduct, ownProducts, sandboxOf, visibleDevice } from "../ownership.ts";

export interface AskedEvents {
  readonly view: EventView;
  readonly prefix: string;
  readonly device: Device | null;
}

/** `product` is a slug, an id or `sandbox`; without it: all that the caller has. */
export async function askedEvents(query: Fields, caller: AccountCaller, directory: Directory): Promise<AskedEvents> {
  const prefix = optionalText(query, "prefix", 64) ?? "";
  const device = optionalText(query, "device_id", 128);
  return {
    view: await viewOf(optionalText(query, "product", 128), caller, directory),
    prefix,
    device: device === null ? null : await visibleDevice(directory, caller, device),
  };
}

async function viewOf(product: string | null, caller: AccountCaller, directory: Directory): Promise<EventView> {
  if (product === "sandbox") return { accountId: sandboxOf(caller), productIds: [] };
  if (product !== null) {
    const { id } = await ownProduct(directory, caller, product);
    return { accountId: null, productIds: [id] };
  }
  const products = await ownProducts(directory, caller);
  return {
    accountId: caller.kind === "account" ? caller.accountId : null,
    productIds: products.map(({ id }) => id),
  };
}

/** By where its device belongs now; without a device, by who made it or in which product. */
export async function maySeeEvent(event: DeviceEvent, caller: AccountCaller, directory: Directory): Promise<boolean> {
  if (event.deviceId !== null) return maySeeDevice(directory, caller, event.deviceId);
  if (event.accountId !== undefined && caller.kind === "account" && caller.accountId === event.accountId) return true;
  const { productId } = event;
  return productId !== null && (await ownProducts(directory, caller)).some(({ id }) => id === productId);
}
