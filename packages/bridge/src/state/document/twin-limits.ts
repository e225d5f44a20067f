/**
 * What a section of a twin may hold. Sizes count keys and values but no structure: strings by their UTF-8 length, numbers
 * 8 bytes, booleans 4. Levels are those within the section: its own braces are none.
 */
import type { Json, JsonObject } from "../../core/json.ts";
import type { StateFault } from "../../core/state-control.ts";
import { isObject } from "./json-values.ts";
import type { Path } from "./paths.ts";

export const MAX_SECTION_BYTES: number = 32 * 1024;
export const MAX_DEPTH = 10;
const MAX_KEY_BYTES = 1024;
const MAX_STRING_BYTES = 4 * 1024;
/** 52 bits and the sign, as the hub keeps them. */
const MAX_INTEGER = 2 ** 52 - 1;
const MIN_INTEGER = -(2 ** 52);
/** JSON can spell it; UTF-8, which twins are kept in, cannot. */
const HALF_CHARACTER = /\p{Surrogate}/u;
/** Of a path, in a message. */
const MAX_SHOWN = 200;

/** The first fault of what is to be written, `null` where nothing is wrong. `null` values remove. */
export function twinFault(patch: JsonObject): StateFault | null {
  return objectFault(patch, []);
}

/** Whether a whole section is too large. `taken`: bytes of it that something else than the state needs. */
export function sizeFault(section: JsonObject, taken: number = 0): StateFault | null {
  const size = sizeOf(section);
  const most = MAX_SECTION_BYTES - taken;
  if (size <= most) return null;
  return { path: "", message: `The state would have ${size} bytes; a device twin has room for ${most}.` };
}

/** Bytes by the hub's way of counting. */
export function sizeOf(value: Json): number {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value === "number") return 8;
  if (typeof value === "boolean") return 4;
  if (value === null) return 0;
  // What holds nothing takes room all the same.
  if (!isObject(value)) return value.reduce<number>((sum, item) => sum + Math.max(1, sizeOf(item)), 0);
  return Object.entries(value).reduce((sum, [key, item]) => sum + Buffer.byteLength(key) + sizeOf(item), 0);
}

function objectFault(object: JsonObject, path: Path): StateFault | null {
  if (path.length > MAX_DEPTH) return fault(path, `is nested deeper than ${MAX_DEPTH} levels`);
  for (const [key, value] of Object.entries(object)) {
    const at = [...path, key];
    const found = keyFault(key, at) ?? (value === null ? null : valueFault(value, at, at.length));
    if (found !== null) return found;
  }
  return null;
}

function keyFault(key: string, at: Path): StateFault | null {
  if (key === "") return fault(at.slice(0, -1), "has an empty key");
  if (key === "__proto__") return fault(at, "is no key of a state");
  if (Buffer.byteLength(key) > MAX_KEY_BYTES) return fault(at, `is a key of more than ${MAX_KEY_BYTES} bytes`);
  // oxlint-disable-next-line no-control-regex -- control characters are what is looked for
  if (/[\u0000-\u001f\u007f-\u009f.$# ]/.test(key)) {
    return fault(at, "is a key with a control character, a dot, '$', '#' or a space, which a device twin cannot hold");
  }
  if (HALF_CHARACTER.test(key)) return fault(at, "is a key with half a character, which is none");
  return null;
}

function valueFault(value: Json, at: Path, depth: number): StateFault | null {
  if (typeof value === "string" && Buffer.byteLength(value) > MAX_STRING_BYTES) {
    return fault(at, `is a text of more than ${MAX_STRING_BYTES} bytes`);
  }
  if (typeof value === "string" && HALF_CHARACTER.test(value))
    return fault(at, "is a text with half a character in it");
  if (typeof value === "number" && !Number.isFinite(value)) return fault(at, "is a number that is too large");
  if (typeof value === "number" && Number.isInteger(value) && (value > MAX_INTEGER || value < MIN_INTEGER)) {
    return fault(at, `is an integer that is not between ${MIN_INTEGER} and ${MAX_INTEGER}`);
  }
  if (Array.isArray(value)) return arrayFault(value as readonly Json[], at, depth);
  if (!isObject(value)) return null;
  return depth === at.length ? objectFault(value, at) : itemFault(value, at, depth);
}

function arrayFault(items: readonly Json[], at: Path, depth: number): StateFault | null {
  if (depth > MAX_DEPTH) return fault(at, `is nested deeper than ${MAX_DEPTH} levels`);
  for (const item of items) {
    if (item === null) return fault(at, "has a null inside an array");
    const found = valueFault(item, at, depth + 1);
    if (found !== null) return found;
  }
  return null;
}

/** An object within an array, which is written as one: there is nothing in it that `null` could remove. */
function itemFault(object: JsonObject, at: Path, depth: number): StateFault | null {
  if (depth > MAX_DEPTH) return fault(at, `is nested deeper than ${MAX_DEPTH} levels`);
  for (const [key, value] of Object.entries(object)) {
    if (value === null) return fault(at, "has a null inside an array");
    const found = keyFault(key, [...at, key]) ?? valueFault(value, at, depth + 1);
    if (found !== null) return found;
  }
  return null;
}

function fault(at: Path, problem: string): StateFault {
  const path = at.join(".");
  const shown = path === "" ? "The state" : path.length > MAX_SHOWN ? `${path.slice(0, MAX_SHOWN)}…` : path;
  return { path, message: `${shown} ${problem}.` };
}
