/** What can be set on a device, in the sandbox and in a product. */
import type { Approval, Device } from "../../core/device.ts";
import type { Directory } from "../../core/directory.ts";
import { badRequest, permissionDenied, refusal, unknownDevice } from "../api-error.ts";
import { optionalFlag, optionalInteger, optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import { isoTime } from "./iso-time.ts";

interface DeviceChange {
  readonly name?: string | null;
  readonly notes?: string | null;
  readonly firmwareVersion?: number | null;
  readonly approval?: Approval;
}

const MAX_NAME_LENGTH = 128;
const MAX_NOTES_LENGTH = 1000;
const MAX_FIRMWARE_VERSION = 65_535;

/** Reads a change; `null` and the empty text clear a name or notes. Refuses a body that changes nothing. */
export function deviceChangeOf(fields: Fields, where: "sandbox" | "product"): DeviceChange {
  const change: { -readonly [K in keyof DeviceChange]: DeviceChange[K] } = {};
  if (fields["name"] !== undefined) change.name = optionalText(fields, "name", MAX_NAME_LENGTH)?.trim() || null;
  if (fields["notes"] !== undefined) change.notes = optionalText(fields, "notes", MAX_NOTES_LENGTH);
  if (where === "product") readProductFields(fields, change);
  if (Object.keys(change).length > 0) return change;
  if (fields["signal"] !== undefined) throw refusal(404, "The device is not connected");
  throw badRequest(
    where === "product" ? "Give name, notes, quarantined, denied or firmware_version" : "Give name or notes",
  );
}

/** Writes a change and answers the id, what changed and when. */
export async function applyDeviceChange(
  directory: Directory,
  device: Device,
  { approval, ...fields }: DeviceChange,
  now: number,
): Promise<Record<string, unknown>> {
  if (Object.keys(fields).length > 0) {
    const outcome = await directory.updateDevice(device.id, fields);
    if (outcome === "unknown") throw unknownDevice();
    if (outcome === "name_taken") throw permissionDenied("Another device of this account has that name already");
  }
  if (approval !== undefined) await directory.setApproval(device.id, approval);
  return {
    id: device.id,
    ...("name" in fields && { name: fields.name }),
    ...("notes" in fields && { notes: fields.notes }),
    ...("firmwareVersion" in fields && { firmware_version: fields.firmwareVersion }),
    ...(approval !== undefined && { quarantined: approval === "quarantined", denied: approval === "denied" }),
    updated_at: isoTime(now),
  };
}

function readProductFields(fields: Fields, change: { firmwareVersion?: number | null; approval?: Approval }): void {
  if (fields["firmware_version"] !== undefined) {
    change.firmwareVersion = optionalInteger(fields, "firmware_version", 0, MAX_FIRMWARE_VERSION);
  }
  const quarantined = optionalFlag(fields, "quarantined");
  const denied = optionalFlag(fields, "denied");
  if (denied === true && quarantined === true) throw badRequest("A device is quarantined or denied, not both");
  if (denied === true) change.approval = "denied";
  else if (quarantined === true) change.approval = "quarantined";
  else if (denied === false || quarantined === false) change.approval = "approved";
}
