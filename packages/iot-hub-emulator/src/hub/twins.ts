/** The twins of all devices, as a service may read and change them. What devices report is theirs alone. */
import type { Devices, DeviceRecord } from "./devices.ts";
import { HubError } from "./errors.ts";
import { requireObject } from "./identity-fields.ts";
import { requireMatch } from "./registry.ts";
import { MAX_PROPERTIES_BYTES, MAX_TAGS_BYTES, requireSize, requireValidValues } from "./twin-limits.ts";
import { formatTwin, isObject, mergeSection, mergeValues, newTwin, replaceSection, twinEtag } from "./twin.ts";
import type { JsonObject, StoredTwin, TwinDocument, TwinSection } from "./twin.ts";

/** What a service sends: either part may be missing. A `null` part means an empty one. */
export interface TwinChange {
  readonly tags?: JsonObject | null;
  readonly desired?: JsonObject | null;
}

/** Reads the writable parts of a twin document; reported properties and the hub's own fields are ignored. */
export function parseTwinChange(document: unknown): TwinChange {
  const source = requireObject(document, "The twin");
  const properties = source["properties"] ?? {};
  const { desired } = requireObject(properties, "properties");
  return { ...partOf("tags", source["tags"]), ...partOf("desired", desired) };
}

export class Twins {
  readonly #devices: Devices;
  readonly #now: () => number;

  constructor(devices: Devices, now: () => number) {
    this.#devices = devices;
    this.#now = now;
  }

  /** Throws `DeviceNotFound`. */
  get(deviceId: string): TwinDocument {
    const { twin, identity } = this.#record(deviceId);
    return formatTwin(twin, identity);
  }

  /** Merges tags and desired properties (PATCH); `ifMatch` is an etag or `*`. */
  async patch(deviceId: string, change: TwinChange, ifMatch?: string): Promise<TwinDocument> {
    return this.#write(deviceId, ifMatch, (twin) => patchTwin(twin, change, this.#date()));
  }

  /** Replaces tags and desired properties wholesale (PUT); a part that is missing becomes empty. */
  async replace(deviceId: string, change: TwinChange, ifMatch?: string): Promise<TwinDocument> {
    return this.#write(deviceId, ifMatch, (twin) => replaceTwin(twin, change, this.#date()));
  }

  /** The twin that a device created together with tags and desired properties starts with. */
  initial(change: TwinChange): StoredTwin {
    const twin = newTwin(this.#now());
    return checked(change.tags || change.desired ? patchTwin(twin, change, this.#date()) : twin);
  }

  async #write(
    deviceId: string,
    ifMatch: string | undefined,
    edit: (twin: StoredTwin) => StoredTwin,
  ): Promise<TwinDocument> {
    const { twin, identity } = this.#record(deviceId);
    requireMatch(twinEtag(twin), ifMatch);
    const edited = checked(edit(twin));
    await this.#devices.set({ identity, twin: edited });
    return formatTwin(edited, identity);
  }

  #record(deviceId: string): DeviceRecord {
    const record = this.#devices.get(deviceId);
    if (record === undefined) throw new HubError("DeviceNotFound", `Device ${deviceId} is not registered.`);
    return record;
  }

  #date(): string {
    return new Date(this.#now()).toISOString();
  }
}

function patchTwin(twin: StoredTwin, { tags, desired }: TwinChange, at: string): StoredTwin {
  return {
    ...twin,
    version: twin.version + 1,
    tags: tags === null ? {} : mergeValues(twin.tags, tags ?? {}),
    desired: desired === undefined ? twin.desired : patchSection(twin.desired, desired, at),
  };
}

function patchSection(section: TwinSection, patch: JsonObject | null, at: string): TwinSection {
  return patch === null ? replaceSection(section, {}, at) : mergeSection(section, patch, at);
}

function replaceTwin(twin: StoredTwin, { tags, desired }: TwinChange, at: string): StoredTwin {
  return {
    ...twin,
    version: twin.version + 1,
    tags: mergeValues({}, tags ?? {}),
    desired: replaceSection(twin.desired, desired ?? {}, at),
  };
}

function checked(twin: StoredTwin): StoredTwin {
  requireSize(twin.tags, "tags", MAX_TAGS_BYTES);
  requireSize(twin.desired.values, "desired properties", MAX_PROPERTIES_BYTES);
  return twin;
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
