/**
 * How fast one hub is written to: as fast as it goes, until it says that it is too much. Then the distance between two
 * writes doubles, and shrinks again with each that the hub takes.
 */
import { backoffMs, type Backoff, type Random } from "../../core/backoff.ts";
import type { Clock } from "../../core/clock.ts";
import type { Failure } from "../../core/failure.ts";

const PAUSE: Backoff = { firstMs: 1_000, maxMs: 30_000 };
/** The smallest hubs take 50 changes of twins a second. */
const FIRST_DISTANCE_MS = 10;
const LONGEST_DISTANCE_MS = 1_000;
const SHRINKING = 0.98;
const LONGEST_WISH_MS = 60 * 60_000;

export class PushPace {
  readonly #clock: Clock;
  readonly #random: Random;
  #distanceMs = 0;
  /** On the growing clock. */
  #nextAt = Number.NEGATIVE_INFINITY;
  #pausedAt = Number.NEGATIVE_INFINITY;
  #failures = 0;

  constructor({ clock, random }: { readonly clock: Clock; readonly random: Random }) {
    this.#clock = clock;
    this.#random = random;
  }

  /** Whole milliseconds until the next may begin. */
  waitMs(): number {
    return Math.max(0, Math.ceil(this.#nextAt - this.#clock.elapsed()));
  }

  begun(): void {
    this.#nextAt = Math.max(this.#nextAt, this.#clock.elapsed()) + this.#distanceMs;
  }

  taken(): void {
    this.#failures = 0;
    this.#distanceMs = this.#distanceMs < 1 ? 0 : this.#distanceMs * SHRINKING;
  }

  /** Of many that were under way only the first makes it slower. */
  throttled({ notBefore }: Failure, begunAt: number): void {
    if (begunAt < this.#pausedAt) return;
    this.#failures += 1;
    this.#pausedAt = this.#clock.elapsed();
    this.#distanceMs = Math.min(LONGEST_DISTANCE_MS, Math.max(FIRST_DISTANCE_MS, this.#distanceMs * 2));
    const wish = Math.min((notBefore ?? 0) - this.#clock.now(), LONGEST_WISH_MS);
    this.#nextAt = this.#pausedAt + Math.max(wish, backoffMs(PAUSE, this.#failures, this.#random));
  }
}
