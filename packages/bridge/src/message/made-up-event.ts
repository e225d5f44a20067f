/** An event that no device has published, for tests and previews of integrations. */
import type { Device } from "../core/device.ts";
import type { DeviceEvent } from "../core/device-event.ts";
import { newEventId } from "../core/ids.ts";
import type { Scope } from "../core/integration.ts";

export interface MadeUpEvent<Id extends string | null> {
  readonly name: string;
  readonly data: string | null;
  /** Of the integration that it is for. */
  readonly scope: Scope;
  /** Whose details it carries. */
  readonly device: Device | null;
  /** Who publishes it: the device, or who stands in for one. */
  readonly deviceId: Id;
  /** Unix milliseconds. */
  readonly now: number;
}

export function madeUpEvent<Id extends string | null>(about: MadeUpEvent<Id>): DeviceEvent & { readonly deviceId: Id } {
  const { name, data, scope, device, deviceId, now } = about;
  return {
    id: newEventId(now),
    name,
    data,
    contentType: "text/plain;charset=utf-8",
    deviceId,
    productId: scope.kind === "product" ? scope.productId : (device?.productId ?? null),
    firmwareVersion: device?.firmwareVersion ?? null,
    publishedAt: now,
    receivedAt: now,
  };
}
