/** What waits for its time, the nearest first: a binary heap from which anything can be taken, not just the top. */

export interface Due {
  /** Unix milliseconds. */
  readonly at: number;
  readonly run: () => void;
  /** Removed after it had left the heap to be run. */
  cancelled: boolean;
  /** Orders what is due at the same time by when it was added. */
  readonly number: number;
  /** Its place in the heap; -1 outside. */
  place: number;
}

export class DueHeap {
  readonly #entries: Due[] = [];
  #added = 0;

  /** The nearest, which stays. */
  get next(): Due | undefined {
    return this.#entries[0];
  }

  add(at: number, run: () => void): Due {
    const entry: Due = { at, run, cancelled: false, number: this.#added++, place: -1 };
    this.#entries.push(entry);
    this.#put(entry, this.#entries.length - 1);
    this.#rise(entry);
    return entry;
  }

  /** Whether it was the nearest. */
  remove(entry: Due): boolean {
    const { place } = entry;
    if (place < 0) {
      entry.cancelled = true;
      return false;
    }
    const last = this.#entries.pop() as Due;
    entry.place = -1;
    if (last !== entry) {
      this.#put(last, place);
      this.#rise(last);
      this.#sink(last);
    }
    return place === 0;
  }

  #put(entry: Due, place: number): void {
    this.#entries[place] = entry;
    entry.place = place;
  }

  #rise(entry: Due): void {
    while (entry.place > 0) {
      const parent = this.#entries[(entry.place - 1) >> 1] as Due;
      if (!before(entry, parent)) return;
      this.#swap(entry, parent);
    }
  }

  #sink(entry: Due): void {
    for (;;) {
      const left = this.#entries[2 * entry.place + 1];
      const right = this.#entries[2 * entry.place + 2];
      const child = right !== undefined && left !== undefined && before(right, left) ? right : left;
      if (child === undefined || !before(child, entry)) return;
      this.#swap(entry, child);
    }
  }

  #swap(a: Due, b: Due): void {
    const place = a.place;
    this.#put(a, b.place);
    this.#put(b, place);
  }
}

function before(a: Due, b: Due): boolean {
  return a.at < b.at || (a.at === b.at && a.number < b.number);
}
