/** What must be true of a state and its twin when all is quiet. */
import type { DeviceState, StateConflict } from "../../core/device-state.ts";
import type { Json } from "../../core/json.ts";
import type { TwinView } from "../../core/twin-hub.ts";
import { sameJson, withEntry } from "../document/json-values.ts";
import { leafAt, leavesOf, pathFrom } from "../document/paths.ts";
import type { LeafWrite } from "./simulated-hub.ts";

/** The hub's clock and ours differ by this at most. */
const SKEW_MS = 5_000;

/** A write that was asked for here. `path`: `null` when it was not one leaf through the API. */
export interface ApiWrite {
  readonly deviceId: string;
  readonly at: number;
  readonly path: string | null;
  readonly value: Json | undefined;
  /** When it was answered, which means that it is on disk; `null`: never. */
  answeredAt: number | null;
}

export interface Ending {
  readonly deviceId: string;
  readonly record: DeviceState | null;
  readonly view: TwinView | null;
  readonly writes: readonly LeafWrite[];
  readonly conflicts: readonly StateConflict[];
  readonly apiWrites: readonly ApiWrite[];
  readonly pushes: number;
  readonly messages: readonly string[];
  /** Writes whose answer was lost, and ends of the bridge. */
  readonly repeats: number;
  readonly isMeddled: boolean;
  readonly isFlat: boolean;
}

export function brokenPromises(ending: Ending): string[] {
  const { deviceId, record, view } = ending;
  if (record === null)
    return ending.apiWrites.some(({ answeredAt }) => answeredAt !== null) ? [`${deviceId} is forgotten.`] : [];
  // Who publishes here gets an identity with the next that is written.
  if (view === null) return record.reach === "bridge" && record.pendingSince === null ? [] : [`${deviceId} is gone.`];
  const checks = [inStep, sparing, ...(ending.isMeddled ? [] : [apiWritesArrived, newestShown])];
  return checks.flatMap((check) => check(ending, record, view)).map((sentence) => `${deviceId}: ${sentence}`);
}

type Check = (ending: Ending, record: DeviceState, view: TwinView) => string[];

const inStep: Check = (_, record, view) => {
  const broken: string[] = [];
  if (record.pendingSince !== null || record.desired.pending !== null || record.reported.pending !== null) {
    broken.push(`still waits: ${JSON.stringify([record.desired.pending, record.reported.pending, record.trouble])}`);
  }
  for (const side of ["desired", "reported"] as const) {
    const there =
      side === "desired" ? withEntry(view[side].properties, "deviceName", undefined) : view[side].properties;
    if (!sameJson(record[side].properties, there)) {
      broken.push(`${side} is ${JSON.stringify(there)}, known as ${JSON.stringify(record[side].properties)}`);
    }
  }
  if (record.standing.missingSince !== null) broken.push("is believed missing");
  for (const [path, value] of leavesOf(record.state)) {
    const [, source] = record.stamps[path] ?? [];
    const isEmpty = sameJson(value, {});
    if (source === "api" && !isEmpty && !sameJson(leafAt(view.desired.properties, pathFrom(path)), value)) {
      broken.push(`${path} = ${JSON.stringify(value)} from the API is not in desired`);
    }
  }
  return broken;
};

/** At most two messages a change; the same again only where nobody can know whether it arrived. */
const sparing: Check = ({ pushes, messages, repeats, apiWrites, isMeddled }) => {
  const allowed = apiWrites.length + repeats + (isMeddled ? 60 : 0);
  return [
    ...(pushes > allowed ? [`${pushes} writes for ${apiWrites.length} changes and ${repeats} lost answers`] : []),
    ...(messages.length > allowed ? [`${messages.length} messages for ${apiWrites.length} changes`] : []),
  ];
};

/** The last write of a leaf is in desired, was there until a service wrote over it, or lost by a conflict that is on record. */
const apiWritesArrived: Check = ({ apiWrites, writes, conflicts, isFlat }) => {
  if (!isFlat) return [];
  const last = new Map<string, ApiWrite>();
  for (const write of apiWrites) {
    // A replacement removes the others, and what a device reported is no concern of this.
    if (write.path === null) last.clear();
    else last.set(write.path, write);
  }
  return [...last.values()].flatMap((write) => {
    const { path, value } = write;
    if (path === null || value === undefined || !isLast(write, apiWrites)) return [];
    const landed = writes.some((write) => write.path === path && write.kind === "desired" && write.value === value);
    const lost = conflicts.some((conflict) => conflict.path === path && conflict.kept === "theirs");
    return landed || lost ? [] : [`${path} = ${JSON.stringify(value)} never came to desired`];
  });
};

/** No other was under way with it. */
function isLast(write: ApiWrite, all: readonly ApiWrite[]): boolean {
  const { at, answeredAt } = write;
  const isBefore = (other: ApiWrite): boolean => other.at <= at && (other.answeredAt ?? Infinity) < at;
  return answeredAt !== null && all.every((other) => other === write || isBefore(other));
}

/** Where no conflict was decided, a leaf is as it was written last in the hub, by whomever. */
const newestShown: Check = ({ writes, conflicts, isFlat, apiWrites }, record) => {
  // What a device writes here is newest before the hub has it.
  const byHub = isFlat && record.reach === "itself";
  const paths = new Set(writes.map(({ path }) => path));
  return [...paths].flatMap((path) => {
    // That there is an object, both sides may see otherwise.
    if (writes.some((write) => write.path.startsWith(`${path}.`))) return [];
    const ofPath = writes.filter((write) => write.path === path);
    const shown = leafAt(record.state, pathFrom(path));
    if (shown !== undefined && !ofPath.some(({ value }) => sameJson(value, shown))) {
      // What was written by the device over the bridge lands as reported.
      return [`${path} shows ${JSON.stringify(shown)}, which nobody wrote to the hub`];
    }
    if (!byHub || conflicts.some((conflict) => conflict.path === path)) return [];
    const newest = Math.max(...ofPath.map(({ at }) => at));
    const newestOnes = ofPath.filter(({ at }) => at === newest);
    if (newestOnes.some(({ value }) => sameJson(value, shown))) return [];
    // A removal is dated by what was written around it, and may have been seen late.
    const isOfOther = ofPath.some(({ at, value }) => sameJson(value, shown) && at > newest - 2 * SKEW_MS);
    // A whole state that is written here takes the place of what was written here, not of what the device said.
    const isOfDevice = ofPath.some(({ by, value }) => by === "device" && sameJson(value, shown));
    const removal = newestOnes.find(({ value }) => value === undefined);
    if (shown !== undefined && removal !== undefined && (isOfOther || removal.by !== "bridge" || isOfDevice)) return [];

    // Removed here; the hub has nothing of it in desired that could be removed.
    const isRemovedHere = apiWrites.some(
      ({ at, value, path: of }) => at > newest - SKEW_MS && (of === null || value === undefined),
    );
    if (shown === undefined && isRemovedHere) return [];
    return [`${path} shows ${JSON.stringify(shown)}, the newest is ${JSON.stringify(newestOnes)}`];
  });
};
