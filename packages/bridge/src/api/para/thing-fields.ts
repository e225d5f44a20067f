/** The fields of a Thing that a client sets, each read from whatever clients send for it. */
import { isDeviceId } from "iot-hub-protocol";
import { isCloudDeviceId } from "../../core/device.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { badRequest } from "../api-error.ts";
import type { Fields } from "../bodies.ts";

const MAX_TEXT = 255;
const MAX_TAGS = 256;
/** Nesting of a field's value, less than what the store takes. */
const MAX_DEPTH = 60;
/** The last moment that a date can name. */
const MAX_TIME = 8_640_000_000_000_000;
/** All own fields of a Thing together, as JSON text. Twice what a twin holds: a page of many Things has to be read at once. */
const MAX_OWN_BYTES = 64 * 1024;
const MAX_COUNT = 2_147_483_647;
/** Routes of their own. */
const RESERVED_IDS: readonly string[] = [".", "..", "search"];

/** In Para's words for a field that is not valid. */
export function fieldError(field: string, what: string): Error {
  return badRequest(`'${field}' ${what}`);
}

/** A text of 1 to 255 characters; `null` when there is none. */
export function textField(fields: Fields, field: string): string | null {
  const value = fields[field];
  if (value === undefined || value === null || value === "") return null;
  if (typeof value !== "string") throw fieldError(field, "must be a text");
  if (value.trim() === "") throw fieldError(field, "must not be blank");
  if (value.length > MAX_TEXT) throw fieldError(field, `must have 1 to ${MAX_TEXT} characters`);
  refuseStrangeText(field, value);
  return value;
}

/** Without doubles and empty ones; `null` when there are none. */
export function tagsField(fields: Fields): readonly string[] | null {
  const value = fields["tags"];
  if (value === undefined || value === null) return null;
  if (!Array.isArray(value)) throw fieldError("tags", "must be an array of texts");
  const tags = new Set<string>();
  for (const tag of value as unknown[]) {
    if (tag === null) continue;
    if (typeof tag !== "string") throw fieldError("tags", "must be an array of texts");
    refuseStrangeText("tags", tag);
    const trimmed = tag.trim();
    if (trimmed.length > MAX_TEXT) throw fieldError("tags", `must have at most ${MAX_TEXT} characters each`);
    if (trimmed !== "") tags.add(trimmed);
  }
  if (tags.size > MAX_TAGS) throw fieldError("tags", `must be at most ${MAX_TAGS}`);
  return [...tags];
}

/** Some clients write them as texts or as 1 and 0. */
export function flagField(fields: Fields, field: string): boolean | null {
  const value = fields[field];
  if (value === undefined || value === null || value === "") return null;
  if (value === true || value === 1 || value === "1" || value === "true") return true;
  if (value === false || value === 0 || value === "0" || value === "false") return false;
  throw fieldError(field, "must be true or false");
}

/** Unix milliseconds; 0 is what clients send that have no time. */
export function timeField(fields: Fields, field: string): number | null {
  const time = wholeNumber(fields, field);
  if (time === null || time === 0) return null;
  if (time < 0 || time > MAX_TIME) throw fieldError(field, "must be a time in milliseconds since 1970");
  return time;
}

export function votesField(fields: Fields): number | null {
  const votes = wholeNumber(fields, "votes");
  if (votes !== null && Math.abs(votes) > MAX_COUNT) throw fieldError("votes", `must be at most ${MAX_COUNT}`);
  return votes;
}

/** Below 0 is what clients hold whose last update failed: as good as none. */
export function versionField(fields: Fields): number | null {
  const version = wholeNumber(fields, "version");
  return version === null ? null : Math.max(0, version);
}

/** An object, or the text of one. Clients in PHP know no empty object: they send an empty array for it. */
export function stateField(fields: Fields): JsonObject | null {
  const value = fields["deviceState"];
  if (value === undefined || value === null || value === "") return null;
  const given = typeof value === "string" ? parsed(value) : value;
  const state = isEmptyArray(given) ? {} : given;
  if (typeof state !== "object" || state === null || Array.isArray(state)) {
    throw fieldError("deviceState", "must be a JSON object");
  }
  refuseStrangeValues("deviceState", state as JsonObject);
  return state as JsonObject;
}

/** A value of a field that is the user's own. */
export function ownValue(field: string, value: unknown): Json {
  if (field.length > MAX_TEXT) throw badRequest(`A field's name must have at most ${MAX_TEXT} characters`);
  if (field === "__proto__") throw badRequest("A field must not be called __proto__");
  refuseStrangeValues("a field of your own", value as Json);
  return value as Json;
}

/** Refuses own fields that are too much together, however many bodies they came in. */
export function requireRoom(own: JsonObject): void {
  if (Buffer.byteLength(JSON.stringify(own)) <= MAX_OWN_BYTES) return;
  throw badRequest(`The thing's own fields together are too large - the maximum is ${MAX_OWN_BYTES / 1024} KB.`);
}

/** What a client may choose as the id of a Thing and so of its device in the hub. */
export function chosenId(id: unknown): string {
  if (typeof id !== "string") throw fieldError("id", "must be a text");
  if (!isDeviceId(id)) {
    throw fieldError("id", "must have 1 to 128 of the characters A-Z a-z 0-9 - : . + % _ # * ? ! ( ) , = @ ; $ '");
  }
  if (RESERVED_IDS.includes(id) || id.startsWith("_") || id.startsWith("app:")) {
    throw fieldError("id", "must not be '.', '..' or 'search', nor begin with '_' or 'app:'");
  }
  if (isCloudDeviceId(id.toLowerCase())) {
    throw fieldError("id", "must not be 24 hexadecimal digits: these are ids of devices that publish here");
  }
  return id;
}

function wholeNumber(fields: Fields, field: string): number | null {
  const value = fields[field];
  if (value === undefined || value === null || value === "") return null;
  const number = typeof value === "string" && /^-?\d{1,15}$/.test(value) ? Number(value) : value;
  if (!Number.isSafeInteger(number)) throw fieldError(field, "must be a whole number");
  // There is no -0 in JSON that anybody means.
  return (number as number) + 0;
}

function isEmptyArray(value: unknown): boolean {
  return Array.isArray(value) && value.length === 0;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function refuseStrangeText(field: string, text: string): void {
  if (/\p{Cc}|\p{Cs}/u.test(text)) throw fieldError(field, "must not hold control characters");
}

/** What JSON can say and nobody can keep: numbers beyond all bounds, half characters, nesting without end, `__proto__`. */
function refuseStrangeValues(field: string, value: Json): void {
  const rest: { readonly value: Json; readonly depth: number }[] = [{ value, depth: 1 }];
  for (let next = rest.pop(); next !== undefined; next = rest.pop()) {
    const { value: one, depth } = next;
    if (typeof one === "number" && !Number.isFinite(one)) throw fieldError(field, "holds a number that is too large");
    if (typeof one === "string" && /\p{Cs}/u.test(one)) throw fieldError(field, "holds a text that is not valid");
    if (typeof one !== "object" || one === null) continue;
    if (depth > MAX_DEPTH) throw fieldError(field, `is nested deeper than ${MAX_DEPTH} levels`);
    for (const [key, inner] of Object.entries(one)) {
      if (key === "__proto__") throw fieldError(field, "must not hold __proto__");
      if (/\p{Cs}/u.test(key)) throw fieldError(field, "holds a name that is not valid");
      rest.push({ value: inner as Json, depth: depth + 1 });
    }
  }
}
