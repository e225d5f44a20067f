/** Opening links is itself limited by a hub, so a fleet's links are opened at a steady rate after a first burst. */

export interface AttachPaceOptions {
  /** Positive; may be infinite. */
  readonly perSecond: number;
  /** Links that may open at once after a quiet time. */
  readonly burst: number;
}

/** A token bucket with a queue. Monotonic time: a clock that jumps must not open or shut it. */
export class AttachPace {
  readonly #options: AttachPaceOptions;
  readonly #queue: (() => boolean)[] = [];
  #tokens: number;
  #filledAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AttachPaceOptions) {
    // Infinity times no time would be no number.
    this.#options = { ...options, perSecond: Math.min(options.perSecond, 1_000_000) };
    this.#tokens = options.burst;
  }

  /**
   * Runs `attach` now, or in its turn. It says whether it opened a link: one that nobody waits for any more must not use
   * up the rate, or a fleet that cannot open within its deadline would never get through.
   */
  enqueue(attach: () => boolean): void {
    this.#queue.push(attach);
    if (this.#timer === undefined) this.#run();
  }

  close(): void {
    clearTimeout(this.#timer);
    this.#queue.length = 0;
  }

  #run(): void {
    this.#timer = undefined;
    const { perSecond, burst } = this.#options;
    const now = performance.now();
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#filledAt) * perSecond) / 1000);
    this.#filledAt = now;
    while (this.#tokens >= 1) {
      const attach = this.#queue.shift();
      if (attach === undefined) return;
      if (attach()) this.#tokens -= 1;
    }
    if (this.#queue.length > 0)
      this.#timer = setTimeout(() => this.#run(), Math.ceil(((1 - this.#tokens) * 1000) / perSecond));
  }
}
