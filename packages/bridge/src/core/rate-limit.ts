/**
 * How often each of many may do something: on average one in `intervalMs`, `burst` at once. Per key one number is kept, the moment
 * at which its allowance is full again (the generic cell rate algorithm), so that taking costs one look-up and no timer.
 */

export interface Rate {
  /** Milliseconds between two, on average. */
  readonly intervalMs: number;
  readonly burst: number;
}

/** Keys in memory at most. Who is forgotten starts with a full allowance. */
const DEFAULT_CAPACITY = 100_000;

export interface RateLimitOptions {
  readonly rate: Rate;
  /** Milliseconds since some moment; only grows. */
  readonly elapsed: () => number;
  readonly capacity?: number;
}

export class RateLimit {
  readonly #rate: Rate;
  readonly #elapsed: () => number;
  readonly #capacity: number;
  /** When a key's allowance is full again. */
  readonly #fullAt = new Map<string, number>();

  constructor({ rate, elapsed, capacity = DEFAULT_CAPACITY }: RateLimitOptions) {
    this.#rate = rate;
    this.#elapsed = elapsed;
    this.#capacity = capacity;
  }

  /** Keys in memory. */
  get size(): number {
    return this.#fullAt.size;
  }

  /**
   * Takes one, or `count` at once: these are let through whole when one would be, and have to be waited for afterwards.
   * Returns 0, or the milliseconds to wait; then nothing was taken.
   */
  take(key: string, count = 1): number {
    const { intervalMs, burst } = this.#rate;
    const now = this.#elapsed();
    const known = this.#fullAt.get(key);
    const fullAt = known === undefined || known < now ? now : known;
    const wait = fullAt + intervalMs - (now + burst * intervalMs);
    if (wait > 0) return wait;
    if (known === undefined && this.#fullAt.size >= this.#capacity) this.#makeRoom(now);
    this.#fullAt.set(key, fullAt + count * intervalMs);
    return 0;
  }

  /** Those with a full allowance need no memory; if all are busy, a tenth, known longest, is forgotten. */
  #makeRoom(now: number): void {
    for (const [key, fullAt] of this.#fullAt) if (fullAt <= now) this.#fullAt.delete(key);
    let surplus = this.#fullAt.size - Math.floor(this.#capacity * 0.9);
    for (const key of this.#fullAt.keys()) {
      if (surplus-- <= 0) break;
      this.#fullAt.delete(key);
    }
  }
}

/** At the door of publishing, whatever the door. */
export interface DeviceRate {
  /** Milliseconds that the device has to wait; 0: go. */
  take(deviceId: string, count?: number): number;
}

export const UNLIMITED: DeviceRate = { take: () => 0 };
