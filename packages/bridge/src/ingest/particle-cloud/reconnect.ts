/**
 * When a broken stream may be opened again. Particle's cloud allows 100 opens in 5 minutes and 100 streams at once from one
 * address; all sources of this server share that, with some room left for others behind the same address.
 */

/** Why a stream is not there. `refused` does not end by itself. */
export type BreakKind = "closed" | "unreachable" | "overloaded";

/** The first wait, never under 2 s, and the longest; it doubles with every failure in a row. */
const WAITS: Readonly<Record<BreakKind, { readonly first: number; readonly most: number }>> = {
  closed: { first: 2_000, most: 60_000 },
  unreachable: { first: 2_000, most: 120_000 },
  overloaded: { first: 5_000, most: 300_000 },
};
const MOST_RETRY_AFTER_MS = 15 * 60_000;

/** Milliseconds. `failures` in a row, from 1; up to half of the wait is added by chance, so that many do not come back at once. */
export function reconnectWait(
  kind: BreakKind,
  { failures, retryAfterMs = 0, random }: { failures: number; retryAfterMs?: number; random: () => number },
): number {
  const { first, most } = WAITS[kind];
  const wait = Math.min(most, first * 2 ** Math.min(failures - 1, 20)) * (1 + random() / 2);
  return Math.max(wait, Math.min(retryAfterMs, MOST_RETRY_AFTER_MS));
}

const WINDOW_MS = 5 * 60_000;
const OPENS_IN_WINDOW = 90;
const OPEN_AT_ONCE = 90;
const TRY_AGAIN_MS = 5_000;

interface Host {
  readonly openedAt: number[];
  open: number;
}

export class OpenBudget {
  readonly #hosts = new Map<string, Host>();

  /** Takes the right to open one stream; or says how many milliseconds to wait. `now` only grows. */
  take(host: string, now: number): number {
    const known = this.#hosts.get(host) ?? { openedAt: [], open: 0 };
    this.#hosts.set(host, known);
    while (known.openedAt.length > 0 && known.openedAt[0]! <= now - WINDOW_MS) known.openedAt.shift();
    if (known.open >= OPEN_AT_ONCE) return TRY_AGAIN_MS;
    if (known.openedAt.length >= OPENS_IN_WINDOW) return known.openedAt[0]! + WINDOW_MS - now;
    known.openedAt.push(now);
    known.open += 1;
    return 0;
  }

  /** The stream has ended, or never came to be. */
  release(host: string): void {
    const known = this.#hosts.get(host);
    if (known !== undefined) known.open -= 1;
  }
}
