/**
 * How fast a hub may be asked for one kind of thing (its registry, its queries): a few asks at once, none for a while after
 * it said that it is too much, and then one after the other with a distance that is learned: each refusal lengthens it,
 * each success shortens it a little. So a hub is asked at nearly its own pace and seldom refuses. Who asks says how long it
 * can wait.
 */
import { backoffMs, type Backoff, type Random } from "../core/backoff.ts";
import type { Clock } from "../core/clock.ts";
import { fail, type Failure, type Result } from "../core/failure.ts";

export interface HubPaceOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Asks under way at once. */
  readonly atOnce: number;
  /** How long nobody asks after a refusal, when the hub names no time. */
  readonly pause?: Backoff;
  /** The distance between two asks after the first refusal. */
  readonly firstDistanceMs?: number;
  /** Who finds more than that many waiting is told so at once. */
  readonly maxWaiting?: number;
}

const PAUSE: Backoff = { firstMs: 1_000, maxMs: 30_000 };

const LONGER = 1.5;
const SHORTER = 0.98;
const LONGEST_MS = 10_000;
/** Shorter ones are none. */
const SHORTEST_MS = 5;

interface Waiting {
  readonly go: (mayGo: boolean) => void;
}

export class HubPace {
  readonly #options: Required<HubPaceOptions>;
  readonly #waiting = new Set<Waiting>();
  readonly #sleeping = new Set<() => void>();
  #asking = 0;
  #refusals = 0;
  /** Told apart by number, so that of asks that are refused together only one lengthens the pause. */
  #pauses = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;
  /** Between two asks; 0: none is kept. */
  #distanceMs = 0;
  /** From which on the next ask may go. */
  #nextAt = Number.NEGATIVE_INFINITY;
  #isClosed = false;

  constructor({ pause = PAUSE, firstDistanceMs = 250, maxWaiting = 5_000, ...options }: HubPaceOptions) {
    this.#options = { pause, firstDistanceMs, maxWaiting, ...options };
  }

  /**
   * Asks when it is its turn, and again after a `throttled`, for at most `patienceMs`; then fails with `throttled` and the
   * time from which a try makes sense. Only for what does nothing when it is refused so.
   */
  async run<T>(ask: () => Promise<Result<T>>, patienceMs: number): Promise<Result<T>> {
    const { clock } = this.#options;
    const end = clock.elapsed() + patienceMs;
    if (!(await this.#turn(end))) return this.#throttled(null);
    try {
      let refused: Failure | null = null;
      for (;;) {
        const at = this.#soonest();
        if (this.#isClosed || at > end) return this.#throttled(refused);
        this.#nextAt = at + this.#distanceMs;
        // While it waited the hub may have refused somebody else.
        if (!(await this.#until(at))) continue;
        const pauses = this.#pauses;
        const result = await ask();
        if (result.ok || !isThrottled(result.failure)) {
          if (result.ok) this.#succeeded();
          return result;
        }
        refused = result.failure;
        if (pauses === this.#pauses) this.#pause(refused.notBefore);
      }
    } finally {
      this.#leave();
    }
  }

  /** Who waits is refused, and so is who comes. */
  close(): void {
    this.#isClosed = true;
    for (const { go } of this.#waiting) go(false);
    this.#waiting.clear();
    for (const wake of this.#sleeping) wake();
  }

  async #turn(end: number): Promise<boolean> {
    if (this.#isClosed) return false;
    const { atOnce, clock, maxWaiting } = this.#options;
    if (this.#asking < atOnce) {
      this.#asking += 1;
      return true;
    }
    if (this.#waiting.size >= maxWaiting) return false;
    return new Promise((resolve) => {
      const waiting: Waiting = {
        go: (mayGo) => {
          callOff();
          resolve(mayGo);
        },
      };
      const callOff = Number.isFinite(end)
        ? clock.after(end - clock.elapsed(), () => {
            this.#waiting.delete(waiting);
            resolve(false);
          })
        : () => undefined;
      this.#waiting.add(waiting);
    });
  }

  /** The place goes to the longest waiting one, or is free. */
  #leave(): void {
    const [next] = this.#waiting;
    if (next === undefined) {
      this.#asking -= 1;
      return;
    }
    this.#waiting.delete(next);
    next.go(true);
  }

  /** When the next ask may go, by `clock.elapsed`. */
  #soonest(): number {
    return Math.max(this.#options.clock.elapsed(), this.#pausedUntil, this.#nextAt);
  }

  /** False: one must not go after all. */
  async #until(at: number): Promise<boolean> {
    const { clock } = this.#options;
    const left = at - clock.elapsed();
    if (left <= 0) return true;
    const pauses = this.#pauses;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#sleeping.delete(wake);
        callOff();
        resolve();
      };
      const callOff = clock.after(left, wake);
      this.#sleeping.add(wake);
    });
    return pauses === this.#pauses && !this.#isClosed;
  }

  #succeeded(): void {
    this.#refusals = 0;
    const shorter = this.#distanceMs * SHORTER;
    this.#distanceMs = shorter < SHORTEST_MS ? 0 : shorter;
  }

  #pause(notBefore: number | undefined): void {
    const { clock, random, pause, firstDistanceMs } = this.#options;
    this.#refusals += 1;
    this.#pauses += 1;
    const asked = Math.min((notBefore ?? 0) - clock.now(), pause.maxMs);
    this.#pausedUntil = clock.elapsed() + Math.max(asked, backoffMs(pause, this.#refusals, random));
    this.#distanceMs = Math.min(LONGEST_MS, Math.max(firstDistanceMs, this.#distanceMs * LONGER));
    this.#nextAt = this.#pausedUntil;
  }

  #throttled(refused: Failure | null): ReturnType<typeof fail> {
    const { clock, pause } = this.#options;
    const message = refused?.message ?? "Too much waits for the hub, which limits how fast it is asked.";
    const wait = Math.max(this.#soonest() - clock.elapsed(), pause.firstMs);
    return fail("throttled", message, { notBefore: Math.ceil(clock.now() + wait) });
  }
}

function isThrottled({ code }: Failure): boolean {
  return code === "throttled" || code === "create_throttled";
}
