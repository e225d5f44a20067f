/** Things among a product's devices: what the device cloud's routes do with a device that reaches the hub by itself. */
import { isThing } from "../../core/device.ts";
import type { Device, DeviceChange } from "../../core/device.ts";
import type { ThingControl } from "../../core/state-control.ts";
import { ApiError, badRequest, unknownDevice } from "../api-error.ts";

/** What has no meaning for a Thing, why, and what to do instead. */
const REFUSALS = {
  token: [
    "A Thing needs no device token: it reaches the hub with keys of its own",
    "Make a new key with POST /admin/v1/things/:thing/keys, or isthmus things renew-key.",
  ],
  approval: [
    "A Thing is approved for as long as it is there",
    "Keep it from the hub with PUT /admin/v1/things/:thing/status, or isthmus things disable.",
  ],
} as const;

export function refuseThing(device: Device, what: keyof typeof REFUSALS): void {
  if (!isThing(device)) return;
  const [error, next_step] = REFUSALS[what];
  throw new ApiError(409, { ok: false, error, code: "is_thing", next_step });
}

/** Renames the Thing where the change does, and returns the rest of the change. */
export async function renameThing(
  things: Pick<ThingControl, "update">,
  { id }: Device,
  { name, ...rest }: DeviceChange,
): Promise<DeviceChange> {
  if (name === undefined) return rest;
  if (name === null) throw badRequest("name: a Thing always has one");
  const renamed = await things.update(id, { name }, 0);
  if (renamed.kind !== "updated") throw unknownDevice();
  return rest;
}
