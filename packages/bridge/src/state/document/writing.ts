/** What is written here: through the API, or by a device that publishes here. Checked before anything is changed. */
import type { DeviceState, MirroredSection, Reach, StateChange } from "../../core/device-state.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import type { StateFault, StateWrite } from "../../core/state-control.ts";
import { DEVICE_NAME } from "./hub-change.ts";
import { cleaned, isDeeperThan, isObject } from "./json-values.ts";
import { mergePatch, patchBetween } from "./merge-patch.ts";
import { changedLeaves, leafAt, leavesAlong, leavesOf, pathFrom, pathText, valueAt, type Path } from "./paths.ts";
import { removedWishes, replacedState, withdrawnWishes } from "./replacing.ts";
import { addPending, pendingLeaves, pendingTarget } from "./pending.ts";
import { StateDraft, type Side } from "./state-draft.ts";
import { MAX_DEPTH, sizeFault, twinFault } from "./twin-limits.ts";

export type Written =
  /** `null`: that is how it is already. */
  { readonly ok: true; readonly change: StateChange | null } | { readonly ok: false; readonly fault: StateFault };

export interface NewState {
  readonly deviceId: string;
  readonly reach: Reach;
  /** `null`: it is kept here alone. */
  readonly connectionId: string | null;
  readonly hubDeviceId: string;
}

/** What the name of a device that publishes here takes of its desired section: 128 characters of 3 bytes, and the key. */
const NAME_BYTES: number = 128 * 3 + Buffer.byteLength(DEVICE_NAME);

const UNSEEN: MirroredSection = { properties: {}, version: 0, pending: null };

/** A state of which nothing was written or seen yet. */
export function emptyState(of: NewState): DeviceState {
  return {
    ...of,
    state: {},
    stamps: {},
    desired: UNSEEN,
    reported: UNSEEN,
    pendingSince: null,
    messageFor: null,
    etag: null,
    standing: {
      generationId: "",
      status: "enabled",
      connectionState: "disconnected",
      lastActivity: null,
      missingSince: null,
    },
    trouble: null,
    conflicts: 0,
    changedAt: 0,
    revision: 0,
  };
}

/** As a record of revision 1, all of it waiting for the hub. */
export function initialState(
  of: NewState & { readonly state: JsonObject; readonly at: number },
): { readonly ok: true; readonly state: DeviceState } | { readonly ok: false; readonly fault: StateFault } {
  const { state, at, ...device } = of;
  const empty = emptyState(device);
  const written = writeState(empty, { kind: "replace", state }, { at });
  return written.ok ? { ok: true, state: written.change?.next ?? { ...empty, changedAt: at, revision: 1 } } : written;
}

/** Why no twin could hold this as the whole state; `null` when one could. */
export function wholeFault(state: JsonObject): StateFault | null {
  const written = initialState({ deviceId: "", reach: "itself", connectionId: null, hubDeviceId: "", state, at: 0 });
  return written.ok ? null : written.fault;
}

/** From the API. With `message` the whole state is to be sent to the device as well. */
export function writeState(
  before: DeviceState,
  write: StateWrite,
  { at, message = false }: { readonly at: number; readonly message?: boolean },
): Written {
  const given = write.kind === "replace" ? write.state : write.patch;
  const tooDeep = depthFault(given);
  if (tooDeep !== null) return { ok: false, fault: tooDeep };
  const wanted = cleaned(
    write.kind === "replace" ? replacedState(before, given, write.seen ?? null) : mergePatch(before.state, given),
  );
  const withdrawn = write.kind === "replace" ? withdrawnWishes(before, given) : removedWishes(before, given);
  const patch = withoutForeignRemovals(patchBetween(before.state, wanted));
  const fault = faultOf(before, "desired", patch) ?? protoFault(given);
  if (fault !== null) return { ok: false, fault };
  const changed = changedLeaves(before.state, wanted);
  if (changed.length === 0 && Object.keys(withdrawn).length === 0) return { ok: true, change: null };
  const draft = new StateDraft(before, { rule: "newest", now: at });
  stampAll(draft, [...changed.map(([path]) => path), ...removedObjects(before.state, given)], "api");
  for (const text of leavesOf(withdrawn).keys()) draft.keepPrints(pathFrom(text));
  draft.update({ state: wanted });
  if (Object.keys(withdrawn).length > 0) waitIn(draft, "desired", withdrawn);
  if (Object.keys(patch).length > 0) waitIn(draft, "desired", patch);
  if (message && before.reach === "itself" && before.connectionId !== null)
    draft.update({ messageFor: before.revision + 1 });
  return { ok: true, change: draft.finish() };
}

/** From a device that publishes here: what it is like. */
export function reportState(before: DeviceState, given: JsonObject, at: number): Written {
  const tooDeep = depthFault(given);
  if (tooDeep !== null) return { ok: false, fault: tooDeep };
  const target = pendingTarget(before.reported);
  const patch = patchBetween(target, cleaned(mergePatch(target, given)));
  const fault = twinFault(given) ?? faultOf(before, "reported", patch);
  if (fault !== null) return { ok: false, fault };
  const wanted = cleaned(mergePatch(before.state, given));
  const changed = changedLeaves(before.state, wanted);
  const draft = new StateDraft(before, { rule: "newest", now: at });
  stampAll(draft, [...changed.map(([path]) => path), ...removedObjects(before.state, given)], "device");
  draft.update({ state: wanted });
  if (Object.keys(patch).length > 0) waitIn(draft, "reported", patch);
  return { ok: true, change: draft.finish() };
}

function depthFault(given: JsonObject): StateFault | null {
  if (!isDeeperThan(given, MAX_DEPTH + 1)) return null;
  const path = deepPath(given, MAX_DEPTH + 1);
  return { path, message: `${path} is nested deeper than ${MAX_DEPTH} levels.` };
}

/** Where it goes too deep. */
function deepPath(value: Json, levels: number): string {
  const keys: string[] = [];
  let level: Json = value;
  for (let left = levels; left > 0 && typeof level === "object" && level !== null; left -= 1) {
    const [key, inner]: [string, Json] = Object.entries(level).find(([, item]: [string, Json]) =>
      isDeeperThan(item, left - 1),
    ) ?? ["", null];
    if (!Array.isArray(level)) keys.push(key);
    level = inner;
  }
  return keys.join(".");
}

/** Cleaned away before the check below could see it. */
function protoFault(given: JsonObject): StateFault | null {
  return twinFault(onlyProto(given));
}

function onlyProto(object: JsonObject): JsonObject {
  const entries = Object.entries(object).flatMap(([key, value]): [string, Json][] => {
    if (key === "__proto__") return [[key, true]];
    if (typeof value !== "object" || value === null || Array.isArray(value)) return [];
    const inner = onlyProto(value as JsonObject);
    return Object.keys(inner).length === 0 ? [] : [[key, inner]];
  });
  return Object.fromEntries(entries);
}

function faultOf(before: DeviceState, side: Side, patch: JsonObject): StateFault | null {
  const found = twinFault(patch);
  if (found !== null) return found;
  if (before.reach === "bridge" && side === "desired" && Object.hasOwn(patch, DEVICE_NAME)) {
    return {
      path: DEVICE_NAME,
      message: `${DEVICE_NAME} is kept equal to the device's name: rename the device instead.`,
    };
  }
  const isNameThere = before.reach === "bridge" && side === "desired";
  return sizeFault(mergePatch(pendingTarget(before[side]), patch), isNameThere ? NAME_BYTES : 0);
}

/** Telemetry may have brought keys that no twin can hold. They can be removed here; the hub has nothing to remove. */
function withoutForeignRemovals(patch: JsonObject): JsonObject {
  const entries = Object.entries(patch).flatMap(([key, value]): [string, Json][] => {
    const inner = isObject(value) && Object.keys(value).length > 0 ? withoutForeignRemovals(value) : value;
    const isEmptied = isObject(inner) && inner !== value && Object.keys(inner).length === 0;
    const removesOnly = inner === null || isEmptied;
    return removesOnly && (isEmptied || twinFault({ [key]: null }) !== null) ? [] : [[key, inner]];
  });
  return Object.fromEntries(entries);
}

/** Objects that are removed with all that is in them, so that what of them comes late is removed, too. */
function removedObjects(state: JsonObject, given: JsonObject): readonly Path[] {
  return pendingLeaves(given)
    .filter(
      ([path, value]) => value === null && valueAt(state, path) !== undefined && leafAt(state, path) === undefined,
    )
    .map(([path]) => path);
}

/** Later than what it replaces, whatever the clocks say: who wrote it knew that. */
function stampAll(draft: StateDraft, paths: readonly Path[], source: "api" | "device"): void {
  for (const path of paths) {
    draft.keepPrints(path);
    const text = pathText(path);
    const [, , ...prints] = draft.stamp(text) ?? [];
    const replaced = [path, ...leavesAlong(draft.record.state, path).map(([leaf]) => leaf)];
    const since = replaced.map((other) => draft.stamp(pathText(other))?.[0] ?? 0);
    draft.setStamp(text, [Math.max(draft.now, ...since.map((at) => at + 1)), source, ...prints]);
  }
}

/** Without a hub nothing is to be removed anywhere. */
function waitIn(draft: StateDraft, side: Side, patch: JsonObject): void {
  const pending = addPending(draft.record[side], patch);
  draft.updateSection(side, { pending: draft.record.connectionId === null ? nothingRemoved(pending) : pending });
}

function nothingRemoved(pending: JsonObject | null): JsonObject | null {
  const kept = cleaned(pending ?? {});
  return Object.keys(kept).length === 0 ? null : kept;
}
