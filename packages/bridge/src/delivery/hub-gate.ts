/**
 * Whether a hub takes messages now. Hub-wide trouble closes the gate for all lanes at once, so that a dead hub costs one
 * probe now and then instead of one try per device, and no event's attempts.
 */
import type { Failure, FailureCode } from "../core/failure.ts";
import { backoffMs, type Backoff } from "./backoff.ts";

const DEFAULT: Backoff = { firstMs: 1_000, maxMs: 60_000 };
// The quota ends at midnight UTC, but units may be added before.
const QUOTA: Backoff = { firstMs: 60_000, maxMs: 15 * 60_000 };

const BACKOFF: Partial<Record<FailureCode, Backoff>> = {
  quota_exceeded: QUOTA,
  hub_unreachable: { firstMs: 500, maxMs: 10_000 },
  hub_error: { firstMs: 500, maxMs: 30_000 },
};

export type Pass = "open" | "probe" | "closed";

export class HubGate {
  readonly #now: () => number;
  readonly #onReopen: () => void;
  #failure: Failure | null = null;
  #failures = 0;
  #nextProbeAt = 0;
  #probing = false;
  #timer: NodeJS.Timeout | undefined;

  /** `onReopen` is called when lanes should try again: to probe, or because the hub answers. */
  constructor(onReopen: () => void, now: () => number = Date.now) {
    this.#onReopen = onReopen;
    this.#now = now;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  /** Unix milliseconds; `null` while open. */
  get nextProbeAt(): number | null {
    return this.#failure === null ? null : this.#nextProbeAt;
  }

  /** Asks to send. A `probe` must be followed by `opened` or `close`. */
  pass(): Pass {
    if (this.#failure === null) return "open";
    if (this.#probing || this.#now() < this.#nextProbeAt) return "closed";
    this.#probing = true;
    return "probe";
  }

  /** The hub answered. Returns the failure that has ended, if the gate was closed. */
  opened(): Failure | null {
    const ended = this.#failure;
    if (ended === null) return null;
    this.#failure = null;
    this.#failures = 0;
    this.#probing = false;
    clearTimeout(this.#timer);
    this.#onReopen();
    return ended;
  }

  /** Hub-wide trouble. Sends that were under way when the gate closed report it again: they do not lengthen the wait. */
  close(failure: Failure): boolean {
    const first = this.#failure === null;
    if (!first && !this.#probing) return false;
    this.#failure = failure;
    this.#failures += 1;
    this.#probing = false;
    const wait = backoffMs(BACKOFF[failure.code] ?? DEFAULT, this.#failures);
    this.#nextProbeAt = this.#now() + wait;
    this.wake();
    return first;
  }

  /** A probe that ended without telling anything about the hub. */
  release(): void {
    if (!this.#probing) return;
    this.#probing = false;
    this.wake();
  }

  /** Someone waits at the closed gate: makes sure that `onReopen` comes when the next probe may go. */
  wake(): void {
    if (this.#failure === null || this.#probing) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#onReopen, Math.max(0, this.#nextProbeAt - this.#now()) + 5);
    this.#timer.unref();
  }

  stop(): void {
    clearTimeout(this.#timer);
  }
}
