/**
 * One limited operation: a bucket that holds the operations of a window. A burst is admitted while there are any; after it
 * operations wait in line at the limit's rate; those that would wait too long, or find the line full, are refused.
 */
import type { HubClock } from "../clock/clock.ts";

/** Longest wait in line, milliseconds. The service does not say; chosen below the time-outs of clients. */
const LONGEST_WAIT_MS = 10_000;
const MAX_WAITING = 1000;

export type ThrottleRefusal = "tooLong" | "tooMany";

export class Throttle {
  readonly limit: number;
  readonly windowMs: number;
  readonly #clock: HubClock;
  /** Operations still free; below zero: those that wait. */
  #free: number;
  #filledAt: number;
  #waiting = 0;

  constructor(clock: HubClock, { limit, windowMs }: { readonly limit: number; readonly windowMs: number }) {
    this.limit = limit;
    this.windowMs = windowMs;
    this.#clock = clock;
    this.#free = limit;
    this.#filledAt = clock.now();
  }

  get waiting(): number {
    return this.#waiting;
  }

  /** Whole operations that would be admitted now. */
  get available(): number {
    this.#fill();
    return Math.max(0, Math.floor(this.#free));
  }

  /** Admits so many operations at once (`undefined`) or later (a promise), or refuses them. */
  take(count: number): Promise<void> | undefined | ThrottleRefusal {
    this.#fill();
    const left = this.#free - count;
    // What is larger than the bucket goes through a full one, and empties it for long.
    if (left >= 0 || this.#free >= this.limit) {
      this.#free = left;
      return undefined;
    }
    const waitMs = Math.ceil((-left * this.windowMs) / this.limit);
    if (waitMs > LONGEST_WAIT_MS) return "tooLong";
    if (this.#waiting >= MAX_WAITING) return "tooMany";
    this.#free = left;
    this.#waiting++;
    return this.#clock.wait(waitMs).then(() => void this.#waiting--);
  }

  #fill(): void {
    const now = this.#clock.now();
    const filled = ((now - this.#filledAt) * this.limit) / this.windowMs;
    this.#free = Math.min(this.limit, this.#free + Math.max(0, filled));
    this.#filledAt = now;
  }
}
