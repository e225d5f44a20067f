/** What is seen of a device in its hub, taken into its state. Pure: what was seen already changes nothing. */
import type { DeviceState, StateChange } from "../../core/device-state.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { isWithinBounds } from "../../core/json-bounds.ts";
import type { TwinSectionView, TwinView } from "../../core/twin-hub.ts";
import { cleaned, entry, isObject, sameJson, withEntry } from "./json-values.ts";
import { mergePatch, patchBetween } from "./merge-patch.ts";
import { isOvertaken, isThere, offerLeaf, offerOwnReport } from "./offer.ts";
import {
  changedLeaves,
  leafAt,
  leavesAlong,
  leavesOf,
  pathFrom,
  pathText,
  valueAt,
  withLeaves,
  withoutLeaves,
  type Path,
} from "./paths.ts";
import { addPending, pendingTarget } from "./pending.ts";
import { lastTelemetry, LAST_TELEMETRY } from "./stamps.ts";
import { StateDraft, type Judging, type Side } from "./state-draft.ts";
import { MAX_DEPTH, MAX_SECTION_BYTES, sizeOf } from "./twin-limits.ts";

/** The desired property that holds the name of a device that publishes here: no part of its state. */
export const DEVICE_NAME = "deviceName";

export interface SectionPatch {
  readonly side: Side;
  /** `whole`: these are all properties of the section. */
  readonly kind: "patch" | "whole";
  /** `null` removes. Without `$` entries. */
  readonly properties: JsonObject;
  readonly version: number;
  readonly metadata: JsonObject;
  /** Unix milliseconds, for what the metadata do not date. */
  readonly at: number;
}

export interface Telemetry {
  readonly body: JsonObject;
  readonly at: number;
  readonly sequenceNumber: number;
}

/** The twin as a whole, just read or answered. */
export function takeTwin(before: DeviceState, view: TwinView, judging: Judging): StateChange | null {
  const draft = new StateDraft(before, judging);
  takeTwinInto(draft, view);
  return draft.finish();
}

export function takeTwinInto(draft: StateDraft, view: TwinView): void {
  const { desired, reported } = draft.record;
  takeSection(draft, "desired", view.desired);
  takeSection(draft, "reported", view.reported);
  // The stream was quicker with one section: what it says of the other is true, and its etag is of the past.
  if (view.desired.version < desired.version || view.reported.version < reported.version) {
    const isMoved = view.desired.version > desired.version || view.reported.version > reported.version;
    return draft.update({ etag: isMoved ? null : draft.record.etag });
  }
  const { standing } = draft.record;
  const { status, connectionState, lastActivity } = view;
  draft.update({
    etag: view.etag,
    standing: {
      ...standing,
      status,
      connectionState,
      lastActivity: later(standing.lastActivity, lastActivity),
      missingSince: null,
    },
  });
}

/**
 * A change as the hub's stream tells it. `gap`: changes before it were not seen, or it is of a former device of that id;
 * the twin is to be read. `null`: seen already.
 */
export function takeSectionPatch(
  before: DeviceState,
  patch: SectionPatch,
  judging: Judging,
): StateChange | "gap" | null {
  const { side, kind, version, metadata, at } = patch;
  const mirror = before[side];
  if (version <= mirror.version) return null;
  if (kind === "patch" && version !== mirror.version + 1) return "gap";
  if ((dateOf(metadata) ?? at) < (mirror.updatedAt ?? 0)) return "gap";
  const draft = new StateDraft(before, judging);
  const patched = kind === "whole" ? cleaned(patch.properties) : mergePatch(mirror.properties, patch.properties);
  takeSection(draft, side, { properties: patched, version, metadata }, at);
  // Its etag is another one by now, and is not told here.
  draft.update({ etag: null });
  return draft.finish();
}

function takeSection(draft: StateDraft, side: Side, view: TwinSectionView, at?: number): void {
  const mirror = draft.record[side];
  if (view.version < mirror.version) return;
  const properties = nameless(draft.record, side, cleaned(view.properties));
  const isOwn = side === "reported" && draft.record.reach === "bridge";
  const wanted = pendingTarget(mirror);
  const overtaken: Path[] = [];
  for (const [path, value] of changedLeaves(mirror.properties, properties)) {
    if (isOwn && isOvertaken(draft, { path, value }, wanted)) {
      overtaken.push(path);
      continue;
    }
    if (value === undefined && at === undefined && !mayBeRemoved(draft, mirror.properties, path)) continue;
    if (value === undefined && gaveWay(draft, properties, path)) continue;
    const leaf = { path, value, at: timeOf(view.metadata, path) ?? at ?? draft.now, source: side };
    if (isOwn) offerOwnReport(draft, leaf);
    else if (offerLeaf(draft, leaf)) overtaken.push(path);
  }
  const gone = removedMeanwhile(draft.record[side].pending, mirror.properties, properties);
  if (gone !== null) draft.settle(side, gone);
  if (side === "desired" && view.version > mirror.version) draft.forgetPrints();
  const updatedAt = Math.max(mirror.updatedAt ?? 0, dateOf(view.metadata) ?? 0);
  draft.updateSection(side, { properties, version: view.version, updatedAt });
  if (isOwn) reportAgain(draft, overtaken, wanted);
  else if (side === "desired") wishAgain(draft, overtaken);
}

/** What was written here later than what has just come to the hub is to come there, too. */
export function wishAgain(draft: StateDraft, overtaken: readonly Path[]): void {
  const { desired, state } = draft.record;
  const target = pendingTarget(desired);
  const lost = overtaken.filter(
    (path) => draft.stamp(pathText(path))?.[1] === "api" && !isThere(state, path, leafAt(target, path)),
  );
  if (lost.length === 0) return;
  const patch = withLeaves(
    {},
    lost.map((path) => [path, leafAt(state, path) ?? null]),
  );
  draft.updateSection("desired", { pending: addPending(desired, patch) });
}

/** The same of what a device reported that publishes here, whoever has the last word in the state. */
function reportAgain(draft: StateDraft, overtaken: readonly Path[], wanted: JsonObject): void {
  if (overtaken.length === 0) return;
  const { reported } = draft.record;
  const target = pendingTarget(reported);
  const back = overtaken.flatMap((path) => leavesAlong(wanted, path));
  const patch = patchBetween(target, withLeaves(withoutLeaves(target, overtaken), back));
  draft.updateSection("reported", { pending: addPending(reported, patch) });
}

/**
 * A twin that was read says what is gone, but not since when: what was written around it later dates it too. So only what
 * the section had goes from the state; what others wrote since stays, unless it waits to be written here.
 */
function mayBeRemoved(draft: StateDraft, before: JsonObject, path: Path): boolean {
  return draft.isPending(path) || sameJson(leafAt(draft.record.state, path), leafAt(before, path));
}

/**
 * An object has come in the place of a value that the state has not: no sign that a removal from here has come to the hub.
 * What is in the object is offered by itself.
 */
function gaveWay(draft: StateDraft, after: JsonObject, path: Path): boolean {
  return valueAt(after, path) !== undefined && leafAt(draft.record.state, path) === undefined;
}

/** Of what waits: removals of what was there and is not any more. */
function removedMeanwhile(pending: JsonObject | null, before: JsonObject, after: JsonObject): JsonObject | null {
  if (pending === null) return null;
  const gone = [...leavesOf(pending)]
    .filter(([, value]) => value === null)
    .map(([text]) => pathFrom(text))
    .filter((path) => valueAt(before, path) !== undefined && valueAt(after, path) === undefined);
  if (gone.length === 0) return null;
  return withLeaves(
    {},
    gone.map((path) => [path, null]),
  );
}

/** `null`: seen already. `unfit`: no state could hold it. */
export function takeTelemetry(
  before: DeviceState,
  message: Telemetry,
  judging: Judging & { readonly mode: "merge" | "replace" },
): StateChange | "unfit" | null {
  const { change, unfit } = takeMessages(before, [message], judging);
  return unfit > 0 ? "unfit" : change;
}

/** The device's messages, in order, as one change. `unfit`: how many of them no state could hold. */
export function takeMessages(
  before: DeviceState,
  messages: readonly Telemetry[],
  judging: Judging & { readonly mode: "merge" | "replace" },
): { readonly change: StateChange | null; readonly unfit: number } {
  const draft = new StateDraft(before, judging);
  const room = new Room(before.state);
  const fits = messages.map((message) => takeMessage(draft, message, { mode: judging.mode, room }));
  return { change: draft.finish(), unfit: fits.filter((isFit) => !isFit).length };
}

/** What a message does not name costs nothing: a device may have thousands of properties and change one at a time. */
function takeMessage(
  draft: StateDraft,
  { body, at, sequenceNumber }: Telemetry,
  { mode, room }: { readonly mode: "merge" | "replace"; readonly room: Room },
): boolean {
  const last = lastTelemetry(draft.stamp(LAST_TELEMETRY));
  if (sequenceNumber <= last.sequenceNumber && at <= last.at) return true;
  if (!isWithinBounds(body, { levels: MAX_DEPTH + 1, values: MAX_SECTION_BYTES })) return false;
  const { state, standing } = draft.record;
  draft.update({ standing: { ...standing, lastActivity: later(standing.lastActivity, at) } });
  const is = mode === "replace" ? state : namedIn(state, body);
  const wanted = cleaned(mode === "replace" ? body : mergePatch(is, body));
  if (!room.holds(state, { instead: is, wanted })) return false;
  const changes = changedLeaves(is, wanted);
  // Said again, removed before it came, or an object that is removed with its leaves: as new as what changes.
  const again = Array.from(leavesOf(body), ([text, value]) => [pathFrom(text), value] as const).filter(
    ([path, value]) => {
      const present = leafAt(is, path);
      return value === null ? present === undefined : sameJson(present, value);
    },
  );
  for (const [path, value] of changes) offerLeaf(draft, { path, value, at, source: "telemetry" });
  for (const [path, value] of again) offerLeaf(draft, { path, value: value ?? undefined, at, source: "telemetry" });
  const replacedAt = mode === "replace" ? [at] : (draft.stamp(LAST_TELEMETRY)?.slice(3) ?? []);
  draft.setStamp(LAST_TELEMETRY, [at, "telemetry", sequenceNumber, ...(replacedAt as number[])]);
  return true;
}

/** The part of the state that a message speaks of. */
function namedIn(state: JsonObject, body: JsonObject): JsonObject {
  const keys = Object.keys(body).filter((key) => Object.hasOwn(state, key));
  return Object.fromEntries(keys.map((key) => [key, state[key]!]));
}

/** Whether a state stays within its size. It is measured anew only when it might not be. */
class Room {
  /** Bytes that the state has at most. */
  #size: number;

  constructor(state: JsonObject) {
    this.#size = sizeOf(state);
  }

  /** With `wanted` in the place of a part of it. */
  holds(
    state: JsonObject,
    { instead, wanted }: { readonly instead: JsonObject; readonly wanted: JsonObject },
  ): boolean {
    const more = sizeOf(wanted);
    if (this.#size + more > MAX_SECTION_BYTES) this.#size = sizeOf(state);
    if (this.#size - sizeOf(instead) + more > MAX_SECTION_BYTES) return false;
    this.#size += more;
    return true;
  }
}

/** When the hub says that a leaf was written, or, of a removed one, what stood around it. */
export function timeOf(metadata: JsonObject, path: Path): number | undefined {
  let at = dateOf(metadata);
  let level: Json | undefined = metadata;
  for (const key of path) {
    level = isObject(level) ? entry(level, key) : undefined;
    if (!isObject(level)) break;
    at = dateOf(level) ?? at;
  }
  return at;
}

function dateOf(metadata: JsonObject): number | undefined {
  const text = entry(metadata, "$lastUpdated");
  const at = typeof text === "string" ? Date.parse(text) : Number.NaN;
  return Number.isNaN(at) ? undefined : Math.max(0, at);
}

export function later(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.max(a, b);
}

/** Whether this twin cannot be a later one of the same device, as far as was seen: it was made anew, or the view is old. */
export function contradicts(before: DeviceState, view: TwinView): boolean {
  return (["desired", "reported"] as const).some((side) => {
    const mirror = before[side];
    if (mirror.version === 0) return false;
    if (view[side].version !== mirror.version) return view[side].version < mirror.version || lostLeaves(before, view);
    const properties = cleaned(view[side].properties);
    return changedLeaves(mirror.properties, nameless(before, side, properties)).length > 0;
  });
}

/** Desired properties go one by one. That all are gone at once is how a device begins anew. */
function lostLeaves({ desired }: DeviceState, view: TwinView): boolean {
  const now = cleaned(view.desired.properties);
  const leaves = [...leavesOf(desired.properties).keys()];
  return leaves.length > 0 && leaves.every((text) => valueAt(now, pathFrom(text)) === undefined);
}

function nameless({ reach }: Pick<DeviceState, "reach">, side: Side, properties: JsonObject): JsonObject {
  return reach === "bridge" && side === "desired" ? withEntry(properties, DEVICE_NAME, undefined) : properties;
}
