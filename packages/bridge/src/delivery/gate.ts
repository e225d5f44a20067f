/**
 * Whether a hub takes messages now. Hub-wide trouble closes the gate for all lanes at once, so that a dead hub costs one
 * probe now and then instead of one try per device, and no event's attempts.
 *
 * While the gate is closed only its probe tells anything new. Sends that were under way when it closed report the past:
 * their failures do not lengthen the wait and their successes do not open.
 */
import type { Clock } from "../core/clock.ts";
import type { Failure, FailureCode } from "../core/failure.ts";
import { backoffMs, type Backoff, type Random } from "../core/backoff.ts";

const DEFAULT: Backoff = { firstMs: 1_000, maxMs: 60_000 };
/** A key or a permission is mended by people, who are not waited for: a change of the integration is tried at once. */
const BY_PEOPLE: Backoff = { firstMs: 60_000, maxMs: 60_000 };

const BACKOFF: Partial<Record<FailureCode, Backoff>> = {
  key_refused: BY_PEOPLE,
  permission_missing: BY_PEOPLE,
  hub_unreachable: { firstMs: 500, maxMs: 10_000 },
  hub_error: { firstMs: 500, maxMs: 30_000 },
};

/** The quota ends at midnight UTC, but units may be added before. */
const QUOTA_PROBE_MS = 15 * 60_000;
/** All who wait for midnight should not come at its first moment, and the hub's clock may be a little behind. */
const AFTER_MIDNIGHT_MS = 30_000;
/** A target's wish to be left alone is obeyed for so long at most: its clock may be wrong. */
const LONGEST_WISH_MS = 60 * 60_000;

/** Leave to try one delivery. Must be handed back by `opened`, `close` or `release`. */
export interface Pass {
  readonly probe: boolean;
}

const OPEN: Pass = { probe: false };

export interface GateOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** Called when the gate gives passes again: one for a probe, or to all because the hub answers. */
  readonly onPassable: () => void;
}

export class Gate {
  readonly #options: GateOptions;
  #failure: Failure | null = null;
  #failures = 0;
  #since: number | null = null;
  #nextProbeAt = 0;
  #due = false;
  #probe: Pass | null = null;
  #cancel: () => void = () => undefined;

  constructor(options: GateOptions) {
    this.#options = options;
  }

  get failure(): Failure | null {
    return this.#failure;
  }

  /** Unix milliseconds since when it is closed; `null` while open. */
  get since(): number | null {
    return this.#since;
  }

  /** Unix milliseconds; `null` while open. */
  get nextProbeAt(): number | null {
    return this.#failure === null ? null : this.#nextProbeAt;
  }

  /** Asks to try; `null` while closed. */
  pass(): Pass | null {
    if (this.#failure === null) return OPEN;
    if (!this.#due) return null;
    this.#due = false;
    this.#probe = { probe: true };
    return this.#probe;
  }

  /** The hub took a message. Returns the failure that has ended thereby, if any. */
  opened(pass: Pass): Failure | null {
    if (pass !== this.#probe) return null;
    const ended = this.#failure;
    this.#probe = null;
    this.#failure = null;
    this.#since = null;
    this.#failures = 0;
    this.#options.onPassable();
    return ended;
  }

  /** Hub-wide trouble. True when this closed an open gate. */
  close(failure: Failure, pass: Pass): boolean {
    const first = this.#failure === null;
    if (!first && pass !== this.#probe) return false;
    const { clock } = this.#options;
    this.#probe = null;
    this.#failures = failure.code === this.#failure?.code ? this.#failures + 1 : 1;
    this.#failure = failure;
    this.#since ??= clock.now();
    const wait = this.#waitMs(failure);
    this.#nextProbeAt = clock.now() + wait;
    this.#cancel = clock.after(wait, () => this.#allowProbe());
    return first;
  }

  /** The try told nothing about the hub: if it was the probe, another one may go. */
  release(pass: Pass): void {
    if (pass !== this.#probe) return;
    this.#probe = null;
    this.#allowProbe();
  }

  /** Something was mended: the next try need not wait for its time. */
  probeNow(): void {
    if (this.#failure === null) return;
    this.#failures = 0;
    if (this.#probe !== null) return;
    this.#cancel();
    this.#nextProbeAt = this.#options.clock.now();
    this.#allowProbe();
  }

  stop(): void {
    this.#cancel();
  }

  #waitMs(failure: Failure): number {
    const { clock, random } = this.#options;
    const wish = (failure.notBefore ?? 0) - clock.now();
    if (failure.code === "quota_exceeded") {
      const end = wish > 0 ? wish + AFTER_MIDNIGHT_MS * random() : QUOTA_PROBE_MS;
      return Math.min(QUOTA_PROBE_MS, end);
    }
    const backoff = backoffMs(BACKOFF[failure.code] ?? DEFAULT, this.#failures, random);
    return Math.max(backoff, Math.min(wish, LONGEST_WISH_MS));
  }

  #allowProbe(): void {
    this.#due = true;
    this.#options.onPassable();
  }
}
