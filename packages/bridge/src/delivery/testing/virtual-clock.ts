/** A clock that moves only when told to, from one timer to the next. Timers due at the same time fire in the order they were set. */
import type { Clock } from "../../core/clock.ts";

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly work: () => void;
  cancelled: boolean;
}

/** A Tuesday noon, Unix milliseconds. */
const BEGIN = 1_760_443_200_000;

export class VirtualClock implements Clock {
  #elapsed = 0;
  #wallOffset = BEGIN;
  #order = 0;
  /** A binary heap by time and order. */
  readonly #heap: Timer[] = [];

  now(): number {
    return Math.floor(this.#wallOffset + this.#elapsed);
  }

  elapsed(): number {
    return this.#elapsed;
  }

  after(ms: number, work: () => void): () => void {
    const timer: Timer = { at: this.#elapsed + Math.max(0, ms), order: this.#order++, work, cancelled: false };
    this.#push(timer);
    return () => {
      timer.cancelled = true;
    };
  }

  /** Resolves when virtual time has come that far. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => this.after(ms, resolve));
  }

  /** Somebody sets the machine's clock. */
  jump(ms: number): void {
    this.#wallOffset += ms;
  }

  /** Moves to the next timer and lets all that follows from it happen. False when there is none. */
  async step(): Promise<boolean> {
    const timer = this.#pop();
    if (timer === undefined) return false;
    if (timer.cancelled) return true;
    this.#elapsed = timer.at;
    timer.work();
    await settled();
    return true;
  }

  /** Moves on until the condition holds; false when virtual time is up before. */
  async until(condition: () => boolean, withinMs: number): Promise<boolean> {
    const end = this.#elapsed + withinMs;
    await settled();
    while (!condition()) {
      if (this.#elapsed > end || !(await this.step())) return condition();
    }
    return true;
  }

  async advance(ms: number): Promise<void> {
    let over = false;
    this.after(ms, () => {
      over = true;
    });
    await this.until(() => over, ms + 1);
  }

  #push(timer: Timer): void {
    const heap = this.#heap;
    let i = heap.push(timer) - 1;
    while (i > 0) {
      const parent = (i - 1) >> 1;
      if (!before(timer, heap[parent]!)) break;
      heap[i] = heap[parent]!;
      i = parent;
    }
    heap[i] = timer;
  }

  #pop(): Timer | undefined {
    const heap = this.#heap;
    const top = heap[0];
    const last = heap.pop();
    if (last === undefined || heap.length === 0) return top;
    let i = 0;
    for (;;) {
      let child = 2 * i + 1;
      if (child >= heap.length) break;
      if (child + 1 < heap.length && before(heap[child + 1]!, heap[child]!)) child += 1;
      if (!before(heap[child]!, last)) break;
      heap[i] = heap[child]!;
      i = child;
    }
    heap[i] = last;
    return top;
  }
}

function before(a: Timer, b: Timer): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order);
}

/** All promise reactions have run: a turn of the event loop comes after them. */
function settled(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
