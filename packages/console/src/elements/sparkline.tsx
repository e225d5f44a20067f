export interface HistoryPoint {
  /** Unix milliseconds at which the interval begins. */
  readonly time: number;
  readonly success: number;
  readonly failure: number;
}

const WIDTH = 96;
const HEIGHT = 22;

/** Successes with failures on top, an interval a bar, without axes. `summary` says it in words. */
export function Sparkline({ points, summary }: { readonly points: readonly HistoryPoint[]; readonly summary: string }) {
  const most = Math.max(1, ...points.map(({ success, failure }) => success + failure));
  const step = WIDTH / Math.max(1, points.length);
  const height = (value: number): number => (value / most) * (HEIGHT - 2);
  return (
    <svg width={WIDTH} height={HEIGHT} role="img" aria-label={summary}>
      {points.map(({ time, success, failure }, at) => {
        const good = height(success);
        const bad = height(failure);
        const place = { x: at * step, width: Math.max(1, step - 1) };
        return (
          <g key={time}>
            <rect {...place} y={HEIGHT - good} height={good} fill="var(--isthmus-good)" />
            <rect {...place} y={HEIGHT - good - bad} height={bad} fill="var(--isthmus-bad)" />
          </g>
        );
      })}
      <line x1={0} x2={WIDTH} y1={HEIGHT - 0.5} y2={HEIGHT - 0.5} stroke="var(--isthmus-line)" />
    </svg>
  );
}
