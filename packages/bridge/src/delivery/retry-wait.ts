/** How long a lane waits after a failure of its own. */
import type { Failure, FailureCode } from "../core/failure.ts";
import { backoffMs, type Backoff, type Random } from "../core/backoff.ts";

const LANE_RETRY: Backoff = { firstMs: 500, maxMs: 5 * 60_000 };

const BACKOFF: Partial<Record<FailureCode, Backoff>> = {
  // The hub as a whole may have been silent: when it speaks again nobody should wait for long.
  outcome_unknown: { firstMs: 500, maxMs: 30_000 },
  not_sent: { firstMs: 500, maxMs: 30_000 },
  // Whoever else uses the identity must not be thrown out again and again.
  identity_in_use: { firstMs: 10_000, maxMs: 5 * 60_000 },
  device_disabled: { firstMs: 5_000, maxMs: 60 * 60_000 },
};

/** A hub's clock may be wrong: its word to wait counts for a day at most. */
const LONGEST_WAIT_MS = 24 * 60 * 60_000;

export interface LaneFailure {
  readonly failure: Failure;
  /** Failures in a row, this one counted. */
  readonly failures: number;
  /** Unix milliseconds. */
  readonly now: number;
  readonly random: Random;
}

/** Milliseconds until the next try: the lane's own back-off, or longer where the hub asks for it. */
export function retryWaitMs({ failure, failures, now, random }: LaneFailure): number {
  const backoff = backoffMs(BACKOFF[failure.code] ?? LANE_RETRY, failures, random);
  const asked = (failure.notBefore ?? 0) - now;
  return Math.min(Math.max(backoff, asked), LONGEST_WAIT_MS);
}
