/** Leaves of a document: scalars, arrays and empty objects, by their path. */
import type { Json, JsonObject } from "../../core/json.ts";
import { pathFrom, pathText, type Path } from "../../core/state-paths.ts";
import { entry, isObject, sameJson, withEntry } from "./json-values.ts";

export { pathFrom, pathText, type Path };

/** By path text. `null` counts as a leaf: in patches it removes. An empty document has none. */
export function leavesOf(document: JsonObject): Map<string, Json> {
  const leaves = new Map<string, Json>();
  collect(document, [], leaves);
  return leaves;
}

function collect(object: JsonObject, path: Path, into: Map<string, Json>): void {
  for (const [key, value] of Object.entries(object)) {
    const at = [...path, key];
    if (isObject(value) && Object.keys(value).length > 0) collect(value, at, into);
    else into.set(pathText(at), value);
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
  return isObject(value) && Object.keys(value).length > 0 ? undefined : value;
}

/** Sets a leaf; what stood in its way is gone. */
export function withLeaf(document: JsonObject, [key = "", ...rest]: Path, value: Json): JsonObject {
  if (rest.length === 0) return withEntry(document, key, value);
  const inner = entry(document, key);
  return withEntry(document, key, withLeaf(isObject(inner) ? inner : {}, rest, value));
}

/** Removes what stands there; objects that are empty thereby go too. */
export function withoutLeaf(document: JsonObject, [key = "", ...rest]: Path): JsonObject {
  const inner = entry(document, key);
  if (inner === undefined) return document;
  if (rest.length === 0) return withEntry(document, key, undefined);
  if (!isObject(inner)) return document;
  const left = withoutLeaf(inner, rest);
  return withEntry(document, key, Object.keys(left).length === 0 ? undefined : left);
}

/** Leaves that differ: removed ones (`undefined`) before those that are set, so that one can take the other's place. */
export function changedLeaves(from: JsonObject, to: JsonObject): readonly (readonly [Path, Json | undefined])[] {
  const before = leavesOf(from);
  const after = leavesOf(to);
  const removed = [...before.keys()].filter((text) => !after.has(text));
  const set = [...after].filter(([text, value]) => !before.has(text) || !sameJson(before.get(text), value));
  return [
    ...removed.map((text) => [pathFrom(text), undefined] as const),
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
