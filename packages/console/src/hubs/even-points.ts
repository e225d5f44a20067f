/** A day in quarters of an hour, those in which nothing happened too. */
const QUARTER = 900_000;
const QUARTERS = 96;

export interface Point {
  readonly time: number;
  readonly messages: number;
}

export function evenly(
  points: readonly { readonly time: string; readonly messages: number }[],
  now: number,
): readonly Point[] {
  const first = Math.floor(now / QUARTER) - QUARTERS + 1;
  const sums = Array.from({ length: QUARTERS }, () => 0);
  for (const { time, messages } of points) {
    const at = Math.floor(Date.parse(time) / QUARTER) - first;
    if (at >= 0 && at < QUARTERS) sums[at] = (sums[at] ?? 0) + messages;
  }
  return sums.map((messages, i) => ({ time: (first + i) * QUARTER, messages }));
}
