/** What may be changed in a twin and by whom: read strictly from a document, then applied. Pure functions. */
import { HubError } from "../errors.ts";
import { requireObject } from "../registry/identity-fields.ts";
import { MAX_PROPERTIES_BYTES, MAX_TAGS_BYTES, requireSize, requireValidValues } from "./twin-limits.ts";
import { isObject, mergeDesired, mergeReported, mergeValues, replaceDesired } from "./twin.ts";
import type { JsonObject, JsonValue, StoredTwin, TwinSection } from "./twin.ts";

/** What a service sends: either part may be missing. A `null` part means an empty one. */
export interface TwinChange {
  readonly tags?: JsonObject | null;
  readonly desired?: JsonObject | null;
}

/** How a twin was written, in the service's words; `nameModel` is ours, for a device that says which model it follows. */
export type TwinOperation = "updateTwin" | "replaceTwin" | "nameModel";

/** Reads the writable parts of a twin document; reported properties and the hub's own fields are ignored. */
export function parseTwinChange(document: unknown): TwinChange {
  const source = requireObject(document, "The twin");
  const { desired } = requireObject(source["properties"] ?? {}, "properties");
  return { ...partOf("tags", source["tags"]), ...partOf("desired", desired) };
}

/** Reads what a device reports. Unlike a service it may not send the hub's own keys back. */
export function parseReported(patch: unknown): JsonObject {
  if (!isObject(patch)) throw new HubError("ArgumentInvalid", "Reported properties must be a JSON object.");
  requireValidValues(patch, "reported properties");
  return patch;
}

/** Merges tags and desired properties (PATCH). An empty desired part leaves its version alone. */
export function patchTwin(twin: StoredTwin, { tags, desired }: TwinChange, at: string): StoredTwin {
  return checked({
    ...twin,
    version: twin.version + 1,
    tags: tags === null ? {} : mergeValues(twin.tags, tags ?? {}),
    desired: isEmptyPatch(desired) ? twin.desired : patchDesired(twin.desired, desired, at),
  });
}

/** Replaces tags and desired properties wholesale (PUT); a part that is missing becomes empty. */
export function replaceTwin(twin: StoredTwin, { tags, desired }: TwinChange, at: string): StoredTwin {
  return checked({
    ...twin,
    version: twin.version + 1,
    tags: mergeValues({}, tags ?? {}),
    desired: replaceDesired(twin.desired, desired ?? {}, at),
  });
}

/** Merges what a device reports. */
export function reportTwin(twin: StoredTwin, patch: JsonObject, at: string): StoredTwin {
  return checked({ ...twin, version: twin.version + 1, reported: mergeReported(twin.reported, patch, at) });
}

/** The patch of a section as it is announced: with the version it made and the metadata of what it touched. */
export function announcedPatch(patch: JsonObject, section: TwinSection): JsonObject {
  return { ...patch, $metadata: metadataOf(patch, section.metadata), $version: section.version };
}

function patchDesired(section: TwinSection, patch: JsonObject | null, at: string): TwinSection {
  return patch === null ? replaceDesired(section, {}, at) : mergeDesired(section, patch, at);
}

function isEmptyPatch(patch: JsonObject | null | undefined): patch is undefined {
  return patch === undefined || (patch !== null && Object.keys(patch).length === 0);
}

function checked(twin: StoredTwin): StoredTwin {
  requireSize(twin.tags, "tags", MAX_TAGS_BYTES);
  requireSize(twin.desired.values, "desired properties", MAX_PROPERTIES_BYTES);
  requireSize(twin.reported.values, "reported properties", MAX_PROPERTIES_BYTES);
  return twin;
}

function metadataOf(patch: JsonObject, metadata: JsonObject): JsonObject {
  const touched = new Map<string, JsonValue>();
  for (const [key, value] of Object.entries(metadata)) {
    const changed = Object.hasOwn(patch, key) ? patch[key] : undefined;
    if (key.startsWith("$")) touched.set(key, value);
    else if (isObject(changed) && isObject(value)) touched.set(key, metadataOf(changed, value));
    else if (changed !== undefined) touched.set(key, value);
  }
  return Object.fromEntries(touched);
}

// Clients send back what they read, so the hub's own keys are let through at the top of a section, and only there.
function partOf<K extends "tags" | "desired">(name: K, value: unknown): { readonly [P in K]?: JsonObject | null } {
  if (value === undefined) return {};
  if (value !== null && !isObject(value))
    throw new HubError("ArgumentInvalid", `The twin's ${name} must be an object.`);
  const own = value === null ? null : withoutHubKeys(value);
  if (own !== null) requireValidValues(own, name);
  return { [name]: own } as { [P in K]: JsonObject | null };
}

function withoutHubKeys(section: JsonObject): JsonObject {
  return Object.fromEntries(Object.entries(section).filter(([key]) => key !== "$metadata" && key !== "$version"));
}
