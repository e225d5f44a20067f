/** A moment in words. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** In the reader's time zone, with the zone. */
export function exactTime(time: Date): string {
  return time.toLocaleString(undefined, { dateStyle: "medium", timeStyle: "long" });
}

/** As `12 s ago`, `in 3 min`, `5 d ago`; after 30 days the date. */
export function relativeTime(time: number, now: number): string {
  const distance = Math.abs(now - time);
  if (distance < 2_000) return "now";
  if (distance >= 30 * DAY) return new Date(time).toLocaleDateString(undefined, { dateStyle: "medium" });
  const [size, unit] =
    distance < MINUTE ? [1_000, "s"] : distance < HOUR ? [MINUTE, "min"] : distance < DAY ? [HOUR, "h"] : [DAY, "d"];
  const amount = `${Math.floor(distance / Number(size))} ${unit}`;
  return time <= now ? `${amount} ago` : `in ${amount}`;
}
