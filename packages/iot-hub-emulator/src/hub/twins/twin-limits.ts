/**
 * What a twin may hold. Sizes count keys and values but no structure and no metadata: strings by their UTF-8 length,
 * numbers 8 bytes, booleans 4. An item of an array that would count nothing counts one byte, which is the hub's own rule.
 */
import { HubError } from "../errors.ts";
import { isObject } from "./twin.ts";
import type { JsonObject, JsonValue } from "./twin.ts";

export const MAX_TAGS_BYTES: number = 8 * 1024;
export const MAX_PROPERTIES_BYTES: number = 32 * 1024;
const MAX_KEY_BYTES = 1024;
const MAX_STRING_BYTES = 4 * 1024;
const MAX_DEPTH = 10;
/** JSON can spell it, UTF-8 cannot. */
const HALF_CHARACTER = /\p{Surrogate}/u;
/** 52 bits and the sign. */
const MAX_INTEGER = 2 ** 52 - 1;
const MIN_INTEGER = -(2 ** 52);

interface Place {
  readonly section: string;
  /** Of the object or array: 0 is the section itself. */
  readonly depth: number;
  readonly inArray: boolean;
}

/** Checks keys, values and depth of what a client sent; `null` stands for deletion except inside an array. */
export function requireValidValues(values: JsonObject, section: string): void {
  requireValidObject(values, { section, depth: 0, inArray: false });
}

function requireValidObject(values: JsonObject, place: Place): void {
  const { section, depth, inArray } = place;
  if (depth > MAX_DEPTH) throw invalid(section, `is nested deeper than ${MAX_DEPTH} levels`);
  for (const [key, value] of Object.entries(values)) {
    if (!isKey(key))
      throw invalid(
        section,
        `has a key that is empty, too long, not UTF-8 or has control characters, '.', '$' or space`,
      );
    if (value === null && inArray) throw invalid(section, "has a null inside an array");
    requireValidValue(value, place);
  }
}

/** Checks the size of a section as it would be stored. */
export function requireSize(values: JsonObject, section: string, limit: number): void {
  if (sizeOf(values) > limit) throw invalid(section, `is larger than ${limit} bytes`);
}

function requireValidValue(value: JsonValue, { section, depth, inArray }: Place): void {
  if (typeof value === "string" && Buffer.byteLength(value) > MAX_STRING_BYTES) {
    throw invalid(section, `has a string longer than ${MAX_STRING_BYTES} bytes`);
  }
  if (typeof value === "string" && HALF_CHARACTER.test(value)) throw invalid(section, "has a string that is not UTF-8");
  // JSON text may name numbers that no double holds; they would come back as null.
  if (typeof value === "number" && !Number.isFinite(value)) throw invalid(section, "has a number that is too large");
  if (typeof value === "number" && Number.isInteger(value) && (value > MAX_INTEGER || value < MIN_INTEGER)) {
    throw invalid(section, `has an integer that is not between ${MIN_INTEGER} and ${MAX_INTEGER}`);
  }
  if (isObject(value)) return requireValidObject(value, { section, depth: depth + 1, inArray });
  if (!Array.isArray(value)) return;
  if (depth + 1 > MAX_DEPTH) throw invalid(section, `is nested deeper than ${MAX_DEPTH} levels`);
  for (const item of value as readonly JsonValue[]) {
    if (item === null) throw invalid(section, "has a null inside an array");
    requireValidValue(item, { section, depth: depth + 1, inArray: true });
  }
}

function isKey(key: string): boolean {
  if (HALF_CHARACTER.test(key)) return false;
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  return key !== "" && Buffer.byteLength(key) <= MAX_KEY_BYTES && !/[\u0000-\u001f\u007f-\u009f.$ ]/.test(key);
}

function sizeOf(value: JsonValue): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value === "number") return 8;
  if (typeof value === "boolean") return 4;
  if (value === null) return 0;
  // What holds nothing still takes room: an array of a million empty ones must not count as nothing.
  if (!isObject(value)) return value.reduce<number>((sum, item) => sum + Math.max(1, sizeOf(item)), 0);
  return Object.entries(value).reduce((sum, [key, item]) => sum + Buffer.byteLength(key) + sizeOf(item), 0);
}

function invalid(section: string, problem: string): HubError {
  return new HubError("ArgumentInvalid", `The twin's ${section} ${problem}.`);
}
