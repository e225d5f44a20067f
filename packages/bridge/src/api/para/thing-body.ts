/**
 * Bodies with a Thing in them. Clients send back every field that they received, some send `null` and zero for what they
 * do not have: what is computed, locked or empty is passed over. What is not declared is a field of the user's own.
 */
import type { Json, JsonObject } from "../../core/json.ts";
import type { NewThing, ThingChange } from "../../core/thing.ts";
import { badRequest } from "../api-error.ts";
import type { Fields } from "../bodies.ts";
import {
  chosenId,
  fieldError,
  flagField,
  ownValue,
  requireRoom,
  stateField,
  tagsField,
  textField,
  timeField,
  versionField,
  votesField,
} from "./thing-fields.ts";

/** Fields that are never fields of the user's own: declared, computed, locked, or never shown. */
const DECLARED: ReadonlySet<string> = new Set([
  "id",
  "timestamp",
  "type",
  "appid",
  "parentid",
  "creatorid",
  "updated",
  "name",
  "tags",
  "votes",
  "version",
  "stored",
  "indexed",
  "cached",
  "properties",
  "serviceBroker",
  "deviceState",
  "deviceMetadata",
  "deviceDetails",
  "deviceStatus",
  "plural",
  "objectURI",
  "_voteup",
  "_votedown",
]);

/** As Para's clients name it, letter case aside. */
const AZURE: readonly string[] = ["azure", "azureiotservice"];
const AWS: readonly string[] = ["aws", "awsiotservice"];

/** A new Thing, `id` being the client's choice of an id. Throws 400 with the field. */
export function newThing(body: unknown, id?: string): NewThing {
  const fields = objectOf(body);
  requireAzure(fields["serviceBroker"]);
  const properties = withoutNulls(ownFields(fields));
  requireRoom(properties);
  const deviceSaid = saidField(fields);
  return {
    ...(id !== undefined && { id: chosenId(id) }),
    name: textField(fields, "name"),
    timestamp: timeField(fields, "timestamp"),
    creatorId: textField(fields, "creatorid"),
    parentId: textField(fields, "parentid"),
    tags: tagsField(fields) ?? [],
    votes: votesField(fields) ?? 0,
    version: versionField(fields) ?? 0,
    stored: flagField(fields, "stored") ?? true,
    indexed: flagField(fields, "indexed") ?? true,
    cached: flagField(fields, "cached") ?? true,
    properties,
    deviceState: stateField(fields) ?? {},
    ...(deviceSaid !== null && { deviceSaid }),
  };
}

/** What changes in a Thing: declared fields that are `null` stay, fields of the user's own are removed by it. */
export function thingChange(body: unknown): ThingChange {
  const fields = objectOf(body);
  return present({
    name: textField(fields, "name"),
    tags: tagsField(fields),
    votes: votesField(fields),
    version: versionField(fields),
    stored: flagField(fields, "stored"),
    indexed: flagField(fields, "indexed"),
    cached: flagField(fields, "cached"),
    properties: ownFields(fields),
    deviceState: stateField(fields),
    deviceSaid: saidField(fields),
  });
}

/** The change that makes of a Thing what the client sends, dropping what it was. */
export function overwriting(
  { name, tags, votes, version, stored, indexed, cached, properties, deviceState, deviceSaid }: NewThing,
  { id, present: kept }: { readonly id: string; readonly present: JsonObject },
): ThingChange {
  const dropped = Object.fromEntries(Object.keys(kept).map((field): [string, Json] => [field, null]));
  return {
    name: name ?? defaultName(id),
    tags,
    votes,
    version,
    stored,
    indexed,
    cached,
    deviceState,
    ...(deviceSaid !== undefined && { deviceSaid }),
    properties: {
      ...dropped,
      ...properties,
    },
  };
}

function defaultName(id: string): string {
  return `ParaObject ${id}`;
}

/** A body that is a vote: +1 or -1; `null` when it is none. */
export function voteIn(body: unknown): 1 | -1 | null {
  const fields = objectOf(body);
  const [up, down] = [Object.hasOwn(fields, "_voteup"), Object.hasOwn(fields, "_votedown")];
  if (!up && !down) return null;
  if (up && down) throw badRequest("A vote is either '_voteup' or '_votedown'");
  const field = up ? "_voteup" : "_votedown";
  if (textField(fields, field) === null) throw fieldError(field, "must be the id of who votes");
  return up ? 1 : -1;
}

/** What the client had read of the device's own word; other than an object it tells nothing. */
function saidField(fields: Fields): JsonObject | null {
  const status = fields["deviceStatus"];
  if (typeof status !== "object" || status === null) return null;
  const said = (status as Fields)["reported"];
  return typeof said === "object" && said !== null && !Array.isArray(said) ? (said as JsonObject) : null;
}

function requireAzure(value: unknown): void {
  if (value === undefined || value === null || (typeof value === "string" && value.trim() === "")) {
    throw fieldError("serviceBroker", "must not be blank");
  }
  const broker = typeof value === "string" ? value.trim().toLowerCase() : "";
  if (AZURE.includes(broker)) return;
  if (AWS.includes(broker)) throw fieldError("serviceBroker", "AWS is not supported: this server knows Azure");
  throw fieldError("serviceBroker", "must be Azure");
}

function ownFields(fields: Fields): JsonObject {
  const own = new Map<string, Json>();
  for (const [field, value] of Object.entries(nested(fields))) take(field, value);
  for (const [field, value] of Object.entries(fields)) take(field, value);
  // Keeps `constructor` and its like as plain fields.
  return Object.fromEntries(own);

  function take(field: string, value: unknown): void {
    if (!DECLARED.has(field)) own.set(field, ownValue(field, value));
  }
}

/** Queries call the user's own fields `properties.…`: some write them so in bodies too. */
function nested(fields: Fields): Fields {
  const value = fields["properties"];
  if (value === undefined || value === null) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw fieldError("properties", "must be a JSON object");
  return value as Fields;
}

function objectOf(body: unknown): Fields {
  if (body === undefined || body === null || body === "") throw badRequest("Missing request body.");
  if (typeof body !== "object" || Array.isArray(body)) throw badRequest("The body must be a JSON object");
  return body as Fields;
}

function withoutNulls(fields: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== null));
}

function present(change: { readonly [K in keyof ThingChange]: ThingChange[K] | null }): ThingChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== null));
}
