/** The pace of the last minutes, as it was seen: it builds up while somebody looks, and stays when one comes back to the page. */

export interface PacePoint {
  /** Unix milliseconds, of the server. */
  readonly time: number;
  readonly in: number;
  readonly out: number;
}

const FOR_MS = 5 * 60_000;
/** Looks that lie further apart leave a hole: what was before it is another story. */
const HOLE_MS = 30_000;

/** With the newest look at its end; the same list when there is no news. */
export function withLook(points: readonly PacePoint[], look: PacePoint): readonly PacePoint[] {
  const last = points.at(-1);
  if (last !== undefined && look.time <= last.time) return points;
  const isHole = last !== undefined && look.time - last.time > HOLE_MS;
  return [...(isHole ? [] : points.filter(({ time }) => time > look.time - FOR_MS)), look];
}
