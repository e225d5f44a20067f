import { isThing } from "../../core/device.ts";
import type { DeviceState } from "../../core/device-state.ts";
import type { Product } from "../../core/product.ts";
import { syncOf } from "../para/thing-json.ts";
import { productDeviceJson } from "../particle/device-json.ts";
import type { DeviceView } from "../particle/device-views.ts";

/** A device as the lists over all scopes show it. `product`: `null` for one of the sandbox. */
export function deviceRowJson(
  view: DeviceView,
  { product, state }: { readonly product: Product | null; readonly state: DeviceState | null },
): Record<string, unknown> {
  const { id, name, owner, notes, online, last_heard, created_at, ...rest } = productDeviceJson(view);
  const { firmware_version, desired_firmware_version, development, serial_number, groups, last_ip_address } = rest;
  return {
    id,
    name,
    kind: isThing(view.device) ? "thing" : "device",
    product_id: product?.id ?? null,
    product_slug: product?.slug ?? null,
    product_name: product?.name ?? null,
    claimed: owner !== null,
    approval: view.device.approval,
    online,
    last_heard,
    created_at,
    last_ip_address,
    firmware_version,
    desired_firmware_version,
    development,
    serial_number,
    groups,
    notes,
    state: state === null ? null : stateSummary(state),
  };
}

function stateSummary(state: DeviceState): Record<string, unknown> {
  const { standing, trouble, conflicts } = state;
  return {
    sync: syncOf(state),
    status: standing.status,
    error: trouble === null ? null : trouble.failure.message,
    conflicts,
  };
}
