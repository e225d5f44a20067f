/** How moments are written on a time axis and over a point of it: in the reader's time zone, no more exact than needed. */

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** Labels of an axis whose marks stand `step` apart. Times are unix milliseconds. */
export function tickLabels(times: readonly number[], step: number, locale?: string): string[] {
  return times.map((time) => momentLabel(time, step, locale));
}

/** One moment, as exact as intervals of `step` need: `14:05:09`, `14:05`, `3 Mar 14:00`, `3 Mar`. */
export function momentLabel(time: number, step: number, locale?: string): string {
  const date = new Date(time);
  if (step >= DAY) return date.toLocaleDateString(locale, { day: "numeric", month: "short" });
  return date.toLocaleTimeString(locale, {
    hour: "2-digit",
    minute: "2-digit",
    hourCycle: "h23",
    ...(step < MINUTE && { second: "2-digit" }),
  });
}

/** An interval that begins at `time`: with its day when it is an hour or longer. */
export function intervalLabel(time: number, length: number, locale?: string): string {
  if (length >= DAY || length < HOUR) return momentLabel(time, length, locale);
  return `${momentLabel(time, DAY, locale)}, ${momentLabel(time, HOUR, locale)}–${momentLabel(time + length, HOUR, locale)}`;
}
