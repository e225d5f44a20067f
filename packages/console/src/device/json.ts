/** JSON documents as twins and states hold them: differences, merge patches (RFC 7396), and text that is typed. */
export type Json = string | number | boolean | null | readonly Json[] | JsonObject;

export interface JsonObject {
  readonly [key: string]: Json;
}

/** One leaf that differs. `undefined`: it is not there. */
export interface Difference {
  /** Keys joined by dots. */
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

export function same(a: Json | undefined, b: Json | undefined): boolean {
  if (a === b) return true;
  if (Array.isArray(a) && Array.isArray(b)) return a.length === b.length && a.every((item, at) => same(item, b[at]));
  if (!isObject(a) || !isObject(b)) return false;
  const keys = Object.keys(a);
  return keys.length === Object.keys(b).length && keys.every((key) => Object.hasOwn(b, key) && same(a[key], b[key]));
}

/** The patch that makes `to` of `from`; `null` removes. Empty when they are equal. */
export function patchBetween(from: JsonObject, to: JsonObject): JsonObject {
  const gone = Object.keys(from).filter((key) => !Object.hasOwn(to, key));
  const changed = Object.entries(to).flatMap(([key, value]): [string, Json][] => {
    const former = own(from, key);
    if (same(former, value)) return [];
    return [[key, isObject(former) && isObject(value) ? patchBetween(former, value) : value]];
  });
  return Object.fromEntries([...gone.map((key): [string, Json] => [key, null]), ...changed]);
}

export function applyPatch(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(patch)) {
    const former = merged.get(key);
    if (value === null) merged.delete(key);
    else merged.set(key, isObject(value) ? applyPatch(isObject(former) ? former : {}, value) : value);
  }
  return Object.fromEntries(merged);
}

/** Leaf by leaf, in the order of the documents. */
export function differences(before: JsonObject, after: JsonObject): readonly Difference[] {
  const [from, to] = [leavesOf(before), leavesOf(after)];
  const paths = [...new Set([...from.keys(), ...to.keys()])];
  return paths
    .filter((path) => !same(from.get(path), to.get(path)))
    .map((path) => ({ path, before: from.get(path), after: to.get(path) }));
}

/** Scalars, arrays and empty objects by their path. */
export function leavesOf(document: JsonObject, at: string = ""): ReadonlyMap<string, Json> {
  const leaves = new Map<string, Json>();
  for (const [key, value] of Object.entries(document)) {
    const path = at === "" ? key : `${at}.${key}`;
    if (!isObject(value) || Object.keys(value).length === 0) leaves.set(path, value);
    else for (const [below, leaf] of leavesOf(value, path)) leaves.set(below, leaf);
  }
  return leaves;
}

export type Typed =
  | { readonly ok: true; readonly value: JsonObject }
  | { readonly ok: false; readonly message: string };

/** A text that shall be a JSON object. An empty one is an empty object. */
export function typedObject(text: string): Typed {
  if (text.trim() === "") return { ok: true, value: {} };
  const typed = typedJson(text);
  if (!typed.ok) return typed;
  const { value } = typed;
  return isObject(value) ? { ok: true, value } : { ok: false, message: "It must be a JSON object: { … }" };
}

export type TypedJson = { readonly ok: true; readonly value: Json } | { readonly ok: false; readonly message: string };

/** A text that shall be a JSON value; nothing typed is `null`. A number beyond all bounds would be sent as `null`. */
export function typedJson(text: string): TypedJson {
  if (text.trim() === "") return { ok: true, value: null };
  let isBeyond = false;
  const noting = (_key: string, value: unknown): unknown => {
    isBeyond ||= typeof value === "number" && !Number.isFinite(value);
    return value;
  };
  try {
    const value = JSON.parse(text, noting) as Json;
    return isBeyond ? { ok: false, message: "It has a number that is too large." } : { ok: true, value };
  } catch (error) {
    return { ok: false, message: `This is no JSON yet: ${(error as Error).message}` };
  }
}

/** As it is edited and shown. */
export function written(value: Json): string {
  return JSON.stringify(value, null, 2);
}

function own(object: JsonObject, key: string): Json | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
