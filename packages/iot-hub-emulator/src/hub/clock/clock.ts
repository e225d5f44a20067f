/**
 * The clock that all of the hub goes by. It runs with the machine's, and can be moved ahead, stopped and let go again, so
 * that a test need not wait for a token, a message or a quota to run out. It never goes back.
 */
import { HubError } from "../errors.ts";
import { DueHeap } from "./due-heap.ts";
import type { Due } from "./due-heap.ts";

/** Longest delay that a timer of Node holds, in milliseconds. */
const LONGEST_DELAY = 2 ** 31 - 1;
/** How far the clock can be moved: what comes later is still a date of four digits, with a year to spare for what expires. */
export const END_OF_TIME: number = Date.UTC(9999, 0);
/** Work that schedules itself anew is not followed step by step through a jump of years. */
const MAX_STEPS = 10_000;

export class HubClock {
  /** Unix milliseconds. Needs no `this`. */
  readonly now: () => number;
  readonly #base: () => number;
  readonly #due = new DueHeap();
  readonly #jumpListeners = new Set<() => void>();
  #offset = 0;
  #frozenAt: number | undefined;
  #timer: NodeJS.Timeout | undefined;
  #closed = false;

  /** `base` is the clock below: the machine's, or a test's own. */
  constructor(base: () => number = Date.now) {
    this.#base = base;
    this.now = () => this.#frozenAt ?? base() + this.#offset;
  }

  get frozen(): boolean {
    return this.#frozenAt !== undefined;
  }

  /**
   * Runs once at or after a time of this clock, never within this call; returns what cancels it. `run` must not throw.
   * What waits here does not keep the process alive.
   */
  at(unixMs: number, run: () => void): () => void {
    const entry = this.#due.add(unixMs, run);
    if (this.#due.next === entry) this.#arm();
    return () => {
      if (this.#due.remove(entry)) this.#arm();
    };
  }

  /** Resolves so many milliseconds of this clock later; never when the hub closes before. */
  wait(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.at(this.now() + ms, resolve);
    });
  }

  /** Moves the clock ahead and runs all that became due, in the order of its time. Throws `ArgumentInvalid`. */
  advance(ms: number): void {
    const target = this.now() + ms;
    if (!(ms >= 0 && target <= END_OF_TIME)) {
      throw new HubError(
        "ArgumentInvalid",
        "The clock can be moved ahead by 0 or more milliseconds, and not past its end.",
      );
    }
    for (let steps = 0; steps < MAX_STEPS; steps++) {
      const next = this.#due.next;
      if (next === undefined || next.at > target) break;
      this.#due.remove(next);
      this.#moveTo(next.at);
      next.run();
    }
    this.#moveTo(target);
    this.#runDue();
    for (const listener of this.#jumpListeners) listener();
  }

  /** Stops the clock where it is; `advance` still moves it. */
  freeze(): void {
    this.#frozenAt ??= this.now();
    this.#arm();
  }

  /** Lets a stopped clock run on from where it stands. */
  resume(): void {
    if (this.#frozenAt === undefined) return;
    this.#offset = this.#frozenAt - this.#base();
    this.#frozenAt = undefined;
    this.#arm();
  }

  /** Calls back after each jump, when everything due has run; returns the unsubscribe function. Listeners must not throw. */
  onJump(listener: () => void): () => void {
    this.#jumpListeners.add(listener);
    return () => this.#jumpListeners.delete(listener);
  }

  /** Nothing that waits here runs any more. */
  close(): void {
    this.#closed = true;
    clearTimeout(this.#timer);
  }

  #moveTo(time: number): void {
    const ahead = time - this.now();
    if (ahead <= 0) return;
    if (this.#frozenAt === undefined) this.#offset += ahead;
    else this.#frozenAt += ahead;
  }

  // What is added while this runs waits for the next turn: work that is always due at once must not hold up the rest.
  #runDue(): void {
    const now = this.now();
    const due: Due[] = [];
    for (let next = this.#due.next; next !== undefined && next.at <= now; next = this.#due.next) {
      this.#due.remove(next);
      due.push(next);
    }
    for (const entry of due) if (!entry.cancelled) entry.run();
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    const next = this.#due.next;
    if (next === undefined || this.#frozenAt !== undefined || this.#closed) return;
    const delay = Math.min(Math.max(next.at - this.now(), 1), LONGEST_DELAY);
    this.#timer = setTimeout(() => this.#runDue(), delay).unref();
  }
}
