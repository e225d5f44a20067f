/**
 * Documents that are changed leaf by leaf. A twin may hold thousands of leaves, and a device may change them all at once: an
 * object that was copied for one change is changed in place by the next ones, so that many cost no more than they are.
 */
import type { Json, JsonObject } from "../../core/json.ts";
import { entry, isObject } from "./json-values.ts";
import type { Path } from "./paths.ts";

type Draft = Record<string, Json>;

/** How many entries an object has, of those that were asked about. Nothing but what is below changes an object. */
const sizes = new WeakMap<JsonObject, number>();

export function isEmptyObject(value: Json | undefined): value is JsonObject {
  return isObject(value) && sizeOf(value) === 0;
}

/** The changes of one document or several. Whoever keeps a part of one while it is being changed keeps a copy. */
export class Edits {
  readonly #own = new WeakSet<JsonObject>();

  /** Sets a leaf; what stood in its way is gone. */
  set(document: JsonObject, [key = "", ...rest]: Path, value: Json): JsonObject {
    if (rest.length === 0) return this.#put(document, key, value);
    const inner = entry(document, key);
    return this.#put(document, key, this.set(isObject(inner) ? inner : {}, rest, value));
  }

  /** Removes what stands there; objects that are empty thereby go too. */
  remove(document: JsonObject, [key = "", ...rest]: Path): JsonObject {
    const inner = entry(document, key);
    if (inner === undefined) return document;
    if (rest.length === 0) return this.#drop(document, key);
    if (!isObject(inner)) return document;
    const left = this.remove(inner, rest);
    return isEmptyObject(left) ? this.#drop(document, key) : this.#put(document, key, left);
  }

  #put(document: JsonObject, key: string, value: Json): JsonObject {
    const draft = this.#owned(document);
    if (!Object.hasOwn(draft, key)) sizes.set(draft, sizeOf(draft) + 1);
    // Safe with every key.
    if (key === "__proto__")
      Object.defineProperty(draft, key, { value, enumerable: true, configurable: true, writable: true });
    else draft[key] = value;
    return draft;
  }

  #drop(document: JsonObject, key: string): JsonObject {
    const draft = this.#owned(document);
    sizes.set(draft, sizeOf(draft) - 1);
    delete draft[key];
    return draft;
  }

  #owned(document: JsonObject): Draft {
    if (this.#own.has(document)) return document;
    const draft: Draft = { ...document };
    this.#own.add(draft);
    return draft;
  }
}

function sizeOf(object: JsonObject): number {
  const known = sizes.get(object);
  if (known !== undefined) return known;
  const size = Object.keys(object).length;
  sizes.set(object, size);
  return size;
}
