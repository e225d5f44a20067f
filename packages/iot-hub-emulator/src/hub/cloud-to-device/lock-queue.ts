/**
 * One queue of messages that receivers lock, settle or give back; the oldest available one comes first. A delivery is
 * counted when a message comes back by an explicit abandon or because its lock ran out, not when a connection died with it.
 * The queue knows neither what its messages hold nor where they are kept: it tells of each that leaves or is counted.
 */
import { randomUUID } from "node:crypto";
import type { HubClock } from "../clock/clock.ts";
import { HubError } from "../errors.ts";

/** How a message ends. */
export type Outcome = "Success" | "Expired" | "DeliveryCountExceeded" | "Rejected" | "Purged";

/** Times are unix milliseconds. */
export interface QueueItem<T> {
  readonly sequenceNumber: number;
  readonly enqueuedTime: number;
  readonly expiresAt: number;
  /** How often it was handed out in vain. */
  readonly deliveryCount: number;
  readonly content: T;
}

export interface LockedItem<T> extends QueueItem<T> {
  readonly lockToken: string;
}

export interface LockQueueOptions<T> {
  readonly clock: HubClock;
  readonly maxDeliveryCount: number;
  /** Items ended, all alike; resolves when that is written. */
  readonly ended: (items: readonly QueueItem<T>[], outcome: Outcome) => Promise<void>;
  /** A delivery of an item was counted; resolves when that is written. */
  readonly counted: (item: QueueItem<T>) => Promise<void>;
  /** Called when an item can be received. */
  readonly available: () => void;
}

interface Lock<T> {
  readonly item: QueueItem<T>;
  /** Unix milliseconds; infinite while a connection holds it. */
  readonly until: number;
}

export class LockQueue<T> {
  readonly #options: LockQueueOptions<T>;
  // In the order of their numbers.
  readonly #ready: QueueItem<T>[] = [];
  readonly #locks = new Map<string, Lock<T>>();
  #alarm: { readonly at: number; readonly cancel: () => void } | undefined;

  constructor(options: LockQueueOptions<T>) {
    this.#options = options;
  }

  /** All that have not ended, locked ones included. */
  get count(): number {
    return this.#ready.length + this.#locks.size;
  }

  add(item: QueueItem<T>): void {
    this.#insert(item);
    this.#wakeAt(item.expiresAt);
    this.#options.available();
  }

  /** Locks the oldest available item for `lockMs`, infinite for as long as its receiver lives. */
  receive(lockMs: number): LockedItem<T> | undefined {
    const now = this.#now();
    const expired: QueueItem<T>[] = [];
    let item = this.#ready.shift();
    for (; item !== undefined && item.expiresAt <= now; item = this.#ready.shift()) expired.push(item);
    this.#expire(expired);
    if (item === undefined) return undefined;
    const lockToken = randomUUID();
    const until = now + lockMs;
    this.#locks.set(lockToken, { item, until });
    this.#wakeAt(until);
    return { ...item, lockToken };
  }

  /** Ends a locked item; throws `DeviceMessageLockLost` when the lock is no more. */
  async end(lockToken: string, outcome: Outcome): Promise<void> {
    await this.#options.ended([this.#unlock(lockToken)], outcome);
  }

  /** Gives a locked item back and counts the delivery; throws `DeviceMessageLockLost`. */
  async abandon(lockToken: string): Promise<void> {
    await this.#countAndReturn(this.#unlock(lockToken));
  }

  /** Gives locked items back as if they had not been received; unknown locks are passed over. */
  release(lockTokens: Iterable<string>): void {
    for (const token of lockTokens) {
      const lock = this.#locks.get(token);
      if (lock === undefined) continue;
      this.#locks.delete(token);
      this.#return(lock.item);
    }
  }

  /** Ends everything, locked or not; tells how much that was. */
  async purge(): Promise<number> {
    const items = this.clear();
    if (items.length > 0) await this.#options.ended(items, "Purged");
    return items.length;
  }

  /** Takes one item out without telling, when its write failed. */
  remove(sequenceNumber: number): void {
    const at = this.#ready.findIndex((item) => item.sequenceNumber === sequenceNumber);
    if (at >= 0) this.#ready.splice(at, 1);
    for (const [token, { item }] of this.#locks) if (item.sequenceNumber === sequenceNumber) this.#locks.delete(token);
  }

  /** Takes the oldest available item out without telling. */
  shift(): QueueItem<T> | undefined {
    return this.#ready.shift();
  }

  /** Empties the queue without telling; nothing of it waits for a time any more. */
  clear(): readonly QueueItem<T>[] {
    const locked = [...this.#locks.values()].map(({ item }) => item);
    const items = [...this.#ready.splice(0), ...locked].toSorted((a, b) => a.sequenceNumber - b.sequenceNumber);
    this.#locks.clear();
    this.#alarm?.cancel();
    this.#alarm = undefined;
    return items;
  }

  #unlock(lockToken: string): QueueItem<T> {
    const lock = this.#locks.get(lockToken);
    if (lock === undefined || lock.until <= this.#now()) {
      throw new HubError("DeviceMessageLockLost", "The message's lock ran out or it was settled before.");
    }
    this.#locks.delete(lockToken);
    return lock.item;
  }

  async #countAndReturn(item: QueueItem<T>): Promise<void> {
    const counted = { ...item, deliveryCount: item.deliveryCount + 1 };
    if (counted.deliveryCount >= this.#options.maxDeliveryCount) {
      await this.#options.ended([counted], "DeliveryCountExceeded");
      return;
    }
    const written = this.#options.counted(counted);
    this.#return(counted);
    await written;
  }

  #return(item: QueueItem<T>): void {
    this.#insert(item);
    this.#wakeAt(item.expiresAt);
    this.#options.available();
  }

  #insert(item: QueueItem<T>): void {
    const isNewest = (this.#ready.at(-1)?.sequenceNumber ?? 0) < item.sequenceNumber;
    const after = isNewest ? -1 : this.#ready.findIndex(({ sequenceNumber }) => sequenceNumber > item.sequenceNumber);
    this.#ready.splice(after < 0 ? this.#ready.length : after, 0, item);
  }

  #expire(items: readonly QueueItem<T>[]): void {
    if (items.length > 0) this.#unattended(this.#options.ended(items, "Expired"));
  }

  #sweep(): void {
    this.#alarm = undefined;
    const now = this.#now();
    for (const [token, { item, until }] of this.#locks) {
      if (until > now) continue;
      this.#locks.delete(token);
      this.#unattended(this.#countAndReturn(item));
    }
    const expired = this.#ready.filter(({ expiresAt }) => expiresAt <= now);
    if (expired.length > 0) this.#ready.splice(0, Infinity, ...this.#ready.filter(({ expiresAt }) => expiresAt > now));
    this.#expire(expired);
    for (const { expiresAt } of this.#ready) this.#wakeAt(expiresAt);
    for (const { until } of this.#locks.values()) this.#wakeAt(until);
  }

  // One alarm a queue, for the earliest lock or expiry.
  #wakeAt(at: number): void {
    if (at === Infinity || (this.#alarm !== undefined && this.#alarm.at <= at)) return;
    this.#alarm?.cancel();
    this.#alarm = { at, cancel: this.#options.clock.at(at, () => this.#sweep()) };
  }

  // What time does has no caller to hear of a full disk; the folder still holds the item, and it ends again after a restart.
  #unattended(written: Promise<void>): void {
    written.catch(() => undefined);
  }

  #now(): number {
    return this.#options.clock.now();
  }
}
