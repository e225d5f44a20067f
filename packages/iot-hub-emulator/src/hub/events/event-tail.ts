/** The newest events of one partition, in memory, bounded in bytes: the oldest leave when new ones come. */
import type { StoredEvent } from "./event-stream.ts";

/** What an event costs beside its message: the objects around it. */
const OVERHEAD_BYTES = 500;

export class EventTail {
  readonly #limit: number;
  // A queue: events before #head have left, and are cut off now and then.
  #events: (StoredEvent | undefined)[] = [];
  #head = 0;
  #bytes = 0;

  constructor(limitBytes: number) {
    this.#limit = limitBytes;
  }

  get length(): number {
    return this.#events.length - this.#head;
  }

  get first(): StoredEvent | undefined {
    return this.#events[this.#head];
  }

  get last(): StoredEvent | undefined {
    return this.length === 0 ? undefined : this.#events.at(-1);
  }

  push(event: StoredEvent): void {
    this.#events.push(event);
    this.#bytes += costOf(event);
    // The newest event stays whatever its size: readers must get it from somewhere.
    while (this.#bytes > this.#limit && this.length > 1) this.#shift();
  }

  /** Forgets events older than this time. */
  dropBefore(enqueuedTime: number): void {
    while (this.first !== undefined && this.first.enqueuedTime < enqueuedTime) this.#shift();
  }

  /** Events from a sequence number on that must not be older than the first. */
  read(from: number, maxBytes: number): readonly StoredEvent[] {
    const start = this.#head + Math.max(0, from - (this.first?.sequenceNumber ?? from));
    let end = start;
    for (let bytes = 0; end < this.#events.length; end++) {
      bytes += this.#events[end]?.message.byteLength ?? 0;
      if (bytes > maxBytes && end > start) break;
    }
    return this.#events.slice(start, end) as readonly StoredEvent[];
  }

  /** The first event for which `isAtOrAfter` holds, given that it holds for all after it. */
  search(isAtOrAfter: (event: StoredEvent) => boolean): StoredEvent | undefined {
    let [low, high] = [this.#head, this.#events.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      const event = this.#events[middle];
      if (event !== undefined && isAtOrAfter(event)) high = middle;
      else low = middle + 1;
    }
    return this.#events[low];
  }

  #shift(): void {
    const event = this.#events[this.#head];
    if (event === undefined) return;
    this.#bytes -= costOf(event);
    this.#events[this.#head++] = undefined;
    // Cut only when half is gone, so that each event is moved once on average.
    if (this.#head > 1000 && this.#head * 2 > this.#events.length) {
      this.#events = this.#events.slice(this.#head);
      this.#head = 0;
    }
  }
}

function costOf(event: StoredEvent): number {
  return event.message.length + OVERHEAD_BYTES;
}
