/** JSON values compared, measured and cleaned. Nothing here goes deeper than its caller has checked. */
import { createHash } from "node:crypto";
import type { Json, JsonObject } from "../../core/json.ts";

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** An own entry: a key such as `constructor` names nothing else. */
export function entry(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** An object with an entry set, or without it. Safe with every key. */
export function withEntry(object: JsonObject, key: string, value: Json | undefined): JsonObject {
  const entries = new Map(Object.entries(object));
  if (value === undefined) entries.delete(key);
  else entries.set(key, value);
  return Object.fromEntries(entries);
}

/** Equal whatever the order of keys. */
export function sameJson(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, i) => sameJson(item as Json, b[i] as Json));
  }
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return (
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && sameJson(entry(a, key), entry(b, key)))
  );
}

/** A short print of a value; `undefined` is what was removed. */
export function printOf(value: Json | undefined): string {
  if (value === undefined) return "-";
  return createHash("sha256")
    .update(JSON.stringify(sorted(value)))
    .digest("base64url")
    .slice(0, 11);
}

function sorted(value: Json): Json {
  if (Array.isArray(value)) return value.map((item) => sorted(item as Json));
  if (!isObject(value)) return value;
  const entries = Object.entries(value).map(([key, item]): [string, Json] => [key, sorted(item)]);
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** Whether objects and arrays are nested more than so many levels deep. Looks no further than that. */
export function isDeeperThan(value: Json, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  if (levels === 0) return true;
  return Object.values(value).some((item: Json) => isDeeperThan(item, levels - 1));
}

/** Without what was removed, and without a key that means something else to JavaScript. Arrays stay as they are. */
export function cleaned(object: JsonObject): JsonObject {
  const entries = Object.entries(object).flatMap(([key, value]): [string, Json][] => {
    if (value === null || key === "__proto__") return [];
    return [[key, isObject(value) ? cleaned(value) : value]];
  });
  return Object.fromEntries(entries);
}
