/** Exponential waiting with jitter: half fixed, half random, so that what failed together does not return together. */
export interface Backoff {
  readonly firstMs: number;
  readonly maxMs: number;
}

/** A number from 0 to below 1. */
export type Random = () => number;

/** How long to wait after the n-th failure in a row (from 1), in milliseconds. */
export function backoffMs({ firstMs, maxMs }: Backoff, failures: number, random: Random): number {
  const full = Math.min(maxMs, firstMs * 2 ** Math.min(failures - 1, 30));
  return full / 2 + (full / 2) * random();
}
