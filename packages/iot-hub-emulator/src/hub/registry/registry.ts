/** The identity registry: who may connect. Changes take effect at once and resolve when they are written. */
import type { DeviceRecord, Devices } from "./devices.ts";
import { RUNTIME_MODULE_FIELDS, runtimeModules } from "./edge-device.ts";
import { HubError } from "../errors.ts";
import type { IdentityFields } from "./identity-fields.ts";
import { changedIdentity, newIdentity } from "./identity-record.ts";
import { formatIdentity, identityLabel, identityRef, refOf } from "./identity.ts";
import type { DeviceIdentity, IdentityName, IdentityRef, LiveState } from "./identity.ts";
import { newTwin } from "../twins/twin.ts";
import type { StoredTwin } from "../twins/twin.ts";

export interface RegistryChange {
  readonly kind: "created" | "updated" | "deleted";
  /** The identity after the change, a device's or a module's; as it last was when deleted. */
  readonly identity: DeviceIdentity;
  readonly twin: StoredTwin;
}

export interface RegistryStatistics {
  readonly totalDeviceCount: number;
  readonly enabledDeviceCount: number;
  readonly disabledDeviceCount: number;
}

/** Reads what changes while an identity talks. */
export type ReadLiveState = (ref: IdentityRef) => LiveState;

/** An S1 hub holds a million devices and modules. */
const MAX_IDENTITIES = 1_000_000;
const MAX_MODULES = 50;
const MAX_LISTED = 1000;

export class Registry {
  readonly #devices: Devices;
  readonly #now: () => number;
  readonly #live: ReadLiveState;
  readonly #maxIdentities: () => number;
  readonly #listeners = new Set<(change: RegistryChange) => void>();

  constructor(
    devices: Devices,
    now: () => number,
    live: ReadLiveState,
    maxIdentities: () => number = () => MAX_IDENTITIES,
  ) {
    this.#maxIdentities = maxIdentities;
    this.#devices = devices;
    this.#now = now;
    this.#live = live;
  }

  find(deviceId: string, moduleId?: string): DeviceIdentity | undefined {
    return this.#devices.get(moduleId === undefined ? deviceId : { deviceId, moduleId })?.identity;
  }

  /** Throws `DeviceNotFound`, or `ModuleNotFound` when the device exists. */
  get(deviceId: string, moduleId?: string): DeviceIdentity {
    return requireRecord(this.#devices, refOf({ deviceId, moduleId })).identity;
  }

  /** The first `top` devices in the order of their creation, at most 1,000 as the service does. */
  list(top: number = MAX_LISTED): readonly DeviceIdentity[] {
    const listed: DeviceIdentity[] = [];
    for (const { identity } of this.#devices.values()) {
      if (listed.length >= Math.min(top, MAX_LISTED)) break;
      listed.push(identity);
    }
    return listed;
  }

  /** The modules of a device; throws `DeviceNotFound`. */
  modules(deviceId: string): readonly DeviceIdentity[] {
    this.get(deviceId);
    return [...this.#devices.modules(deviceId).values()].map(({ identity }) => identity);
  }

  /** An identity as services read it, with its connection state and activity. */
  format(identity: DeviceIdentity): Readonly<Record<string, unknown>> {
    return formatIdentity(identity, this.#live(identity));
  }

  /** What changes of an identity while its device talks. */
  live(ref: IdentityRef): LiveState {
    return this.#live(ref);
  }

  statistics(): RegistryStatistics {
    let enabledDeviceCount = 0;
    for (const { identity } of this.#devices.values()) if (identity.status === "enabled") enabledDeviceCount++;
    const totalDeviceCount = this.#devices.size;
    return { totalDeviceCount, enabledDeviceCount, disabledDeviceCount: totalDeviceCount - enabledDeviceCount };
  }

  /**
   * Throws `DeviceAlreadyExists` or `ModuleAlreadyExistsOnDevice` (also when only a repetition), `TooManyDevices`,
   * `TooManyModulesOnDevice`, and `DeviceNotFound` for a module of no device.
   */
  async create(
    name: IdentityName,
    fields: IdentityFields,
    twin: StoredTwin = newTwin(this.#now()),
  ): Promise<DeviceIdentity> {
    const ref = identityRef(name);
    this.#requireRoom(ref);
    const identity = newIdentity(ref, fields, this.#now());
    await Promise.all([this.#set("created", { identity, twin }), ...this.#equip(identity)]);
    return identity;
  }

  /**
   * Applies fields to an existing identity. `ifMatch` is an etag or `*`; a missing device is then a failed precondition
   * (`PreconditionFailed`), without it `DeviceNotFound`.
   */
  async update(name: IdentityName, fields: IdentityFields, ifMatch?: string): Promise<DeviceIdentity> {
    const ref = identityRef(name);
    if (ifMatch !== undefined && this.#devices.get(ref) === undefined) {
      throw preconditionFailed(`${identityLabel(ref)} is not registered.`);
    }
    const { identity: current, twin } = requireRecord(this.#devices, ref);
    requireMatch(current.etag, ifMatch);
    const identity = changedIdentity(current, fields, this.#now());
    await Promise.all([this.#set("updated", { identity, twin }), ...this.#equip(identity)]);
    return identity;
  }

  /** A device goes with its modules. Throws `DeviceNotFound`, `ModuleNotFound`, or `PreconditionFailed` when `ifMatch` is another etag. */
  async delete(name: IdentityName, ifMatch?: string): Promise<void> {
    const record = requireRecord(this.#devices, identityRef(name));
    const { identity } = record;
    requireMatch(identity.etag, ifMatch);
    const modules = identity.moduleId === undefined ? [...this.#devices.modules(identity.deviceId).values()] : [];
    const written = this.#devices.delete(record);
    for (const gone of [...modules, record]) this.#announce({ kind: "deleted", ...gone });
    await written;
  }

  /** Calls back after each change, before it is answered; returns the unsubscribe function. Listeners must not throw. */
  onChange(listener: (change: RegistryChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #set(kind: "created" | "updated", record: DeviceRecord): Promise<void> {
    const written = this.#devices.set(record);
    this.#announce({ kind, ...record });
    return written;
  }

  // An Edge device has the modules of its runtime from its beginning.
  #equip(device: DeviceIdentity): readonly Promise<void>[] {
    const missing = runtimeModules(device).filter((ref) => this.#devices.get(ref) === undefined);
    const now = this.#now();
    return missing.map((ref) => {
      const identity = newIdentity(ref, RUNTIME_MODULE_FIELDS, now);
      return this.#set("created", { identity, twin: newTwin(now) });
    });
  }

  #requireRoom(ref: IdentityRef): void {
    const { deviceId, moduleId } = ref;
    const isKnown = this.#devices.get(ref) !== undefined;
    if (moduleId === undefined) {
      if (isKnown) throw new HubError("DeviceAlreadyExists", `A device with ID '${deviceId}' is already registered.`);
    } else {
      this.get(deviceId);
      if (isKnown) throw new HubError("ModuleAlreadyExistsOnDevice", `${identityLabel(ref)} is already registered.`);
      if (this.#devices.modules(deviceId).size >= MAX_MODULES) {
        throw new HubError("TooManyModulesOnDevice", `A device has at most ${MAX_MODULES} modules.`);
      }
    }
    if (this.#devices.size + this.#devices.moduleCount >= this.#maxIdentities()) {
      throw new HubError("TooManyDevices", "The hub holds no more devices and modules.");
    }
  }

  #announce(change: RegistryChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** Throws `DeviceNotFound`, or `ModuleNotFound` when only the module is missing. */
export function requireRecord(devices: Devices, ref: IdentityRef): DeviceRecord {
  const record = devices.get(ref);
  if (record !== undefined) return record;
  const isModule = ref.moduleId !== undefined && devices.get(ref.deviceId) !== undefined;
  throw isModule ? notRegistered(ref) : notRegistered({ deviceId: ref.deviceId });
}

/** `DeviceNotFound` or `ModuleNotFound`. */
export function notRegistered(ref: IdentityRef): HubError {
  const name = ref.moduleId === undefined ? "DeviceNotFound" : "ModuleNotFound";
  return new HubError(name, `${identityLabel(ref)} is not registered.`);
}

/** `expected` is an etag, `*` for any, or absent for no condition. Throws `PreconditionFailed`. */
export function requireMatch(etag: string, expected: string | undefined): void {
  if (expected === undefined || expected === "*" || expected === etag) return;
  throw preconditionFailed("The etag does not match the one of the resource.");
}

export function preconditionFailed(message: string): HubError {
  return new HubError("PreconditionFailed", message);
}
