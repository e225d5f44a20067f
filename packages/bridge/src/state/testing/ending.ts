/** All that is known of a device when its simulated life has come to rest. */
import type { DeviceState, StateConflict, StateSettings } from "../../core/device-state.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import type { TwinView } from "../../core/twin-hub.ts";
import type { LocalWrite, Origins } from "./origins.ts";
import type { LeafWrite } from "./simulated-hub.ts";

export interface Ending {
  readonly deviceId: string;
  readonly record: DeviceState | null;
  readonly view: TwinView | null;
  /** Of each leaf, as they came to the hub, by its clock. */
  readonly writes: readonly LeafWrite[];
  readonly conflicts: readonly StateConflict[];
  readonly localWrites: readonly LocalWrite[];
  readonly origins: Origins;
  readonly settings: StateSettings;
  /** How far the hub's clock is ahead. */
  readonly skewMs: number;
  readonly lastTelemetry: JsonObject | null;
  readonly pushes: number;
  /** Of them, those whose etag was left out without need. */
  readonly unguarded: number;
  readonly messages: readonly { readonly messageId: string; readonly body: JsonObject }[];
  /** Writes whose answer was lost, and ends of the bridge. */
  readonly repeats: number;
  readonly isMeddled: boolean;
  readonly isDeleted: boolean;
  readonly isFlat: boolean;
}

export type Check = (ending: Ending, record: DeviceState, view: TwinView) => string[];

/** All others were answered before it was asked for. */
export function isLastOf(write: LocalWrite, all: readonly LocalWrite[]): boolean {
  return write.answeredAt !== null && all.every((other) => other === write || isBefore(other, write));
}

/** One was on disk before the other was asked for. */
export function isBefore(one: LocalWrite, other: LocalWrite): boolean {
  return one.answeredAt !== null && one.answeredAt < other.at;
}

export function isValue(value: Json | undefined): value is number {
  return typeof value === "number";
}
