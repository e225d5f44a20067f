/** Numbers that only grow, also over restarts: those of queued messages. */
import type { Journal } from "../journal/journal.ts";

/** A value to be written, as a journal takes it. */
export type Change = readonly [key: string, value: unknown];

const KEY = "sequence/queued";

export class Sequence {
  #last: number;

  constructor(journal: Journal) {
    this.#last = (journal.entries.get(KEY) as number | undefined) ?? 0;
  }

  /** The next number, and what to write together with the thing that gets it. */
  next(): { readonly number: number; readonly change: Change } {
    const number = ++this.#last;
    return { number, change: [KEY, number] };
  }
}
