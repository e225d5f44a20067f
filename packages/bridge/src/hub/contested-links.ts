/**
 * Devices whose links somebody else takes away: a hub lets each identity send over one connection, and the newest wins.
 * Taking the link back at once, each time, would throw out whoever else it is for ever; so it is left to them for a
 * while, and for ever longer when it is taken again.
 */
import type { Failure } from "../core/failure.ts";

const FIRST_MS = 5_000;
const LONGEST_MS = 5 * 60_000;
/** A link that nobody has taken for so long is no longer contested. */
const PEACE_MS = 10 * 60_000;
/** Devices in memory at most; the longest known gives way. */
const MAX_DEVICES = 10_000;

interface Contest {
  readonly times: number;
  /** Unix milliseconds. */
  readonly takenAt: number;
  readonly notBefore: number;
}

export class ContestedLinks {
  readonly #now: () => number;
  readonly #contests = new Map<string, Contest>();

  /** `now`: Unix milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Somebody else has taken the device's link. */
  taken(deviceId: string): void {
    const now = this.#now();
    const known = this.#contests.get(deviceId);
    const times = known === undefined || now - known.takenAt > PEACE_MS ? 1 : known.times + 1;
    const notBefore = now + Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(times - 1, 10));
    this.#contests.delete(deviceId);
    this.#contests.set(deviceId, { times, takenAt: now, notBefore });
    if (this.#contests.size <= MAX_DEVICES) return;
    const oldest = this.#contests.keys().next();
    if (!oldest.done) this.#contests.delete(oldest.value);
  }

  /** Why the device's link is not taken back now; `null` when it may be. */
  failure(deviceId: string): Failure | null {
    const contest = this.#contests.size === 0 ? undefined : this.#contests.get(deviceId);
    const now = this.#now();
    // A clock that was set back must not shut a device out.
    if (contest === undefined || now >= contest.notBefore || now < contest.takenAt) return null;
    const message = "The identity is also used elsewhere: somebody else has taken over its connection.";
    return { code: "identity_in_use", message, notBefore: contest.notBefore };
  }
}
