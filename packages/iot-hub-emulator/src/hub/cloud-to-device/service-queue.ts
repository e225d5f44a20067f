/**
 * What the hub has to tell services, feedback or file notifications: a queue of JSON documents that lives in the journal.
 * Nobody may be listening, so documents expire, and the oldest give way when they are too many.
 */
import type { HubClock } from "../clock/clock.ts";
import type { Journal } from "../journal/journal.ts";
import { LockQueue } from "./lock-queue.ts";
import type { LockedItem, QueueItem } from "./lock-queue.ts";
import type { Change, Sequence } from "./sequence.ts";

export interface ServiceMessage {
  readonly lockToken: string;
  readonly sequenceNumber: number;
  /** Unix milliseconds. */
  readonly enqueuedTime: number;
  readonly deliveryCount: number;
  /** JSON text. */
  readonly body: Buffer;
  readonly contentType: string;
}

/** How long a receiver has a message: milliseconds, or as long as its connection lives. */
export type LockTime = number | "connection";

export interface ServiceQueueOptions {
  readonly journal: Journal;
  readonly sequence: Sequence;
  readonly clock: HubClock;
  /** Of the journal's keys. */
  readonly name: string;
  readonly contentType: string;
  /** Of all kept documents; default 16 MB. */
  readonly maxBytes?: number;
}

export const LOCK_MS = 60_000;
export const TTL_MS: number = 3_600_000;
export const MAX_DELIVERY_COUNT = 10;

interface ServiceRecord {
  readonly enqueuedTime: number;
  readonly expiresAt: number;
  readonly deliveryCount: number;
  readonly body: string;
}

export class ServiceQueue {
  readonly #options: ServiceQueueOptions;
  readonly #queue: LockQueue<string>;
  readonly #listeners = new Set<() => void>();
  #bytes = 0;

  constructor(options: ServiceQueueOptions) {
    this.#options = options;
    const { journal, clock } = options;
    this.#queue = new LockQueue({
      clock,
      maxDeliveryCount: MAX_DELIVERY_COUNT,
      ended: (items) => journal.commit(items.map((item) => this.#removal(item))),
      counted: (item) => journal.commit([[this.#key(item.sequenceNumber), recordOf(item)]]),
      available: () => this.#listeners.forEach((listener) => listener()),
    });
    for (const [key, value] of journal.entries) {
      if (!key.startsWith(this.#key(""))) continue;
      const { body, ...times } = value as ServiceRecord;
      this.#bytes += body.length;
      this.#queue.add({ ...times, sequenceNumber: Number(key.slice(this.#key("").length)), content: body });
    }
  }

  /** Documents that have not ended, locked ones included. */
  get count(): number {
    return this.#queue.count;
  }

  /** Puts a document into the queue at once; returns what the caller is to write, together with what caused it. */
  add(document: unknown): readonly Change[] {
    const { sequence, clock, maxBytes = 16 * 1024 * 1024 } = this.#options;
    const { number, change } = sequence.next();
    const enqueuedTime = clock.now();
    const content = JSON.stringify(document);
    const item = { sequenceNumber: number, enqueuedTime, expiresAt: enqueuedTime + TTL_MS, deliveryCount: 0, content };
    const changes: Change[] = [change, [this.#key(number), recordOf(item)]];
    this.#bytes += content.length;
    while (this.#bytes > maxBytes) {
      const oldest = this.#queue.shift();
      if (oldest === undefined) break;
      changes.push(this.#removal(oldest));
    }
    this.#queue.add(item);
    return changes;
  }

  receive({ lockMs = LOCK_MS }: { readonly lockMs?: LockTime } = {}): ServiceMessage | undefined {
    const item = this.#queue.receive(lockMs === "connection" ? Infinity : lockMs);
    return item === undefined ? undefined : this.#messageOf(item);
  }

  /** Throws `DeviceMessageLockLost`, as `abandon` does. */
  complete(lockToken: string): Promise<void> {
    return this.#queue.end(lockToken, "Success");
  }

  abandon(lockToken: string): Promise<void> {
    return this.#queue.abandon(lockToken);
  }

  /** Gives messages back without counting a delivery: their connection died. */
  release(lockTokens: Iterable<string>): void {
    this.#queue.release(lockTokens);
  }

  /** Calls back when a message can be received; returns what ends that. */
  onAvailable(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #removal(item: QueueItem<string>): Change {
    this.#bytes -= item.content.length;
    return [this.#key(item.sequenceNumber), undefined];
  }

  #messageOf({ lockToken, sequenceNumber, enqueuedTime, deliveryCount, content }: LockedItem<string>): ServiceMessage {
    const { contentType } = this.#options;
    return { lockToken, sequenceNumber, enqueuedTime, deliveryCount, body: Buffer.from(content), contentType };
  }

  #key(sequenceNumber: number | ""): string {
    return `${this.#options.name}/${sequenceNumber}`;
  }
}

function recordOf({ enqueuedTime, expiresAt, deliveryCount, content }: QueueItem<string>): ServiceRecord {
  return { enqueuedTime, expiresAt, deliveryCount, body: content };
}
