/** What bringing one device into step takes, and how what is seen on the way comes into its record. */
import type { Random } from "../../core/backoff.ts";
import type { Clock } from "../../core/clock.ts";
import type { ConflictRule, DeviceState } from "../../core/device-state.ts";
import { fail, type Failure } from "../../core/failure.ts";
import type { TwinHub } from "../../core/twin-hub.ts";
import type { Judging } from "../document/state-draft.ts";
import type { Edit, StateRecords } from "../state-records.ts";

export interface DevicePushing {
  readonly hub: TwinHub;
  readonly records: StateRecords;
  readonly rule: ConflictRule;
  /** Whether changes go to the device as messages too, by the settings as they are now. */
  readonly sendsMessages: boolean;
  /** The hub took a write. */
  readonly onPushed: (what: "desired" | "reported" | "message") => void;
  readonly clock: Clock;
  readonly random: Random;
}

export function judging({ rule, clock }: Pick<DevicePushing, "rule" | "clock">): Judging {
  return { rule, now: clock.now() };
}

/** Changes the record by what was seen. `null`: it is gone, or is of another hub by now. */
export async function changed(
  before: DeviceState,
  { records }: DevicePushing,
  edit: Edit,
): Promise<DeviceState | null> {
  const isStill = ({ connectionId }: DeviceState): boolean => connectionId === before.connectionId;
  const record = await records.change(before.deviceId, (now) => (isStill(now) ? edit(now) : null));
  return record !== null && isStill(record) ? record : null;
}

export function missing({ reach, hubDeviceId }: DeviceState): Failure {
  const code = reach === "itself" ? "device_missing" : "identity_missing";
  return fail(code, `The hub has no device ${hubDeviceId}.`).failure;
}
