/** Asks one hub's registry for new devices: a few at once, and none for a while after it has said that it is too much. */
import type { Clock } from "../core/clock.ts";
import { fail, type Result } from "../core/failure.ts";
import { backoffMs, type Backoff, type Random } from "../core/backoff.ts";

/** The registry's own throttle: 100 operations a minute on the smallest hubs. */
const REGISTRY_RETRY: Backoff = { firstMs: 2_000, maxMs: 60_000 };
/** Calls at once per hub: bounds sockets, leaves room for twins. */
const MAX_ASKING = 16;

export interface RegistryPaceOptions {
  readonly clock: Clock;
  readonly random: Random;
}

export class RegistryPace {
  readonly #options: RegistryPaceOptions;
  readonly #waiting: (() => void)[] = [];
  #asking = 0;
  #failures = 0;
  /** Told apart by number, so that of many calls that fail together only one lengthens the pause. */
  #pauses = 0;
  #pausedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: RegistryPaceOptions) {
    this.#options = options;
  }

  /** Fails with `create_throttled`, without asking the hub, during a pause. */
  async run<T>(call: () => Promise<Result<T>>): Promise<Result<T>> {
    if (this.#asking < MAX_ASKING) this.#asking += 1;
    else await new Promise<void>((resolve) => this.#waiting.push(resolve));
    try {
      return await this.#ask(call);
    } finally {
      // The place goes to the longest waiting one, or is free.
      const next = this.#waiting.shift();
      if (next === undefined) this.#asking -= 1;
      else next();
    }
  }

  async #ask<T>(call: () => Promise<Result<T>>): Promise<Result<T>> {
    if (this.#options.clock.elapsed() < this.#pausedUntil) {
      return this.#paused("The hub limits how fast identities are created.");
    }
    const pauses = this.#pauses;
    const result = await call();
    if (result.ok) this.#failures = 0;
    else if (result.failure.code === "throttled") {
      if (pauses === this.#pauses) this.#pause(result.failure.notBefore);
      return this.#paused(result.failure.message);
    }
    return result;
  }

  #pause(notBefore: number | undefined): void {
    const { clock, random } = this.#options;
    this.#failures += 1;
    this.#pauses += 1;
    const wished = Math.min((notBefore ?? 0) - clock.now(), REGISTRY_RETRY.maxMs);
    this.#pausedUntil = clock.elapsed() + Math.max(wished, backoffMs(REGISTRY_RETRY, this.#failures, random));
  }

  #paused(message: string): { readonly ok: false; readonly failure: ReturnType<typeof fail>["failure"] } {
    const { clock } = this.#options;
    const notBefore = Math.ceil(clock.now() + Math.max(0, this.#pausedUntil - clock.elapsed()));
    return fail("create_throttled", message, { notBefore });
  }
}
