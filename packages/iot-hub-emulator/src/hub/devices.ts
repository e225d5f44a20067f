/** Every device the hub knows: identity and twin live and die together, so they are one record and one write. */
import type { DeviceIdentity } from "./identity.ts";
import type { Journal } from "./journal.ts";
import type { StoredTwin } from "./twin.ts";

export interface DeviceRecord {
  readonly identity: DeviceIdentity;
  readonly twin: StoredTwin;
}

const PREFIX = "device/";

export class Devices {
  readonly #records = new Map<string, DeviceRecord>();
  readonly #journal: Journal;

  constructor(journal: Journal) {
    this.#journal = journal;
    for (const [key, value] of journal.entries) {
      if (key.startsWith(PREFIX)) this.#records.set(key.slice(PREFIX.length), value as DeviceRecord);
    }
  }

  get size(): number {
    return this.#records.size;
  }

  get(deviceId: string): DeviceRecord | undefined {
    return this.#records.get(deviceId);
  }

  values(): IterableIterator<DeviceRecord> {
    return this.#records.values();
  }

  /** Puts a record in place at once; resolves when it is written. */
  set(record: DeviceRecord): Promise<void> {
    const { deviceId } = record.identity;
    this.#records.set(deviceId, record);
    return this.#journal.commit([[PREFIX + deviceId, record]]);
  }

  delete(deviceId: string): Promise<void> {
    this.#records.delete(deviceId);
    return this.#journal.commit([[PREFIX + deviceId, undefined]]);
  }
}
