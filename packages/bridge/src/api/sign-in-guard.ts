/** Slows down guessing: ten wrong passwords in a row for one account from one address lock that pair for half an hour. */
import { Recent } from "../core/recent.ts";

const MAX_FAILURES = 10;
const LOCK_MS = 30 * 60_000;
/** Bounds the memory that guessing can cost. */
const MAX_PAIRS = 10_000;

interface Failures {
  readonly count: number;
  /** Unix milliseconds. */
  readonly last: number;
}

export class SignInGuard {
  readonly #failures = new Recent<string, Failures>(MAX_PAIRS);
  readonly #now: () => number;

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Seconds until the pair may try again; 0 when it may now. */
  lockedFor(username: string, address: string): number {
    const failures = this.#recent(pair(username, address));
    if (failures === undefined || failures.count < MAX_FAILURES) return 0;
    return Math.ceil((failures.last + LOCK_MS - this.#now()) / 1000);
  }

  failed(username: string, address: string): void {
    const key = pair(username, address);
    const count = (this.#recent(key)?.count ?? 0) + 1;
    this.#failures.set(key, { count, last: this.#now() });
  }

  succeeded(username: string, address: string): void {
    this.#failures.delete(pair(username, address));
  }

  #recent(key: string): Failures | undefined {
    const failures = this.#failures.get(key);
    if (failures === undefined || this.#now() - failures.last < LOCK_MS) return failures;
    this.#failures.delete(key);
    return undefined;
  }
}

function pair(username: string, address: string): string {
  return `${address}\n${username.toLowerCase()}`;
}
