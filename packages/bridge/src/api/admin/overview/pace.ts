/** Events per second of an account, from counters that only grow: what was counted between two looks, by the time between them. */
import { Recent } from "../../../core/recent.ts";

/** What was counted up to a moment, unix milliseconds. */
export interface Counted {
  readonly at: number;
  /** Events accepted, and deliveries that reached their target. */
  readonly accepted: number;
  readonly delivered: number;
}

export interface Pace {
  readonly in_per_second: number;
  readonly out_per_second: number;
}

/** Looks that lie closer together tell nothing. */
const SHORTEST_MS = 900;
/** A pace is that of so long at most. */
const WINDOW_MS = 10_000;
const MAX_ACCOUNTS = 1_000;

export class Paces {
  readonly #looks = new Recent<string, readonly Counted[]>(MAX_ACCOUNTS);

  /** `null` at the first look, and after a longer time without one. */
  look(accountId: string, now: Counted): Pace | null {
    const recent = (this.#looks.get(accountId) ?? []).filter(({ at }) => at < now.at && now.at - at <= WINDOW_MS);
    const newest = recent.at(-1);
    const isNews = newest === undefined || now.at - newest.at >= SHORTEST_MS;
    this.#looks.set(accountId, isNews ? [...recent, now] : recent);
    const [oldest] = recent;
    if (oldest === undefined || now.at - oldest.at < SHORTEST_MS) return null;
    const seconds = (now.at - oldest.at) / 1_000;
    return {
      in_per_second: Math.max(0, (now.accepted - oldest.accepted) / seconds),
      out_per_second: Math.max(0, (now.delivered - oldest.delivered) / seconds),
    };
  }
}
