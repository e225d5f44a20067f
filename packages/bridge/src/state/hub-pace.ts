/**
 * How fast a hub may be asked for one kind of thing (its registry, its queries): a few asks at once, none for a while after
 * it said that it is too much, and then again. Who asks says how long it can wait.
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
  /** Who finds more than that many waiting is told so at once. */
  readonly maxWaiting?: number;
}

const PAUSE: Backoff = { firstMs: 1_000, maxMs: 30_000 };

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
  #isClosed = false;

  constructor({ pause = PAUSE, maxWaiting = 5_000, ...options }: HubPaceOptions) {
    this.#options = { pause, maxWaiting, ...options };
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
        if (this.#isClosed || this.#pausedUntil > end) return this.#throttled(refused);
        if (!(await this.#pauseIsOver())) continue;
        const pauses = this.#pauses;
        const result = await ask();
        if (result.ok || !isThrottled(result.failure)) {
          if (result.ok) this.#refusals = 0;
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

  /** False after it had to wait: it may be longer by now. */
  async #pauseIsOver(): Promise<boolean> {
    const { clock } = this.#options;
    const left = this.#pausedUntil - clock.elapsed();
    if (left <= 0) return true;
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        this.#sleeping.delete(wake);
        callOff();
        resolve();
      };
      const callOff = clock.after(left, wake);
      this.#sleeping.add(wake);
    });
    return false;
  }

  #pause(notBefore: number | undefined): void {
    const { clock, random, pause } = this.#options;
    this.#refusals += 1;
    this.#pauses += 1;
    const asked = Math.min((notBefore ?? 0) - clock.now(), pause.maxMs);
    this.#pausedUntil = clock.elapsed() + Math.max(asked, backoffMs(pause, this.#refusals, random));
  }

  #throttled(refused: Failure | null): ReturnType<typeof fail> {
    const { clock, pause } = this.#options;
    const message = refused?.message ?? "Too much waits for the hub, which limits how fast it is asked.";
    const wait = Math.max(this.#pausedUntil - clock.elapsed(), pause.firstMs);
    return fail("throttled", message, { notBefore: Math.ceil(clock.now() + wait) });
  }
}

function isThrottled({ code }: Failure): boolean {
  return code === "throttled" || code === "create_throttled";
}
