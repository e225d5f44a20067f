/**
 * What waits to be written into a section of the twin: a merge patch over the section as it was last seen. It names what
 * was written here even where the section has that value already, because the device is to hear of it.
 */
import type { Json, JsonObject } from "../../core/json.ts";
import { isObject, sameJson } from "./json-values.ts";
import { mergePatch, patchBetween } from "./merge-patch.ts";
import { covers, leavesOf, overlaps, pathFrom, pathText, valueAt, withLeaf, withoutLeaf, type Path } from "./paths.ts";

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
  let pending = patchBetween(waiting.properties, target);
  for (const text of [...leavesOf(waiting.pending ?? {}).keys(), ...leavesOf(patch).keys()]) {
    pending = naming(pending, target, pathFrom(text));
  }
  return orNull(bounded(pending, waiting.properties));
}

/** Removals of what the hub is not known to have are worth something only while they are few. */
function bounded(pending: JsonObject, properties: JsonObject): JsonObject {
  const idle = pendingLeaves(pending).filter(
    ([path, value]) => value === null && valueAt(properties, path) === undefined,
  );
  return idle.length <= MAX_IDLE ? pending : idle.reduce((patch, [path]) => withoutLeaf(patch, path), pending);
}

/** The patch with this path named as the target has it. */
function naming(patch: JsonObject, target: JsonObject, path: Path): JsonObject {
  const value = valueAt(target, path);
  if (value !== undefined) {
    const isNamed = valueAt(patch, path) !== undefined;
    const holdsLeaves = isObject(value) && Object.keys(value).length > 0;
    return isNamed || holdsLeaves ? patch : withLeaf(patch, path, value);
  }
  // The first missing key on the way says that all below it is gone, unless a value stands in its place.
  const missing = path.findIndex((_, i) => valueAt(target, path.slice(0, i + 1)) === undefined);
  if (!isObject(valueAt(target, path.slice(0, missing)))) return patch;
  return withLeaf(patch, path.slice(0, missing + 1), null);
}

/** What waits, leaf by leaf; `null` removes all that stands there. */
export function pendingLeaves(pending: JsonObject | null): readonly (readonly [Path, Json])[] {
  if (pending === null) return [];
  return [...leavesOf(pending)].map(([text, value]) => [pathFrom(text), value] as const);
}

export function isPending(pending: JsonObject | null, path: Path): boolean {
  return pendingLeaves(pending).some(([leaf]) => overlaps(leaf, path));
}

/** Without what concerns this path. Of an object whose removal waits, the rest is removed still. */
export function withdrawPending({ properties, pending }: Waiting, path: Path): JsonObject | null {
  const kept = pendingLeaves(pending).flatMap(([leaf, value]): (readonly [Path, Json])[] => {
    if (!overlaps(leaf, path)) return [[leaf, value]];
    if (value !== null || !covers(leaf, path) || leaf.length === path.length) return [];
    return leavesUnder(properties, leaf)
      .filter((other) => !overlaps(other, path))
      .map((other) => [other, null] as const);
  });
  return nested(kept);
}

/** Without what the section has now because this patch was written into it. */
export function settlePending(pending: JsonObject | null, written: JsonObject): JsonObject | null {
  const done = leavesOf(written);
  const removed = pendingLeaves(written).filter(([, value]) => value === null);
  return nested(
    pendingLeaves(pending).filter(([path, value]) => {
      if (value === null && removed.some(([leaf]) => covers(leaf, path))) return false;
      const text = pathText(path);
      return !done.has(text) || !sameJson(done.get(text), value);
    }),
  );
}

function leavesUnder(document: JsonObject, path: Path): Path[] {
  return [...leavesOf(document).keys()].map(pathFrom).filter((leaf) => covers(path, leaf));
}

function nested(leaves: readonly (readonly [Path, Json])[]): JsonObject | null {
  return orNull(leaves.reduce<JsonObject>((patch, [path, value]) => withLeaf(patch, path, value), {}));
}

function orNull(patch: JsonObject): JsonObject | null {
  return Object.keys(patch).length === 0 ? null : patch;
}
