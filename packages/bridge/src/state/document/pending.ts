/**
 * What waits to be written into a section of the twin: a merge patch over the section as it was last seen. It names what
 * was written here even where the section has that value already, because the device is to hear of it.
 */
import type { Json, JsonObject } from "../../core/json.ts";
import { isObject, sameJson } from "./json-values.ts";
import { mergePatch, patchBetween } from "./merge-patch.ts";
import { Edits, isEmptyObject } from "./edits.ts";
import { covers, leavesAlong, leavesOf, overlaps, pathFrom, valueAt, withoutLeaves, type Path } from "./paths.ts";

const MAX_IDLE = 1_000;

/** The part of a mirrored section that patches are made against. */
export interface Waiting {
  readonly properties: JsonObject;
  readonly pending: JsonObject | null;
}

/** The section as it will be. */
export function pendingTarget({ properties, pending }: Waiting): JsonObject {
  return pending === null ? properties : mergePatch(properties, pending);
}

/** What waits when this patch comes on top of it. */
export function addPending(waiting: Waiting, patch: JsonObject): JsonObject | null {
  const target = mergePatch(pendingTarget(waiting), patch);
  const edits = new Edits();
  let pending = patchBetween(waiting.properties, target);
  for (const text of [...leavesOf(waiting.pending ?? {}).keys(), ...leavesOf(patch).keys()]) {
    pending = naming(pending, target, { path: pathFrom(text), edits });
  }
  return orNull(bounded(pending, waiting.properties));
}

/** Removals of what the hub is not known to have are worth something only while they are few. */
function bounded(pending: JsonObject, properties: JsonObject): JsonObject {
  const idle = pendingLeaves(pending).filter(
    ([path, value]) => value === null && valueAt(properties, path) === undefined,
  );
  if (idle.length <= MAX_IDLE) return pending;
  return withoutLeaves(
    pending,
    idle.map(([path]) => path),
  );
}

/** The patch with this path named as the target has it. */
function naming(
  patch: JsonObject,
  target: JsonObject,
  { path, edits }: { readonly path: Path; readonly edits: Edits },
): JsonObject {
  const value = valueAt(target, path);
  if (value !== undefined) {
    const isNamed = valueAt(patch, path) !== undefined;
    const holdsLeaves = isObject(value) && !isEmptyObject(value);
    return isNamed || holdsLeaves ? patch : edits.set(patch, path, value);
  }
  // The first missing key on the way says that all below it is gone, unless a value stands in its place.
  const missing = path.findIndex((_, i) => valueAt(target, path.slice(0, i + 1)) === undefined);
  if (!isObject(valueAt(target, path.slice(0, missing)))) return patch;
  return edits.set(patch, path.slice(0, missing + 1), null);
}

/** What waits, leaf by leaf; `null` removes all that stands there. */
export function pendingLeaves(pending: JsonObject | null): readonly (readonly [Path, Json])[] {
  if (pending === null) return [];
  return [...leavesOf(pending)].map(([text, value]) => [pathFrom(text), value] as const);
}

export function isPending(pending: JsonObject | null, path: Path): boolean {
  return pending !== null && leavesAlong(pending, path).length > 0;
}

/** Without what concerns this path. Of an object whose removal waits, the rest is removed still. */
export function withdrawPending(
  { properties, pending }: Waiting,
  path: Path,
  edits: Edits = new Edits(),
): JsonObject | null {
  if (pending === null) return null;
  let kept = pending;
  for (const [leaf, value] of leavesAlong(pending, path)) {
    kept = edits.remove(kept, leaf);
    if (value !== null || !covers(leaf, path) || leaf.length === path.length) continue;
    for (const other of leavesUnder(properties, leaf)) if (!overlaps(other, path)) kept = edits.set(kept, other, null);
  }
  return orNull(kept);
}

/** Without what the section has now because this patch was written into it. */
export function settlePending(
  pending: JsonObject | null,
  written: JsonObject,
  edits: Edits = new Edits(),
): JsonObject | null {
  if (pending === null) return null;
  let left = pending;
  for (const [path, value] of pendingLeaves(written)) {
    for (const [leaf, wanted] of leavesAlong(left, path)) {
      const isRemoved = value === null && wanted === null && covers(path, leaf);
      if (isRemoved || (leaf.length === path.length && sameJson(wanted, value))) left = edits.remove(left, leaf);
    }
  }
  return orNull(left);
}

function leavesUnder(document: JsonObject, path: Path): readonly Path[] {
  return leavesAlong(document, path)
    .map(([leaf]) => leaf)
    .filter((leaf) => covers(path, leaf));
}

function orNull(patch: JsonObject): JsonObject | null {
  return isEmptyObject(patch) ? null : patch;
}
