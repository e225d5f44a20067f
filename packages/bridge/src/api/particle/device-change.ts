/** What can be set on a device, in the sandbox and in a product. */
import { isThing } from "../../core/device.ts";
import type { Approval, Device, DeviceChange } from "../../core/device.ts";
import type { Directory } from "../../core/directory.ts";
import type { ThingControl } from "../../core/state-control.ts";
import { badRequest, permissionDenied, unknownDevice } from "../api-error.ts";
import { optionalFlag, optionalInteger, optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import { groupNamesIn } from "./group-names.ts";
import { isoTime } from "./iso-time.ts";
import { refuseThing, renameThing } from "./thing-devices.ts";

interface ChangeWithApproval extends DeviceChange {
  readonly approval?: Approval;
}
type Writable<T> = { -readonly [K in keyof T]: T[K] };

const MAX_NAME_LENGTH = 128;
const MAX_NOTES_LENGTH = 1000;
const MAX_SERIAL_NUMBER_LENGTH = 64;
const MAX_FIRMWARE_VERSION = 65_535;
const SETTABLE = {
  sandbox: "Give name, notes or signal",
  product:
    "Give name, notes, quarantined, denied, groups, development, firmware_version, desired_firmware_version, serial_number or signal",
} as const;

/** Reads a change; `null` and the empty text clear what is a text. Refuses a body that changes nothing. */
export function deviceChangeOf(fields: Fields, where: "sandbox" | "product"): ChangeWithApproval {
  const change = readDeviceChange(fields, where);
  if (Object.keys(change).length === 0) throw badRequest(SETTABLE[where]);
  return change;
}

/** As `deviceChangeOf`, and takes one that changes nothing. */
export function readDeviceChange(fields: Fields, where: "sandbox" | "product"): ChangeWithApproval {
  const change: Writable<ChangeWithApproval> = {};
  if (fields["name"] !== undefined) change.name = optionalText(fields, "name", MAX_NAME_LENGTH)?.trim() || null;
  if (fields["notes"] !== undefined) change.notes = optionalText(fields, "notes", MAX_NOTES_LENGTH);
  if (where === "product") readProductFields(fields, change);
  return change;
}

/** Writes a change and answers the id, what changed and when. */
export async function applyDeviceChange(
  directory: Directory,
  device: Device,
  { approval, ...change }: ChangeWithApproval,
  { now, things }: { readonly now: number; readonly things: Pick<ThingControl, "update"> },
): Promise<Record<string, unknown>> {
  if (approval !== undefined) refuseThing(device, "approval");
  const toKeep = isThing(device) ? await renameThing(things, device, change) : change;
  if (Object.keys(toKeep).length > 0) {
    const outcome = await directory.updateDevice(device.id, toKeep);
    if (outcome === "unknown") throw unknownDevice();
    if (outcome === "name_taken") throw permissionDenied("Another device of this account has that name already");
  }
  if (approval !== undefined) await directory.setApproval(device.id, approval);
  const changed = Object.entries(JSON_NAMES).flatMap(([key, name]) =>
    key in change ? [[name, change[key as keyof DeviceChange]] as const] : [],
  );
  return {
    id: device.id,
    ...Object.fromEntries(changed),
    ...(approval !== undefined && { quarantined: approval === "quarantined", denied: approval === "denied" }),
    updated_at: isoTime(now),
  };
}

const JSON_NAMES: Readonly<Record<keyof DeviceChange, string>> = {
  name: "name",
  notes: "notes",
  firmwareVersion: "firmware_version",
  serialNumber: "serial_number",
  desiredFirmwareVersion: "desired_firmware_version",
  development: "development",
  groups: "groups",
};

function readProductFields(fields: Fields, change: Writable<ChangeWithApproval>): void {
  for (const [field, key] of [
    ["firmware_version", "firmwareVersion"],
    ["desired_firmware_version", "desiredFirmwareVersion"],
  ] as const) {
    if (fields[field] !== undefined) change[key] = optionalInteger(fields, field, 0, MAX_FIRMWARE_VERSION);
  }
  if (fields["serial_number"] !== undefined) {
    change.serialNumber = optionalText(fields, "serial_number", MAX_SERIAL_NUMBER_LENGTH);
  }
  const development = optionalFlag(fields, "development");
  if (development !== null) change.development = development;
  const groups = groupNamesIn(fields, "groups");
  if (groups !== null) change.groups = groups;
  if (optionalFlag(fields, "flash") === true) {
    throw badRequest("flash must be false: this server keeps the desired firmware version and flashes nothing");
  }
  const approval = approvalIn(fields);
  if (approval !== null) change.approval = approval;
}

function approvalIn(fields: Fields): Approval | null {
  const quarantined = optionalFlag(fields, "quarantined");
  const denied = optionalFlag(fields, "denied");
  if (denied === true && quarantined === true) throw badRequest("A device is quarantined or denied, not both");
  if (denied === true) return "denied";
  if (quarantined === true) return "quarantined";
  return denied === false || quarantined === false ? "approved" : null;
}
