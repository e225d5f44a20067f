/** Places for work that costs memory while it lasts: so many in all, and of them only a part for one tenant. */

interface PlacesOptions {
  readonly total: number;
  /** Of one tenant: the others always find room. */
  readonly each: number;
}

export class Places {
  readonly #options: PlacesOptions;
  readonly #taken = new Map<string, number>();
  #total = 0;

  constructor(options: PlacesOptions) {
    this.#options = options;
  }

  /** Takes a place; the result gives it back, once. `null` when there is none. */
  take(tenant: string): (() => void) | null {
    const taken = this.#taken.get(tenant) ?? 0;
    if (this.#total >= this.#options.total || taken >= this.#options.each) return null;
    this.#total += 1;
    this.#taken.set(tenant, taken + 1);
    let isInside = true;
    return () => {
      if (isInside) this.#leave(tenant);
      isInside = false;
    };
  }

  #leave(tenant: string): void {
    const left = (this.#taken.get(tenant) ?? 0) - 1;
    this.#total -= 1;
    if (left > 0) this.#taken.set(tenant, left);
    else this.#taken.delete(tenant);
  }
}
