/** `?select=name,deviceState`: only these fields of each object are answered. */
import type { Json, JsonObject } from "../../core/json.ts";
import { paraError } from "./para-error.ts";
import { queryText } from "./query-parameters.ts";

const MAX_FIELDS = 100;
const MAX_LENGTH = 4_000;

/** Leaves an object as it is where nothing is selected. A field that it does not have is `null`. */
export function selection(query: Readonly<Record<string, unknown>>): (object: JsonObject) => JsonObject {
  const asked = queryText(query, "select");
  if (asked === null) return (object) => object;
  const fields = asked.length > MAX_LENGTH ? [] : asked.split(",").map((field) => field.trim());
  if (fields.length === 0 || fields.length > MAX_FIELDS) {
    throw paraError(400, `'select' must name at most ${MAX_FIELDS} fields in ${MAX_LENGTH} characters`);
  }
  return (object) =>
    Object.fromEntries(
      fields.filter((field) => field !== "").map((field): [string, Json] => [field, read(object, field)]),
    );
}

/** A field, or what is inside one: `deviceState.temperature`. */
function read(object: JsonObject, field: string): Json {
  if (Object.hasOwn(object, field)) return object[field] ?? null;
  const path = field.startsWith("properties.") ? field.slice("properties.".length) : field;
  let value: Json = object;
  for (const key of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, key)) return null;
    value = (value as JsonObject)[key] ?? null;
  }
  return value;
}
