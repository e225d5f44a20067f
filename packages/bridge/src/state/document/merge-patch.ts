/** JSON merge patches (RFC 7396): objects key by key, `null` removes, everything else takes the place of what was. */
import type { Json, JsonObject } from "../../core/json.ts";
import { entry, isObject, sameJson } from "./json-values.ts";

export function mergePatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(patch)) {
    const former = merged.get(key);
    if (value === null) merged.delete(key);
    else merged.set(key, isObject(value) ? mergePatch(isObject(former) ? former : {}, value) : value);
  }
  return Object.fromEntries(merged);
}

/** The patch that makes `to` of `from`. Empty when they are equal. Neither has `null` in an object. */
export function patchBetween(from: JsonObject, to: JsonObject): JsonObject {
  const gone = Object.keys(from).filter((key) => !Object.hasOwn(to, key));
  const changed = Object.entries(to).flatMap(([key, value]): [string, Json][] => {
    const former = entry(from, key);
    if (sameJson(former, value)) return [];
    return [[key, isObject(former) && isObject(value) ? patchBetween(former, value) : value]];
  });
  return Object.fromEntries([...gone.map((key): [string, Json] => [key, null]), ...changed]);
}
