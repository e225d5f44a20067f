/** The twins of all devices and modules: services change tags and desired properties, devices what they report. */
import type { DeviceRecord, Devices } from "../registry/devices.ts";
import { identityKey, identityRef, refOf } from "../registry/identity.ts";
import type { IdentityName, IdentityRef } from "../registry/identity.ts";
import { requireMatch, requireRecord } from "../registry/registry.ts";
import type { ReadLiveState } from "../registry/registry.ts";
import { announcedPatch, parseReported, patchTwin, replaceTwin, reportTwin } from "./twin-change.ts";
import type { TwinChange, TwinOperation } from "./twin-change.ts";
import { formatTwin, newTwin, twinEtag } from "./twin.ts";
import type { JsonObject, StoredTwin, TwinDocument, TwinSection } from "./twin.ts";

/** A device's or module's own view of its twin: values with `$version`, no tags and no metadata. */
export interface OwnTwin {
  readonly desired: JsonObject;
  readonly reported: JsonObject;
}

/** What was written to a twin, or the model that its device named: `change` has the outer `version` and the parts written, each with `$version` and its metadata. */
export interface TwinChangeNotice {
  readonly ref: IdentityRef;
  readonly operation: TwinOperation;
  readonly change: JsonObject;
  readonly twin: TwinDocument;
  readonly before: StoredTwin;
  readonly after: StoredTwin;
}

interface Written {
  readonly before: DeviceRecord;
  readonly after: DeviceRecord;
}

/** `patch` is what was sent, with `$version`; after a replacement it is all of the desired properties. */
type DesiredListener = (patch: JsonObject, version: number) => void;

export class Twins {
  readonly #devices: Devices;
  readonly #now: () => number;
  readonly #live: ReadLiveState;
  readonly #desiredListeners = new Map<string, Set<DesiredListener>>();
  readonly #changeListeners = new Set<(change: TwinChangeNotice) => void>();

  constructor(devices: Devices, now: () => number, live: ReadLiveState) {
    this.#devices = devices;
    this.#now = now;
    this.#live = live;
  }

  /** Throws `DeviceNotFound` or `ModuleNotFound`. */
  get(name: IdentityName): TwinDocument {
    return this.#format(requireRecord(this.#devices, identityRef(name)));
  }

  /** What a device or module reads of its own twin. Throws `DeviceNotFound` or `ModuleNotFound`. */
  own(deviceId: string, moduleId?: string): OwnTwin {
    const { twin } = requireRecord(this.#devices, refOf({ deviceId, moduleId }));
    return { desired: withVersion(twin.desired), reported: withVersion(twin.reported) };
  }

  /** Merges tags and desired properties (PATCH); `ifMatch` is an etag or `*`. Throws `ArgumentInvalid` or `PreconditionFailed`. */
  async patch(name: IdentityName, change: TwinChange, ifMatch?: string): Promise<TwinDocument> {
    const written = await this.#write(name, ifMatch, (twin) => patchTwin(twin, change, this.#date()));
    const { before, after } = written;
    const { twin } = after;
    const desired = twin.desired === before.twin.desired ? undefined : (change.desired ?? {});
    if (desired !== undefined) this.#announceDesired(after, change.desired === null ? twin.desired.values : desired);
    return this.#announce(written, "updateTwin", {
      ...(change.tags === undefined ? {} : { tags: change.tags ?? {} }),
      ...(desired === undefined ? {} : { properties: { desired: announcedPatch(desired, twin.desired) } }),
    });
  }

  /** Replaces tags and desired properties wholesale (PUT); a part that is missing becomes empty. */
  async replace(name: IdentityName, change: TwinChange, ifMatch?: string): Promise<TwinDocument> {
    const written = await this.#write(name, ifMatch, (twin) => replaceTwin(twin, change, this.#date()));
    const { tags, desired } = written.after.twin;
    this.#announceDesired(written.after, desired.values);
    return this.#announce(written, "replaceTwin", {
      tags,
      properties: { desired: announcedPatch(desired.values, desired) },
    });
  }

  /** Merges what a device or module reports; resolves with the new `$version` when it is written. Throws `ArgumentInvalid`. */
  async report(name: IdentityName, patch: unknown): Promise<number> {
    const reported = parseReported(patch);
    const written = await this.#write(name, undefined, (twin) => reportTwin(twin, reported, this.#date()));
    const section = written.after.twin.reported;
    this.#announce(written, "updateTwin", { properties: { reported: announcedPatch(reported, section) } });
    return section.version;
  }

  /** Notes the model that a device named when it connected; costs nothing when it is the same. */
  async setModelId(name: IdentityName, modelId: string): Promise<void> {
    const { twin } = requireRecord(this.#devices, identityRef(name));
    if ((twin.modelId ?? "") === modelId) return;
    const written = await this.#write(name, undefined, (current) => ({ ...current, modelId }));
    this.#announce(written, "nameModel", { modelId });
  }

  /** The twin that an identity created together with tags and desired properties starts with. */
  initial(change: TwinChange): StoredTwin {
    const twin = newTwin(this.#now());
    return change.tags || change.desired ? patchTwin(twin, change, this.#date()) : twin;
  }

  /** Calls back after each change of desired properties, in the order of their versions; returns the unsubscribe function. */
  onDesired(ref: IdentityRef, listener: DesiredListener): () => void {
    const key = identityKey(ref);
    const listeners = this.#desiredListeners.get(key) ?? new Set();
    if (listeners.size === 0) this.#desiredListeners.set(key, listeners);
    listeners.add(listener);
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#desiredListeners.get(key) === listeners) this.#desiredListeners.delete(key);
    };
  }

  /** Calls back after each change by a service or a device; returns the unsubscribe function. Listeners must not throw. */
  onChange(listener: (change: TwinChangeNotice) => void): () => void {
    this.#changeListeners.add(listener);
    return () => this.#changeListeners.delete(listener);
  }

  async #write(
    name: IdentityName,
    ifMatch: string | undefined,
    edit: (twin: StoredTwin) => StoredTwin,
  ): Promise<Written> {
    const before = requireRecord(this.#devices, identityRef(name));
    requireMatch(twinEtag(before.twin), ifMatch);
    const after = { identity: before.identity, twin: edit(before.twin) };
    await this.#devices.set(after);
    return { before, after };
  }

  #announceDesired({ identity, twin }: DeviceRecord, patch: JsonObject): void {
    const listeners = this.#desiredListeners.get(identityKey(identity));
    if (listeners === undefined) return;
    const { version } = twin.desired;
    for (const listener of listeners) listener({ ...patch, $version: version }, version);
  }

  // Notices are made only when somebody listens: a device may report often.
  #announce({ before, after }: Written, operation: TwinOperation, parts: JsonObject): TwinDocument {
    const twin = this.#format(after);
    if (this.#changeListeners.size === 0) return twin;
    const { deviceId, moduleId } = after.identity;
    const ref = refOf({ deviceId, moduleId });
    const change = { version: after.twin.version, ...parts };
    const notice = { ref, operation, change, twin, before: before.twin, after: after.twin };
    for (const listener of this.#changeListeners) listener(notice);
    return twin;
  }

  #format({ twin, identity }: DeviceRecord): TwinDocument {
    return formatTwin(twin, identity, this.#live(identity));
  }

  #date(): string {
    return new Date(this.#now()).toISOString();
  }
}

function withVersion({ values, version }: TwinSection): JsonObject {
  return { ...values, $version: version };
}
