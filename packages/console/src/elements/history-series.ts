/** What a history graph shows, and how its numbers are stacked and told in words. */
import type { Tone } from "./state-badge.tsx";

/** One of the things that are counted, with a name for people. */
export interface Series<Point> {
  readonly name: string;
  readonly tone: Tone;
  readonly of: (point: Point) => number;
  /** Of lines: so that one that lies under another is still seen. */
  readonly dashed?: boolean;
}

/** A point of any history: unix milliseconds at which its interval begins. */
export interface Timed {
  readonly time: number;
}

/** Successes and failures, as most histories of the API are. */
export const SUCCESS_AND_FAILURE: readonly Series<{ readonly success: number; readonly failure: number }>[] = [
  { name: "Delivered", tone: "good", of: (point) => point.success },
  { name: "Failed tries", tone: "bad", of: (point) => point.failure },
];

/** In the order of drawing: stacked sums are drawn from the highest down, so that those below stay in sight. */
export function drawnOrder<T>(series: readonly T[], { stacked }: { readonly stacked: boolean }): readonly T[] {
  return stacked ? series.toReversed() : series;
}

/** Times, then a row of values for each series in the order of drawing; a stacked row holds its sum with those before it. */
export function graphData<Point extends Timed>(
  points: readonly Point[],
  series: readonly Series<Point>[],
  how: { readonly stacked: boolean },
): number[][] {
  const below = points.map(() => 0);
  const rows = series.map(({ of }) =>
    points.map((point, at) => {
      const value = of(point) + (how.stacked ? (below[at] ?? 0) : 0);
      below[at] = value;
      return value;
    }),
  );
  return [points.map(({ time }) => time), ...drawnOrder(rows, how)];
}

/** The sums in words, for those who do not see the graph: "Delivered 12, Failed tries 3". */
export function sumsInWords<Point>(points: readonly Point[], series: readonly Series<Point>[]): string {
  return series
    .map(({ name, of }) => `${name} ${shortNumber(points.reduce((sum, point) => sum + of(point), 0))}`)
    .join(", ");
}

/** Whole numbers with separators, small fractions with one digit. */
export function shortNumber(value: number): string {
  return value.toLocaleString(undefined, { maximumFractionDigits: Number.isInteger(value) || value >= 100 ? 0 : 1 });
}

/** How far apart the points are; `null` when that cannot be told. */
export function intervalOf(points: readonly Timed[]): number | null {
  const [first, second] = points;
  return first === undefined || second === undefined ? null : second.time - first.time;
}
