/**
 * Ids of Things as Para makes them: decimal digits that hold the time, the worker and a number within the millisecond, so
 * that they grow. They are above 2^53: texts, never numbers.
 */

/** Unix milliseconds; ids count from here. */
const EPOCH = 1_310_084_584_692n;
const TIME_SHIFT = 22n;
const WORKER_SHIFT = 12n;
const WORKERS = 32;
const IN_ONE_MS = 4_096;

export interface ThingIdsOptions {
  /** Unix milliseconds. */
  readonly now: () => number;
  /** From 0 to 31; servers that make Things in the same hub have different ones. */
  readonly worker: number;
}

/** Never makes an id twice: a clock that goes back, or 4,096 ids in one millisecond, borrow from the next milliseconds. */
export class ThingIds {
  readonly #now: () => number;
  readonly #worker: bigint;
  #lastMs = 0;
  #inMs = 0;

  /** Throws a `RangeError` for a worker that does not fit. */
  constructor({ now, worker }: ThingIdsOptions) {
    if (!Number.isInteger(worker) || worker < 0 || worker >= WORKERS) {
      throw new RangeError(`The worker is a number from 0 to ${WORKERS - 1}.`);
    }
    this.#now = now;
    this.#worker = BigInt(worker) << WORKER_SHIFT;
  }

  next(): string {
    const now = Math.floor(this.#now());
    if (now > this.#lastMs) {
      this.#lastMs = now;
      this.#inMs = 0;
    } else if (++this.#inMs === IN_ONE_MS) {
      this.#lastMs += 1;
      this.#inMs = 0;
    }
    return String(((BigInt(this.#lastMs) - EPOCH) << TIME_SHIFT) | this.#worker | BigInt(this.#inMs));
  }
}

/** When an id was made, unix milliseconds; `null`: it is none of this kind. */
export function thingIdTime(id: string): number | null {
  return /^[1-9]\d{0,18}$/.test(id) ? Number((BigInt(id) >> TIME_SHIFT) + EPOCH) : null;
}
