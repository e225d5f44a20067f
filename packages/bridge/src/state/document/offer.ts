/**
 * One leaf that somebody else wrote, offered to the state: taken, known already, or in conflict with what was written here.
 *
 * Its rivals are the leaves that cannot stand beside it: the one at its path, those below it, and one above. It is taken
 * when it is later than all of them and nothing of them waits for the hub. A rival that was written here and waits still,
 * or is later, makes a conflict, which the rule decides. A later rival that came from the hub too only means that the two
 * arrive in another order than they were made.
 */
import type { StateConflict, StateSource } from "../../core/device-state.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { isObject, sameJson } from "./json-values.ts";
import { isEmptyObject } from "./edits.ts";
import { covers, leafAt, leavesAlong, pathText, valueAt, withLeaf, type Path } from "./paths.ts";
import { hasPrint, isOurs, LAST_TELEMETRY } from "./stamps.ts";
import type { StateDraft } from "./state-draft.ts";

export interface OfferedLeaf {
  readonly path: Path;
  /** `undefined`: removed. */
  readonly value: Json | undefined;
  /** Unix milliseconds, by the hub's clock. */
  readonly at: number;
  readonly source: StateConflict["theirSource"];
}

interface Rival {
  readonly at: number;
  readonly source: StateSource;
  readonly isPending: boolean;
}

/** `true`: it is what was written here before something else was, and had been on its way. */
export function offerLeaf(draft: StateDraft, leaf: OfferedLeaf): boolean {
  const { path, value, source } = leaf;
  if (isThere(draft.record.state, path, value)) {
    touch(draft, leaf);
    return false;
  }
  if (source === "desired") {
    // Our wish has arrived. Of what the device has said meanwhile it changes nothing.
    if (isWished(draft, path, value)) {
      if (value !== undefined) draft.settle("desired", withLeaf({}, path, value));
      return false;
    }
    if (hasPrint(draft.stamp(pathText(path)), value)) return true;
  }
  judge(draft, leaf);
  return false;
}

function judge(draft: StateDraft, leaf: OfferedLeaf): void {
  const { path, value, at, source } = leaf;
  const rivals = rivalsOf(draft, leaf);
  const against = rivals.filter((rival) => rival.isPending || rival.at > at);
  if (against.length === 0) {
    // A wish that was being taken back here is another one by now.
    if (source === "desired") draft.withdraw(path);
    return draft.write(path, value, at, source);
  }
  // An empty object takes nothing from anybody else.
  if (isEmptyObject(value)) {
    const [since, by] = draft.stamp(pathText(path)) ?? [];
    if (by === source && since! <= at) draft.write(path, value, at, source);
    return;
  }
  const ours = against.filter((rival) => rival.isPending || isOurs(rival.source));
  // Of what came from the hub itself the later has been taken already.
  if (ours.length < against.length) return;
  const kept = isTaken(draft, against, at) ? "theirs" : "ours";
  // A copy: the state goes on changing.
  const oursShown = structuredClone(valueAt(draft.record.state, path) ?? null);
  draft.conflict({ path: path.join("."), ours: oursShown, theirs: value ?? null, theirSource: source, kept });
  if (kept === "ours") return;
  draft.withdraw(path);
  draft.write(path, value, at, source);
}

function isTaken(draft: StateDraft, against: readonly Rival[], at: number): boolean {
  switch (draft.rule) {
    case "newest":
      return against.every((rival) => rival.at <= at);
    case "hub":
      return true;
    case "ours":
      return false;
    default:
      return draft.rule satisfies never;
  }
}

/**
 * One leaf of the reported section of a device that publishes here: nobody writes there but the bridge, in its name. What
 * the state does not know was there before the device came here; the rest is news of old.
 */
export function offerOwnReport(draft: StateDraft, leaf: OfferedLeaf): void {
  if (isThere(draft.record.state, leaf.path, leaf.value)) return touch(draft, leaf);
  const isKnown = rivalsOf(draft, leaf).some(({ at, isPending }) => isPending || at > Number.NEGATIVE_INFINITY);
  if (!isKnown) judge(draft, leaf);
}

/**
 * Whether such a leaf has come after a report that is later. `wanted`: the section with all that was reported. What was
 * there before the device came here is left to whoever writes it.
 */
export function isOvertaken(
  draft: StateDraft,
  { path, value }: Pick<OfferedLeaf, "path" | "value">,
  wanted: JsonObject,
): boolean {
  if (isThere(wanted, path, value)) return false;
  const [, source] = draft.stamp(pathText(path)) ?? [];
  if (leavesAlong(wanted, path).length > 0) return source !== "reported";
  const rivals = rivalsOf(draft, { path, value, source: "reported" });
  return rivals.some((rival) => rival.source === "device" && !rival.isPending);
}

/** What waits for the desired section is to make it so. */
function isWished(draft: StateDraft, path: Path, value: Json | undefined): boolean {
  const along = [...leavesAlong(draft.record.desired.pending ?? {}, path)];
  return value === undefined
    ? along.some(([leaf, wish]) => wish === null && covers(leaf, path))
    : along.some(([leaf, wish]) => leaf.length === path.length && sameJson(wish, value));
}

/** An empty object says no more than that there is an object. */
export function isThere(document: JsonObject, path: Path, value: Json | undefined): boolean {
  if (isEmptyObject(value)) return isObject(valueAt(document, path));
  return sameJson(leafAt(document, path), value);
}

/** Both sides have written the same. */
function touch(draft: StateDraft, { path, value, at, source }: OfferedLeaf): void {
  const text = pathText(path);
  const stamp = draft.stamp(text);
  const side = source === "telemetry" ? null : source === "desired" ? "desired" : "reported";
  if (side !== null && draft.record[side].pending !== null && stamp !== undefined && isOurs(stamp[1])) {
    // It stands there by now: written by us, and the answer was lost, or by somebody else to the same end.
    draft.settle(side, withLeaf({}, path, value ?? null));
    return draft.setStamp(text, [at, stamp[1], ...stamp.slice(2)]);
  }
  if (!isEmptyObject(value) && (stamp === undefined || at >= stamp[0])) {
    draft.setStamp(text, [at, source, ...(stamp?.slice(2) ?? [])]);
  }
}

/** A wish that is only being taken back, while the device's word stands in the state, is no rival of the device's next word. */
function isOnlyWithdrawn(draft: StateDraft, path: Path): boolean {
  const [, source] = draft.stamp(pathText(path)) ?? [];
  if (source !== undefined && isOurs(source)) return false;
  const along = [...leavesAlong(draft.record.desired.pending ?? {}, path)];
  return along.length > 0 && along.every(([, wish]) => wish === null);
}

function rivalsOf(draft: StateDraft, { path, value, source: by }: Omit<OfferedLeaf, "at">): Rival[] {
  const { state } = draft.record;
  const [, , , replacedAt = Number.NEGATIVE_INFINITY] = (draft.stamp(LAST_TELEMETRY) ?? []) as readonly (
    | number
    | undefined
  )[];
  const paths: Path[] = [path];
  if (value !== undefined) {
    for (const [other, leaf] of leavesAlong(state, path)) {
      const isEmptyAbove = covers(other, path) && isObject(leaf);
      if (other.length !== path.length && !isEmptyAbove) paths.push(other);
    }
    // Removed above it: what is older does not come back.
    for (let length = 1; length < path.length; length += 1) {
      const above = path.slice(0, length);
      if (valueAt(state, above) === undefined) paths.push(above);
    }
  }
  return paths.map((other) => {
    const [at, source] = draft.stamp(pathText(other)) ?? [Number.NEGATIVE_INFINITY, "telemetry" as const];
    const isPending = draft.isPending(other, source) && !(by !== "desired" && isOnlyWithdrawn(draft, other));
    // A message that replaced the whole state removed what had not come yet, too.
    const isGone = at < replacedAt && leafAt(state, other) === undefined;
    return isGone ? { at: replacedAt, source: "telemetry", isPending } : { at, source, isPending };
  });
}
