/** Leaves of a document: scalars, arrays and empty objects, by their path. */
import type { Json, JsonObject } from "../../core/json.ts";
import { pathFrom, pathText, type Path } from "../../core/state-paths.ts";
import { Edits, isEmptyObject } from "./edits.ts";
import { entry, isObject, sameJson } from "./json-values.ts";

export { pathFrom, pathText, type Path };

/** By path text. `null` counts as a leaf: in patches it removes. An empty document has none. */
export function leavesOf(document: JsonObject): Map<string, Json> {
  return new Map(Array.from(leavesIn(document, []), ([path, value]) => [pathText(path), value]));
}

/**
 * The leaves that cannot stand beside one at this path: the one at it or above it, or those below it. Looks at no others.
 */
export function leavesAlong(document: JsonObject, path: Path): readonly (readonly [Path, Json])[] {
  let object: JsonObject = document;
  for (const [level, key] of path.entries()) {
    const value = entry(object, key);
    if (value === undefined) return level > 0 && isEmptyObject(object) ? [[path.slice(0, level), object]] : [];
    if (!isObject(value)) return [[path.slice(0, level + 1), value]];
    object = value;
  }
  return isEmptyObject(object) && path.length > 0 ? [[path, object]] : [...leavesIn(object, path)];
}

function* leavesIn(object: JsonObject, path: Path): Generator<readonly [Path, Json]> {
  for (const [key, value] of Object.entries(object)) {
    const at = [...path, key];
    if (isObject(value) && !isEmptyObject(value)) yield* leavesIn(value, at);
    else yield [at, value];
  }
}

/** What stands there, a leaf or more. */
export function valueAt(document: JsonObject, path: Path): Json | undefined {
  let value: Json | undefined = document;
  for (const key of path) {
    if (!isObject(value)) return undefined;
    value = entry(value, key);
  }
  return value;
}

/** The leaf that stands there; `undefined`: none, maybe an object that holds some. */
export function leafAt(document: JsonObject, path: Path): Json | undefined {
  const value = valueAt(document, path);
  return isObject(value) && !isEmptyObject(value) ? undefined : value;
}

/** Sets a leaf; what stood in its way is gone. */
export function withLeaf(document: JsonObject, path: Path, value: Json): JsonObject {
  return new Edits().set(document, path, value);
}

/** The same for many. */
export function withLeaves(document: JsonObject, leaves: Iterable<readonly [Path, Json]>): JsonObject {
  const edits = new Edits();
  let changed = document;
  for (const [path, value] of leaves) changed = edits.set(changed, path, value);
  return changed;
}

/** Removes what stands there; objects that are empty thereby go too. */
export function withoutLeaves(document: JsonObject, paths: Iterable<Path>): JsonObject {
  const edits = new Edits();
  let changed = document;
  for (const path of paths) changed = edits.remove(changed, path);
  return changed;
}

/**
 * Leaves that differ: removed ones (`undefined`) before those that are set, so that one can take the other's place. An empty
 * object that holds something by now was not removed: it stands there still, and who says so would speak of all in it.
 */
export function changedLeaves(from: JsonObject, to: JsonObject): readonly (readonly [Path, Json | undefined])[] {
  const before = leavesOf(from);
  const after = leavesOf(to);
  const removed = [...before]
    .filter(([text]) => !after.has(text))
    .map(([text, value]) => [pathFrom(text), value] as const)
    .filter(([path, value]) => !(isObject(value) && isObject(valueAt(to, path))));
  const set = [...after].filter(([text, value]) => !before.has(text) || !sameJson(before.get(text), value));
  return [
    ...removed.map(([path]) => [path, undefined] as const),
    ...set.map(([text, value]) => [pathFrom(text), value] as const),
  ];
}

/** Whether one is the other or stands above it. */
export function overlaps(a: Path, b: Path): boolean {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i += 1) if (a[i] !== b[i]) return false;
  return true;
}

/** Whether `a` is `b` or stands above it. */
export function covers(a: Path, b: Path): boolean {
  return a.length <= b.length && overlaps(a, b);
}
