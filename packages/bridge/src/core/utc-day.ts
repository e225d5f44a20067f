/** Days as hubs and daily caps count them: from midnight to midnight UTC. Times are Unix milliseconds. */

const DAY_MS = 86_400_000;

/** Such as `2026-03-01`. */
export function utcDay(time: number): string {
  return new Date(time).toISOString().slice(0, 10);
}

/** Midnight at which the day of a time ends. */
export function endOfUtcDay(time: number): number {
  return (Math.floor(time / DAY_MS) + 1) * DAY_MS;
}
