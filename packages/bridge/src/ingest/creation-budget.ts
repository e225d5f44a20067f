/** How many devices a source may bring: a whole fleet at once, and then no more than a stolen secret should make. */

const AT_ONCE = 10_000;
const PER_SECOND = 10;

interface Budget {
  left: number;
  at: number;
}

export class CreationBudget {
  readonly #budgets = new Map<string, Budget>();
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Whether the source may bring one more now. */
  take(sourceId: string): boolean {
    const now = this.#now();
    const budget = this.#budgets.get(sourceId) ?? { left: AT_ONCE, at: now };
    const refilled = budget.left + (Math.max(0, now - budget.at) / 1000) * PER_SECOND;
    const left = Math.min(AT_ONCE, refilled);
    this.#budgets.set(sourceId, { left: left >= 1 ? left - 1 : left, at: now });
    return left >= 1;
  }
}
