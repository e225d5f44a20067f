/** The identity registry: who may connect. Changes take effect at once and resolve when they are written. */
import { randomInt } from "node:crypto";
import type { Devices } from "./devices.ts";
import { HubError } from "./errors.ts";
import { resolveAuthentication } from "./identity-fields.ts";
import type { IdentityFields } from "./identity-fields.ts";
import { NO_DATE } from "./identity.ts";
import type { DeviceIdentity } from "./identity.ts";
import { newTwin } from "./twin.ts";
import type { StoredTwin } from "./twin.ts";

export interface RegistryChange {
  readonly kind: "created" | "updated" | "deleted";
  /** The identity after the change; as it last was when deleted. */
  readonly identity: DeviceIdentity;
}

export interface RegistryStatistics {
  readonly totalDeviceCount: number;
  readonly enabledDeviceCount: number;
  readonly disabledDeviceCount: number;
}

/** An S1 hub holds a million devices and modules. */
const MAX_DEVICES = 1_000_000;
const MAX_LISTED = 1000;

export class Registry {
  readonly #devices: Devices;
  readonly #now: () => number;
  readonly #listeners = new Set<(change: RegistryChange) => void>();

  constructor(devices: Devices, now: () => number) {
    this.#devices = devices;
    this.#now = now;
  }

  find(deviceId: string): DeviceIdentity | undefined {
    return this.#devices.get(deviceId)?.identity;
  }

  /** Throws `DeviceNotFound`. */
  get(deviceId: string): DeviceIdentity {
    const identity = this.find(deviceId);
    if (identity === undefined) throw new HubError("DeviceNotFound", `Device ${deviceId} is not registered.`);
    return identity;
  }

  /** The first `top` identities in the order of their creation, at most 1,000 as the service does. */
  list(top: number = MAX_LISTED): readonly DeviceIdentity[] {
    const listed: DeviceIdentity[] = [];
    for (const { identity } of this.#devices.values()) {
      if (listed.length >= Math.min(top, MAX_LISTED)) break;
      listed.push(identity);
    }
    return listed;
  }

  statistics(): RegistryStatistics {
    let enabledDeviceCount = 0;
    for (const { identity } of this.#devices.values()) if (identity.status === "enabled") enabledDeviceCount++;
    const totalDeviceCount = this.#devices.size;
    return { totalDeviceCount, enabledDeviceCount, disabledDeviceCount: totalDeviceCount - enabledDeviceCount };
  }

  /** Throws `DeviceAlreadyExists` (also when only a repetition) and `TooManyDevices`. */
  async create(
    deviceId: string,
    fields: IdentityFields,
    twin: StoredTwin = newTwin(this.#now()),
  ): Promise<DeviceIdentity> {
    if (this.#devices.get(deviceId) !== undefined) {
      throw new HubError("DeviceAlreadyExists", `A device with ID '${deviceId}' is already registered.`);
    }
    if (this.#devices.size >= MAX_DEVICES) throw new HubError("TooManyDevices", "The hub holds no more devices.");
    const identity: DeviceIdentity = {
      deviceId,
      generationId: generationId(this.#now()),
      etag: newEtag(),
      connectionState: "Disconnected",
      status: fields.status ?? "enabled",
      statusReason: fields.statusReason ?? null,
      connectionStateUpdatedTime: NO_DATE,
      statusUpdatedTime: NO_DATE,
      lastActivityTime: NO_DATE,
      cloudToDeviceMessageCount: 0,
      capabilities: fields.capabilities ?? { iotEdge: false },
      authentication: resolveAuthentication(fields.authentication, undefined),
      ...(fields.deviceScope === undefined ? {} : { deviceScope: fields.deviceScope }),
      ...(fields.parentScopes === undefined ? {} : { parentScopes: fields.parentScopes }),
    };
    const written = this.#devices.set({ identity, twin });
    this.#announce({ kind: "created", identity });
    await written;
    return identity;
  }

  /**
   * Applies fields to an existing identity. `ifMatch` is an etag or `*`; a missing device is then a failed precondition
   * (`PreconditionFailed`), without it `DeviceNotFound`.
   */
  async update(deviceId: string, fields: IdentityFields, ifMatch?: string): Promise<DeviceIdentity> {
    const record = this.#devices.get(deviceId);
    if (record === undefined && ifMatch !== undefined) throw preconditionFailed("The device is not registered.");
    const current = record?.identity ?? this.get(deviceId);
    requireMatch(current.etag, ifMatch);
    const status = fields.status ?? current.status;
    const identity: DeviceIdentity = {
      ...current,
      ...fields,
      status,
      etag: newEtag(),
      authentication: resolveAuthentication(fields.authentication, current.authentication),
      statusUpdatedTime: status === current.status ? current.statusUpdatedTime : new Date(this.#now()).toISOString(),
    };
    const written = this.#devices.set({ identity, twin: record?.twin ?? newTwin(this.#now()) });
    this.#announce({ kind: "updated", identity });
    await written;
    return identity;
  }

  /** Throws `DeviceNotFound`, or `PreconditionFailed` when `ifMatch` is another etag. */
  async delete(deviceId: string, ifMatch?: string): Promise<void> {
    const identity = this.get(deviceId);
    requireMatch(identity.etag, ifMatch);
    const written = this.#devices.delete(deviceId);
    this.#announce({ kind: "deleted", identity });
    await written;
  }

  /** Calls back after each change, before it is answered; returns the unsubscribe function. Listeners must not throw. */
  onChange(listener: (change: RegistryChange) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #announce(change: RegistryChange): void {
    for (const listener of this.#listeners) listener(change);
  }
}

/** `expected` is an etag, `*` for any, or absent for no condition. Throws `PreconditionFailed`. */
export function requireMatch(etag: string, expected: string | undefined): void {
  if (expected === undefined || expected === "*" || expected === etag) return;
  throw preconditionFailed("The etag does not match the one of the resource.");
}

export function preconditionFailed(message: string): HubError {
  return new HubError("PreconditionFailed", message);
}

function newEtag(): string {
  return Buffer.from(String(randomInt(2 ** 47))).toString("base64");
}

// Ticks since the year 1 as the service's own ids look; the last four digits keep two of one millisecond apart.
function generationId(now: number): string {
  return String(BigInt(now) * 10_000n + 621_355_968_000_000_000n + BigInt(randomInt(10_000)));
}
