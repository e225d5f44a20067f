/**
 * A device twin as data: tags, desired and reported properties, versions, and metadata that mirrors each section's keys
 * with the time of their last change. Pure functions; twins.ts owns what is stored.
 */
import { NO_DATE } from "../registry/identity.ts";
import type { DeviceIdentity, LiveState } from "../registry/identity.ts";

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** One versioned part of a twin: desired or reported. */
export interface TwinSection {
  readonly version: number;
  readonly values: JsonObject;
  /** `$lastUpdated` (and `$lastUpdatedVersion`) of the section and, by the same keys, of everything in it. */
  readonly metadata: JsonObject;
}

export interface StoredTwin {
  readonly version: number;
  readonly tags: JsonObject;
  readonly desired: TwinSection;
  readonly reported: TwinSection;
  /** The model that the device named when it last connected. */
  readonly modelId?: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
}

/** The twin of a device that was just created. */
export function newTwin(createdAt: number): StoredTwin {
  const section: TwinSection = { version: 1, values: {}, metadata: { $lastUpdated: NO_DATE } };
  return { version: 2, tags: {}, desired: section, reported: section, createdAt };
}

/** Merges `patch` into `target`: objects key by key, `null` deletes, everything else replaces. */
export function mergeValues(target: JsonObject, patch: JsonObject): JsonObject {
  const merged = new Map(Object.entries(target));
  for (const [key, value] of Object.entries(patch)) {
    const current = merged.get(key);
    if (value === null) merged.delete(key);
    else if (isObject(value)) merged.set(key, mergeValues(isObject(current) ? current : {}, value));
    else merged.set(key, value);
  }
  return Object.fromEntries(merged);
}

/** Applies a patch to the desired properties and dates what it touched. */
export function mergeDesired(section: TwinSection, patch: JsonObject, at: string): TwinSection {
  return mergeSection(section, patch, { at, version: section.version + 1 });
}

/** Applies a patch to the reported properties; they are dated, but their metadata names no versions. */
export function mergeReported(section: TwinSection, patch: JsonObject, at: string): TwinSection {
  return mergeSection(section, patch, { at });
}

/** Puts new values in place of the desired properties. */
export function replaceDesired(section: TwinSection, values: JsonObject, at: string): TwinSection {
  const version = section.version + 1;
  const kept = mergeValues({}, values);
  return { version, values: kept, metadata: mergeMetadata({}, kept, kept, { at, version }) };
}

/** A twin as a service sees it. */
export interface TwinDocument extends JsonObject {
  readonly etag: string;
}

export function formatTwin(twin: StoredTwin, identity: DeviceIdentity, live: LiveState): TwinDocument {
  const isModule = identity.moduleId !== undefined;
  return {
    deviceId: identity.deviceId,
    ...(isModule ? { moduleId: identity.moduleId } : {}),
    etag: twinEtag(twin),
    deviceEtag: identity.etag,
    status: identity.status,
    ...(identity.statusReason === null ? {} : { statusReason: identity.statusReason }),
    statusUpdateTime: identity.statusUpdatedTime,
    connectionState: live.connectionState,
    lastActivityTime: live.lastActivityTime,
    cloudToDeviceMessageCount: live.cloudToDeviceMessageCount,
    authenticationType: identity.authentication.type,
    x509Thumbprint: { ...identity.authentication.x509Thumbprint },
    modelId: twin.modelId ?? "",
    version: twin.version,
    tags: twin.tags,
    properties: { desired: formatSection(twin.desired), reported: formatSection(twin.reported) },
    ...(isModule ? {} : { capabilities: { ...identity.capabilities } }),
    ...(identity.deviceScope === undefined ? {} : { deviceScope: identity.deviceScope }),
    ...(identity.parentScopes === undefined ? {} : { parentScopes: identity.parentScopes }),
  };
}

/** The etag of a twin: its version as eight bytes in base64, the form the service uses. */
export function twinEtag(twin: StoredTwin): string {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(BigInt(twin.version - 1));
  return bytes.toString("base64");
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A section as services read it. */
export function formatSection({ values, metadata, version }: TwinSection): JsonObject {
  return { ...values, $metadata: metadata, $version: version };
}

/** What metadata says of a change. */
interface Stamp {
  readonly at: string;
  readonly version?: number;
}

function mergeSection(section: TwinSection, patch: JsonObject, stamp: Stamp): TwinSection {
  const values = mergeValues(section.values, patch);
  return { version: section.version + 1, values, metadata: mergeMetadata(section.metadata, values, patch, stamp) };
}

function mergeMetadata(
  current: JsonValue | undefined,
  values: JsonObject,
  patch: JsonObject,
  stamp: Stamp,
): JsonObject {
  const metadata = new Map(isObject(current) ? Object.entries(current) : []);
  metadata.set("$lastUpdated", stamp.at);
  if (stamp.version !== undefined) metadata.set("$lastUpdatedVersion", stamp.version);
  for (const [key, changed] of Object.entries(patch)) {
    const value = Object.hasOwn(values, key) ? values[key] : undefined;
    if (value === undefined) metadata.delete(key);
    else if (!isObject(value)) metadata.set(key, mergeMetadata(undefined, {}, {}, stamp));
    else metadata.set(key, mergeMetadata(metadata.get(key), value, isObject(changed) ? changed : {}, stamp));
  }
  return Object.fromEntries(metadata);
}
