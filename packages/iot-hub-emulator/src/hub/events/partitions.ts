/** The event stream: its partitions, the devices' places in them, and the clearing of what is too old. */
import type { EventPosition, EventStamp, EventStream, PartitionProperties, StoredEvent } from "./event-stream.ts";
import { HubError } from "../errors.ts";
import { Partition } from "./partition.ts";
import type { EventLog } from "./partition.ts";

export interface PartitionsOptions {
  readonly name: string;
  /** Unix milliseconds. */
  readonly createdAt: number;
  /** One log per partition; none for a stream that lives in memory. */
  readonly logs?: readonly EventLog[];
  readonly partitionCount: number;
  /** Memory for the newest events of all partitions, in bytes. */
  readonly memoryBytes: number;
  /** Events older than this are dropped, in milliseconds. */
  readonly retentionMs: number;
  readonly now: () => number;
}

const SWEEP_INTERVAL_MS = 30_000;

export class Partitions implements EventStream {
  readonly name: string;
  readonly partitionIds: readonly string[];
  readonly createdAt: number;
  readonly #partitions: readonly Partition[];
  readonly #oldest: () => number;
  readonly #sweep: NodeJS.Timeout;

  constructor({ name, createdAt, logs, partitionCount, memoryBytes, retentionMs, now }: PartitionsOptions) {
    this.name = name;
    this.createdAt = createdAt;
    this.#oldest = () => now() - retentionMs;
    this.#partitions = Array.from({ length: partitionCount }, (_, i) => {
      const log = logs?.[i];
      const share = Math.floor(memoryBytes / partitionCount);
      return new Partition({ id: String(i), memoryBytes: share, now, ...(log === undefined ? {} : { log }) });
    });
    this.partitionIds = this.#partitions.map(({ id }) => id);
    this.#sweep = setInterval(() => this.sweep(), SWEEP_INTERVAL_MS).unref();
  }

  partitionOf(deviceId: string): string {
    return String(stableHash(deviceId) % this.#partitions.length);
  }

  append<T>(partitionId: string, items: readonly T[], encode: (item: T, stamp: EventStamp) => Buffer): Promise<void> {
    return this.#partition(partitionId).append(items, encode);
  }

  properties(partitionId: string): PartitionProperties {
    return this.#partition(partitionId).properties();
  }

  resolve(partitionId: string, position: EventPosition): number | Promise<number> {
    return this.#partition(partitionId).resolve(position);
  }

  read(partitionId: string, from: number, maxBytes: number): readonly StoredEvent[] | Promise<readonly StoredEvent[]> {
    return this.#partition(partitionId).read(from, maxBytes);
  }

  onAppend(partitionId: string, listener: () => void): () => void {
    return this.#partition(partitionId).onAppend(listener);
  }

  /** Clears what is too old; otherwise this happens every half minute. */
  sweep(): void {
    // A log that cannot be cleared now is cleared by a later sweep.
    for (const partition of this.#partitions) partition.dropBefore(this.#oldest()).catch(() => undefined);
  }

  async close(): Promise<void> {
    clearInterval(this.#sweep);
    await Promise.all(this.#partitions.map((partition) => partition.close()));
  }

  #partition(id: string): Partition {
    const partition = /^\d{1,3}$/.test(id) ? this.#partitions[Number(id)] : undefined;
    if (partition === undefined) throw new HubError("PartitionNotFound", `There is no partition ${id}.`);
    return partition;
  }
}

/** FNV-1a over UTF-16 units, with a final mix so that ids differing in their last character spread over few partitions. */
function stableHash(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}
