/** Everything the hub knows of devices and their modules: identity and twin live and die together, so they are one record and one write. */
import { identityKey, identityRef } from "./identity.ts";
import type { DeviceIdentity, IdentityName } from "./identity.ts";
import type { Journal } from "../journal/journal.ts";
import type { StoredTwin } from "../twins/twin.ts";

export interface DeviceRecord {
  readonly identity: DeviceIdentity;
  readonly twin: StoredTwin;
}

const PREFIX = "device/";
const NO_MODULES: ReadonlyMap<string, DeviceRecord> = new Map();

export class Devices {
  readonly #devices = new Map<string, DeviceRecord>();
  /** By device id, then by module id. */
  readonly #modules = new Map<string, Map<string, DeviceRecord>>();
  readonly #journal: Journal;
  #moduleCount = 0;

  constructor(journal: Journal) {
    this.#journal = journal;
    for (const [key, value] of journal.entries) if (key.startsWith(PREFIX)) this.#place(value as DeviceRecord);
  }

  /** Devices without their modules. */
  get size(): number {
    return this.#devices.size;
  }

  get moduleCount(): number {
    return this.#moduleCount;
  }

  get(name: IdentityName): DeviceRecord | undefined {
    const { deviceId, moduleId } = identityRef(name);
    return moduleId === undefined ? this.#devices.get(deviceId) : this.#modules.get(deviceId)?.get(moduleId);
  }

  /** Devices in the order of their creation. */
  values(): IterableIterator<DeviceRecord> {
    return this.#devices.values();
  }

  /** Modules of one device by their ids. */
  modules(deviceId: string): ReadonlyMap<string, DeviceRecord> {
    return this.#modules.get(deviceId) ?? NO_MODULES;
  }

  /** Modules of all devices. */
  *allModules(): Generator<DeviceRecord> {
    for (const modules of this.#modules.values()) yield* modules.values();
  }

  /** Puts a record in place at once; resolves when it is written. */
  set(record: DeviceRecord): Promise<void> {
    this.#place(record);
    return this.#journal.commit([[keyOf(record), record]]);
  }

  /** Removes a record, and with a device its modules; resolves when that is written. */
  delete(record: DeviceRecord): Promise<void> {
    const { deviceId, moduleId } = record.identity;
    const gone = moduleId === undefined ? [record, ...this.modules(deviceId).values()] : [record];
    for (const { identity } of gone) this.#remove(identity);
    return this.#journal.commit(gone.map((one) => [keyOf(one), undefined]));
  }

  #place(record: DeviceRecord): void {
    const { deviceId, moduleId } = record.identity;
    if (moduleId === undefined) {
      this.#devices.set(deviceId, record);
      return;
    }
    const modules = this.#modules.get(deviceId) ?? new Map<string, DeviceRecord>();
    if (modules.size === 0) this.#modules.set(deviceId, modules);
    if (!modules.has(moduleId)) this.#moduleCount++;
    modules.set(moduleId, record);
  }

  #remove({ deviceId, moduleId }: DeviceIdentity): void {
    if (moduleId === undefined) {
      this.#devices.delete(deviceId);
      return;
    }
    const modules = this.#modules.get(deviceId);
    if (modules?.delete(moduleId) === true) this.#moduleCount--;
    if (modules?.size === 0) this.#modules.delete(deviceId);
  }
}

function keyOf({ identity }: DeviceRecord): string {
  return PREFIX + identityKey(identity);
}
