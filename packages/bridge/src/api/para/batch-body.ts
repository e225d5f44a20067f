/** What `_batch` is given: everything is read and judged before the first object is touched. */
import type { JsonObject } from "../../core/json.ts";
import type { StateFault } from "../../core/state-control.ts";
import type { NewThing, ThingChange } from "../../core/thing.ts";
import { ApiError } from "../api-error.ts";
import type { Fields } from "../bodies.ts";
import { paraError } from "./para-error.ts";
import { queryTexts } from "./query-parameters.ts";
import { newThing, thingChange } from "./thing-body.ts";
import { stateFault } from "./thing-errors.ts";
import { requireThings } from "./thing-lookup.ts";

const MAX_OBJECTS = 1_000;

/** Why no twin could hold a state. */
type Judge = (state: JsonObject) => StateFault | null;

/** New Things, each with the id that its sender chose, if any; no two of the same. */
export function newThings(body: unknown, faultIn: Judge): readonly NewThing[] {
  const ids = new Set<string>();
  return objects(body, (fields) => {
    if (typeof fields["type"] === "string") requireThings(fields["type"]);
    const input = newThing(fields, idOf(fields) ?? undefined);
    refuseFault(faultIn(input.deviceState));
    if (input.id !== undefined && ids.has(input.id)) throw paraError(400, "'id' is that of an object before it");
    if (input.id !== undefined) ids.add(input.id);
    return input;
  });
}

export interface BatchChange {
  readonly id: string;
  readonly change: ThingChange;
}

export function thingChanges(body: unknown, faultIn: Judge): readonly BatchChange[] {
  return objects(body, (fields) => {
    const id = idOf(fields);
    if (id === null) throw paraError(400, "'id' must not be blank");
    const change = thingChange(fields);
    if (change.deviceState !== undefined) refuseFault(faultIn(change.deviceState));
    return { id, change };
  });
}

/** `?ids=a&ids=b`, each once. */
export function batchIds(query: Fields): readonly string[] {
  const ids = [...new Set(queryTexts(query, "ids").filter((id) => id !== ""))];
  if (ids.length === 0) throw paraError(400, "Missing ids.");
  if (ids.length > MAX_OBJECTS) throw tooMany();
  return ids;
}

function objects<T>(body: unknown, read: (fields: Fields) => T): readonly T[] {
  if (body === undefined) throw paraError(400, "Missing request body.");
  if (!Array.isArray(body)) throw paraError(400, "The body must be a JSON array of objects");
  if (body.length > MAX_OBJECTS) throw tooMany();
  return body.map((fields: unknown, index) => {
    try {
      if (typeof fields !== "object" || fields === null || Array.isArray(fields)) {
        throw paraError(400, "must be a JSON object");
      }
      return read(fields as Fields);
    } catch (error) {
      throw error instanceof ApiError ? named(error, index) : error;
    }
  });
}

/** Says which object of the batch it was. */
function named({ statusCode, message, body }: ApiError, index: number): ApiError {
  const error = body.code ?? body.error;
  return paraError(statusCode, `Object ${index + 1}: ${message}`, {
    ...(/^[a-z_]+$/.test(error) && { error }),
  });
}

function idOf(fields: Fields): string | null {
  const id = fields["id"];
  if (id === undefined || id === null || id === "") return null;
  if (typeof id !== "string") throw paraError(400, "'id' must be a text");
  return id;
}

function refuseFault(fault: StateFault | null): void {
  if (fault !== null) throw stateFault(fault);
}

function tooMany(): ApiError {
  return paraError(400, `A batch has at most ${MAX_OBJECTS} objects`, { error: "batch_too_large" });
}
