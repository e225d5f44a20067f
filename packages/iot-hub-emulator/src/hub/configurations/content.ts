/** The values that configurations set in desired properties, each at its path. Pure functions. */
import { isObject } from "../twins/twin.ts";
import type { JsonObject, JsonValue } from "../twins/twin.ts";

const ROOT = "properties.desired";

/** The keys that lead to a path of content, in the desired properties; `undefined` for what is no such path. */
export function keysOf(path: string): readonly string[] | undefined {
  if (path === ROOT) return [];
  if (!path.startsWith(`${ROOT}.`)) return undefined;
  const keys = path.slice(ROOT.length + 1).split(".");
  return keys.includes("") ? undefined : keys;
}

/** Desired properties with a value in place of what was at its keys. At the root its members take their places. */
export function withValue(target: JsonObject, keys: readonly string[], value: JsonValue): JsonObject {
  const [key, ...rest] = keys;
  if (key === undefined)
    return isObject(value) ? fromEntries([...Object.entries(target), ...Object.entries(value)]) : target;
  const current = own(target, key);
  const inner = rest.length === 0 ? value : withValue(isObject(current) ? current : {}, rest, value);
  return fromEntries([...Object.entries(target), [key, inner]]);
}

/** Desired properties without what a configuration set at its keys; objects that it leaves empty go with it. */
export function withoutValue(target: JsonObject, keys: readonly string[], value: JsonValue): JsonObject {
  const [key, ...rest] = keys;
  if (key === undefined) {
    const gone = isObject(value) ? Object.keys(value) : [];
    return fromEntries(Object.entries(target).filter(([name]) => !gone.includes(name)));
  }
  const current = own(target, key);
  if (current === undefined) return target;
  const inner = rest.length > 0 && isObject(current) ? withoutValue(current, rest, value) : undefined;
  const kept = inner !== undefined && Object.keys(inner).length > 0;
  const others = Object.entries(target).filter(([name]) => name !== key);
  return fromEntries(kept ? [...others, [key, inner]] : others);
}

/** The patch that makes `wanted` of `current`: what is new or different, and `null` for what goes. */
export function patchBetween(current: JsonObject, wanted: JsonObject): JsonObject {
  const changes: [string, JsonValue][] = [];
  for (const [key, value] of Object.entries(wanted)) {
    const before = own(current, key);
    if (isObject(before) && isObject(value)) {
      const inner = patchBetween(before, value);
      if (Object.keys(inner).length > 0) changes.push([key, inner]);
    } else if (before === undefined || !isSame(before, value)) changes.push([key, value]);
  }
  for (const key of Object.keys(current)) if (!Object.hasOwn(wanted, key)) changes.push([key, null]);
  return fromEntries(changes);
}

/** Whether two JSON values are the same, whatever the order of their keys. */
export function isSame(a: unknown, b: unknown): boolean {
  return canonical(a) === canonical(b);
}

function canonical(value: unknown): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    isObject(inner) ? fromEntries(Object.entries(inner).toSorted(([a], [b]) => (a < b ? -1 : 1))) : inner,
  );
}

function own(target: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(target, key) ? target[key] : undefined;
}

function fromEntries(entries: readonly (readonly [string, JsonValue])[]): JsonObject {
  return Object.fromEntries(entries);
}
