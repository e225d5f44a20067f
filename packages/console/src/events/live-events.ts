/**
 * Events that come faster than anybody reads, as a list that stays readable: a few at a time, the newest of them, at most so
 * many in all. What is left out is counted. Frames are parsed only when they are shown.
 */
import type { ShownEvent } from "./event.ts";

/** Rows that stay; those that enter with one turn; frames that wait for it. */
const LIMITS = { rows: 500, turn: 20, waiting: 500 } as const;

export interface LiveList {
  /** Newest first. */
  readonly events: readonly ShownEvent[];
  /** Frames that came and are not among them. */
  readonly leftOut: number;
  /** Frames that wait until the list goes on. */
  readonly waiting: number;
}

const EMPTY: LiveList = { events: [], leftOut: 0, waiting: 0 };

export class LiveEvents {
  #list: LiveList = EMPTY;
  /** Oldest first; `#came` counts those that were dropped too. */
  #frames: string[] = [];
  #came = 0;

  get list(): LiveList {
    return this.#list;
  }

  /** Takes one frame's data: a line of JSON. */
  take(frame: string): void {
    this.#came += 1;
    this.#frames.push(frame);
    // Dropped by halves, so that a flood costs a move of the array only now and then.
    if (this.#frames.length >= 2 * LIMITS.waiting) this.#frames = this.#frames.slice(-LIMITS.waiting);
  }

  /** Shows what waits; `held`: only counts it. False when nothing changes. */
  turn({ held }: { readonly held: boolean }): boolean {
    if (held) {
      if (this.#came === this.#list.waiting) return false;
      this.#list = { ...this.#list, waiting: this.#came };
      return true;
    }
    if (this.#came === 0) return false;
    // After a pause more may enter at once: nobody is reading yet.
    const most = this.#list.waiting > 0 ? LIMITS.rows : LIMITS.turn;
    const entering = this.#frames.slice(-most).flatMap(parsed).toReversed();
    const events = [...entering, ...this.#list.events].slice(0, LIMITS.rows);
    const leftOut = this.#list.leftOut + this.#came - Math.min(this.#came, this.#frames.length, most);
    this.#frames = [];
    this.#came = 0;
    this.#list = { events, leftOut, waiting: 0 };
    return true;
  }

  clear(): void {
    this.#frames = [];
    this.#came = 0;
    this.#list = EMPTY;
  }
}

/** A frame that is none is nothing. */
function parsed(frame: string): readonly ShownEvent[] {
  try {
    return [JSON.parse(frame) as ShownEvent];
  } catch {
    return [];
  }
}
