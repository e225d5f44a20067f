/**
 * Whether a hub is written to at all. Trouble that concerns the hub closes it for all devices; one of them finds out now
 * and then whether it is over.
 */
import { backoffMs, type Backoff, type Random } from "../../core/backoff.ts";
import type { Clock } from "../../core/clock.ts";
import type { Failure, FailureCode } from "../../core/failure.ts";

const DEFAULT: Backoff = { firstMs: 500, maxMs: 30_000 };
/** Mended by people, or not before midnight. */
const BY_CODE: Partial<Record<FailureCode, Backoff>> = {
  key_refused: { firstMs: 60_000, maxMs: 60_000 },
  permission_missing: { firstMs: 60_000, maxMs: 60_000 },
  not_in_tier: { firstMs: 60_000, maxMs: 60_000 },
  quota_exceeded: { firstMs: 15 * 60_000, maxMs: 15 * 60_000 },
};

export interface HubGateOptions {
  readonly clock: Clock;
  readonly random: Random;
  /** One may go and try. */
  readonly onProbe: () => void;
}

export class HubGate {
  readonly #options: HubGateOptions;
  #failure: Failure | null = null;
  #failures = 0;
  #probeDue = false;
  #callOff: () => void = () => undefined;

  constructor(options: HubGateOptions) {
    this.#options = options;
  }

  /** Why it is closed; `null` while open. */
  get failure(): Failure | null {
    return this.#failure;
  }

  /** Whether one may go now. While closed that is the probe, and no other after it. */
  pass(): boolean {
    if (this.#failure === null) return true;
    const may = this.#probeDue;
    this.#probeDue = false;
    return may;
  }

  /** The probe told nothing: another may go. */
  release(): void {
    this.#probeDue = this.#failure !== null;
  }

  /** The hub answered. Returns what has ended thereby. */
  open(): Failure | null {
    const ended = this.#failure;
    this.#callOff();
    this.#failure = null;
    this.#failures = 0;
    this.#probeDue = false;
    return ended;
  }

  /** One may go and try, and nobody has anything to try with: whoever comes next finds out. */
  lapse(): void {
    if (this.#probeDue) this.open();
  }

  /** Returns whether it was open. */
  close(failure: Failure): boolean {
    const { clock, random, onProbe } = this.#options;
    const wasOpen = this.#failure === null;
    this.#failures = failure.code === this.#failure?.code ? this.#failures + 1 : 1;
    this.#failure = failure;
    this.#callOff();
    this.#callOff = clock.after(backoffMs(BY_CODE[failure.code] ?? DEFAULT, this.#failures, random), () => {
      this.#probeDue = true;
      onProbe();
    });
    return wasOpen;
  }

  /** Something was mended: the next try need not wait for its time. */
  probeNow(): void {
    if (this.#failure === null) return;
    this.#callOff();
    this.#probeDue = true;
    this.#options.onProbe();
  }

  stop(): void {
    this.#callOff();
  }
}
