/**
 * One partition: numbers events, keeps the newest in memory and hands all of them to its log, if it has one.
 *
 * Appends of one turn of the event loop are written together, and those that come during a write wait for the next. An
 * event can be read only after it was written: otherwise a crash would give its number to another event that a reader
 * would then never see.
 */
import { HubError } from "../errors.ts";
import { RECORD_HEADER_BYTES } from "./event-record.ts";
import type { EventPosition, EventStamp, PartitionProperties, StoredEvent } from "./event-stream.ts";
import { EventTail } from "./event-tail.ts";

/** Where a partition keeps its events beyond memory. Holds every event that was written and is not yet too old. */
export interface EventLog {
  /** Sequence number of the oldest event it holds, or of the next when it is empty. */
  readonly begin: number;
  /** Place of the next event: how many events, and how many bytes of records, there have ever been. */
  readonly next: { readonly sequenceNumber: number; readonly offset: number };
  readonly lastEvent: EventStamp | undefined;
  /** Resolves when all are written; after a failure none of them are there. */
  append(events: readonly StoredEvent[]): Promise<void>;
  read(from: number, maxBytes: number): Promise<readonly StoredEvent[]>;
  /** The first sequence number of an event at or after an offset or time. */
  findOffset(offset: number): Promise<number>;
  findTime(enqueuedTime: number): Promise<number>;
  /** Deletes what is older than this time or beyond the log's size. */
  dropBefore(enqueuedTime: number): Promise<void>;
  close(): Promise<void>;
}

/** Accepted but unwritten bytes beyond which a partition refuses more: a disk that does not keep up must not fill memory. */
const MAX_PENDING_BYTES = 64 * 1024 * 1024;

interface PendingAppend {
  readonly events: readonly StoredEvent[];
  readonly resolve: () => void;
  readonly reject: (error: HubError) => void;
}

export interface PartitionOptions {
  readonly id: string;
  /** Bound of the memory tail, in bytes. */
  readonly memoryBytes: number;
  readonly log?: EventLog;
  readonly now: () => number;
}

export class Partition {
  readonly id: string;
  readonly #tail: EventTail;
  readonly #log: EventLog | undefined;
  readonly #now: () => number;
  readonly #listeners = new Set<() => void>();
  #next: { readonly sequenceNumber: number; readonly offset: number };
  #last: EventStamp | undefined;
  #lastTime: number;
  #pending: PendingAppend[] = [];
  #pendingBytes = 0;
  #writing: Promise<void> | undefined;

  constructor({ id, memoryBytes, log, now }: PartitionOptions) {
    this.id = id;
    this.#tail = new EventTail(memoryBytes);
    this.#log = log;
    this.#now = now;
    this.#next = log?.next ?? { sequenceNumber: 0, offset: 0 };
    this.#last = log?.lastEvent;
    this.#lastTime = this.#last?.enqueuedTime ?? 0;
  }

  append<T>(items: readonly T[], encode: (item: T, stamp: EventStamp) => Buffer): Promise<void> {
    if (this.#pendingBytes > MAX_PENDING_BYTES) {
      return Promise.reject(new HubError("ServiceUnavailable", "The hub's disk does not keep up; try again later."));
    }
    const enqueuedTime = Math.max(this.#now(), this.#lastTime);
    let { sequenceNumber, offset } = this.#next;
    const events: StoredEvent[] = [];
    for (const item of items) {
      const stamp = { sequenceNumber, offset: String(offset), enqueuedTime };
      const message = encode(item, stamp);
      events.push({ ...stamp, message });
      sequenceNumber++;
      offset += RECORD_HEADER_BYTES + message.byteLength;
    }
    this.#pendingBytes += offset - this.#next.offset;
    this.#next = { sequenceNumber, offset };
    this.#lastTime = enqueuedTime;
    if (this.#log === undefined) {
      this.#publish(events);
      return Promise.resolve();
    }
    return new Promise<void>((resolve, reject) => {
      this.#pending.push({ events, resolve, reject });
      this.#writing ??= this.#write(this.#log as EventLog);
    });
  }

  properties(): PartitionProperties {
    const begin = this.#begin();
    return {
      partitionId: this.id,
      beginSequenceNumber: begin,
      lastEnqueuedSequenceNumber: this.#last?.sequenceNumber ?? -1,
      lastEnqueuedOffset: this.#last?.offset ?? "-1",
      lastEnqueuedTime: this.#last?.enqueuedTime ?? 0,
      isEmpty: begin > (this.#last?.sequenceNumber ?? -1),
    };
  }

  resolve(position: EventPosition): number | Promise<number> {
    const end = (this.#last?.sequenceNumber ?? -1) + 1;
    switch (position.kind) {
      case "earliest":
        return this.#begin();
      case "latest":
        return end;
      case "sequenceNumber":
        return Math.max(position.inclusive ? position.value : position.value + 1, this.#begin());
      case "offset":
        return this.#findOffset(Number(position.value) + (position.inclusive ? 0 : 1), end);
      case "enqueuedTime":
        return this.#findTime(position.value + 1, end);
      default:
        return position satisfies never;
    }
  }

  read(from: number, maxBytes: number): readonly StoredEvent[] | Promise<readonly StoredEvent[]> {
    if (from > (this.#last?.sequenceNumber ?? -1)) return [];
    const inMemory = this.#tail.first !== undefined && from >= this.#tail.first.sequenceNumber;
    if (this.#log === undefined || inMemory) return this.#tail.read(from, maxBytes);
    return this.#log.read(from, maxBytes);
  }

  onAppend(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  /** Forgets events enqueued before this time, here and in the log. */
  async dropBefore(enqueuedTime: number): Promise<void> {
    this.#tail.dropBefore(enqueuedTime);
    await this.#log?.dropBefore(enqueuedTime);
  }

  /** Resolves when everything accepted so far is written. */
  async close(): Promise<void> {
    await this.#writing;
    await this.#log?.close();
    this.#listeners.clear();
  }

  #begin(): number {
    return this.#log?.begin ?? this.#tail.first?.sequenceNumber ?? this.#next.sequenceNumber;
  }

  #findOffset(offset: number, end: number): number | Promise<number> {
    const first = this.#tail.first;
    if (this.#log !== undefined && (first === undefined || Number(first.offset) > offset)) {
      return this.#log.findOffset(offset);
    }
    return this.#tail.search((event) => Number(event.offset) >= offset)?.sequenceNumber ?? end;
  }

  #findTime(time: number, end: number): number | Promise<number> {
    const first = this.#tail.first;
    if (this.#log !== undefined && (first === undefined || first.enqueuedTime >= time)) return this.#log.findTime(time);
    return this.#tail.search((event) => event.enqueuedTime >= time)?.sequenceNumber ?? end;
  }

  async #write(log: EventLog): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    while (this.#pending.length > 0) {
      const batch = this.#pending;
      this.#pending = [];
      try {
        await log.append(batch.flatMap(({ events }) => events));
      } catch (cause) {
        this.#abandon([...batch, ...this.#pending], log, cause);
        break;
      }
      for (const { events, resolve } of batch) {
        this.#publish(events);
        resolve();
      }
    }
    this.#writing = undefined;
  }

  #publish(events: readonly StoredEvent[]): void {
    for (const event of events) {
      this.#tail.push(event);
      this.#pendingBytes -= RECORD_HEADER_BYTES + event.message.byteLength;
    }
    this.#last = events.at(-1) ?? this.#last;
    for (const listener of this.#listeners) listener();
  }

  // Numbers that were given to events which could not be written are given again.
  #abandon(appends: readonly PendingAppend[], log: EventLog, cause: unknown): void {
    this.#pending = [];
    this.#pendingBytes = 0;
    this.#next = log.next;
    const error = new HubError("ServiceUnavailable", "The hub could not write to its folder.", { cause });
    for (const { reject } of appends) reject(error);
  }
}
