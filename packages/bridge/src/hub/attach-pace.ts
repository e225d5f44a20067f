/** Opening links is itself limited by a hub, so a fleet's links are opened at a steady rate after a first burst. */

export interface AttachPaceOptions {
  readonly perSecond: number;
  /** Links that may open at once after a quiet time. */
  readonly burst: number;
}

/** A token bucket with a queue. Monotonic time: a clock that jumps must not open or shut it. */
export class AttachPace {
  readonly #options: AttachPaceOptions;
  readonly #queue: (() => void)[] = [];
  #tokens: number;
  #filledAt = performance.now();
  #timer: NodeJS.Timeout | undefined;

  constructor(options: AttachPaceOptions) {
    this.#options = options;
    this.#tokens = options.burst;
  }

  /** Runs `attach` now, or in its turn. */
  enqueue(attach: () => void): void {
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
      this.#tokens -= 1;
      attach();
    }
    if (this.#queue.length > 0)
      this.#timer = setTimeout(() => this.#run(), Math.ceil(((1 - this.#tokens) * 1000) / perSecond));
  }
}
