/**
 * How fast a long command goes now, and how long it will go on. Hubs let a first burst through and then keep to their
 * rate, so the mean since the start would promise too much for a long time.
 */

/** What counts as now. */
const WINDOW_MS = 20_000;
const STEP_MS = 1_000;

export class RecentPace {
  /** When so many were done, at most one a second; the oldest is as old as the window. */
  readonly #marks: { readonly at: number; readonly done: number }[];

  constructor(startedAt: number) {
    this.#marks = [{ at: startedAt, done: 0 }];
  }

  /** `2.1/s`, and `2 min left` where something is left. To be asked now and then while it goes on. */
  words(done: number, left: number, now: number): readonly string[] {
    const marks = this.#marks;
    if (now - marks.at(-1)!.at >= STEP_MS) marks.push({ at: now, done });
    while (marks.length > 1 && now - marks[1]!.at >= WINDOW_MS) marks.shift();
    const { at, done: before } = marks[0]!;
    const rate = (done - before) / Math.max(0.001, (now - at) / 1_000);
    const pace = `${rate.toFixed(1)}/s`;
    return left > 0 && rate > 0 ? [pace, `${duration(left / rate)} left`] : [pace];
  }
}

function duration(seconds: number): string {
  if (seconds < 90) return `${Math.ceil(seconds)} s`;
  if (seconds < 90 * 60) return `${Math.round(seconds / 60)} min`;
  return `${(seconds / 3_600).toFixed(1)} h`;
}
