/**
 * Who wrote each leaf last, and when. Behind that: prints of values that waited for the desired section and were taken back
 * or replaced by others while they may have been on their way.
 *
 * A push is guarded by the etag of the version it was made on: it becomes the very next version of the section, or nothing.
 * So when the section moves on and shows a value whose print is here, it shows our own writing and nobody else's; and once
 * it has moved on, nothing of what waited before can appear any more, and all prints go.
 */
import type { StateSource, StateStamps } from "../../core/device-state.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { printOf } from "./json-values.ts";
import { leavesOf } from "./paths.ts";

/** Removed leaves whose stamps are kept, and for how long. */
const MAX_REMOVED = 1_000;
const KEEP_REMOVED_MS = 7 * 24 * 60 * 60_000;
const MAX_PRINTS = 16;

export type Stamp = StateStamps[string];

/** Under a name that no path has: the last telemetry that was taken in. */
export const LAST_TELEMETRY = "";

/** Written here, not in the hub. */
export function isOurs(source: StateSource): boolean {
  return source === "api" || source === "device";
}

/** Prints that a new stamp in place of this one goes on with, and one more. */
export function printsWith(stamp: Stamp | undefined, value: Json | undefined): readonly string[] {
  const former = (stamp?.slice(2) ?? []).map(String);
  return [...new Set([...former, printOf(value)])].slice(-MAX_PRINTS);
}

export function hasPrint(stamp: Stamp | undefined, value: Json | undefined): boolean {
  return stamp !== undefined && stamp.length > 2 && stamp.includes(printOf(value), 2);
}

/** Without stamps of what was removed long ago, or long before much else was. */
export function boundedStamps(stamps: StateStamps, state: JsonObject, now: number): StateStamps {
  const live = leavesOf(state);
  const removed = Object.entries(stamps).filter(([path]) => path !== LAST_TELEMETRY && !live.has(path));
  const old = removed.filter(([, [at]]) => at < now - KEEP_REMOVED_MS).map(([path]) => path);
  const many =
    removed.length <= MAX_REMOVED
      ? []
      : removed
          .toSorted(([, a], [, b]) => b[0] - a[0])
          .slice(MAX_REMOVED)
          .map(([path]) => path);
  if (old.length + many.length === 0) return stamps;
  const dropped = new Set([...old, ...many]);
  return Object.fromEntries(Object.entries(stamps).filter(([path]) => !dropped.has(path)));
}

/** What the stamp of the last telemetry says. */
export function lastTelemetry(stamp: Stamp | undefined): {
  readonly at: number;
  readonly sequenceNumber: number;
} {
  const [at, , sequenceNumber] = stamp ?? [0, "telemetry", -1];
  return { at, sequenceNumber: Number(sequenceNumber ?? -1) };
}
