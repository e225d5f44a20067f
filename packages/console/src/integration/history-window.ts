/** The windows of an integration's history: how far back, in what steps, and what the server tells of them. */
export interface HistoryWindow {
  readonly name: string;
  readonly title: string;
  readonly lengthMs: number;
  readonly bucketS: number;
}

const MINUTE_S = 60;
const HOUR_S = 3_600;

export const WINDOWS: readonly HistoryWindow[] = [
  { name: "1h", title: "1 hour", lengthMs: HOUR_S * 1_000, bucketS: MINUTE_S },
  { name: "24h", title: "24 hours", lengthMs: 24 * HOUR_S * 1_000, bucketS: 15 * MINUTE_S },
  { name: "30d", title: "30 days", lengthMs: 30 * 24 * HOUR_S * 1_000, bucketS: 6 * HOUR_S },
];

export interface SeriesAnswer {
  readonly time: string;
  readonly accepted: number;
  readonly success: number;
  readonly failure: number;
}

export interface HistoryPoint {
  /** Unix milliseconds. */
  readonly time: number;
  readonly accepted: number;
  readonly success: number;
  readonly failure: number;
}

/** Whole steps up to the one that `now` is in. */
export function rangeOf(
  { lengthMs, bucketS }: HistoryWindow,
  now: number,
): { readonly from: number; readonly to: number } {
  const step = bucketS * 1_000;
  const to = (Math.floor(now / step) + 1) * step;
  return { from: to - lengthMs, to };
}

/** The server leaves out what is empty; a graph needs every step. */
export function filled(series: readonly SeriesAnswer[], window: HistoryWindow, now: number): readonly HistoryPoint[] {
  const step = window.bucketS * 1_000;
  const { from } = rangeOf(window, now);
  const points = Array.from({ length: Math.round(window.lengthMs / step) }, (_, i) => ({
    time: from + i * step,
    accepted: 0,
    success: 0,
    failure: 0,
  }));
  for (const { time, accepted, success, failure } of series) {
    const point = points[Math.floor((Date.parse(time) - from) / step)];
    if (point === undefined) continue;
    point.accepted += accepted;
    point.success += success;
    point.failure += failure;
  }
  return points;
}
