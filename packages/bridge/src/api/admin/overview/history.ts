/** The curves of many integrations added up to one. */
import type { Deliveries } from "../../../core/deliveries.ts";
import type { SeriesPoint } from "../../../core/delivery-history.ts";
import type { Integration } from "../../../core/integration.ts";

const HOUR_MS = 3_600_000;
const HOURS = 24;
/** Integrations whose curves are added; with more the newest are left out. */
const MAX_INTEGRATIONS = 200;

/** The last 24 hours up to the one that runs, each with its sum, empty ones too. */
export async function daysHistory(
  integrations: readonly Integration[],
  deliveries: Pick<Deliveries, "series">,
  now: number,
): Promise<readonly SeriesPoint[]> {
  const to = now - (now % HOUR_MS) + HOUR_MS;
  const from = to - HOURS * HOUR_MS;
  const sums = new Map<number, SeriesPoint>();
  for (let time = from; time < to; time += HOUR_MS) sums.set(time, { time, accepted: 0, success: 0, failure: 0 });
  // One after the other, so that publishers do not wait behind all of them.
  for (const { id } of integrations.slice(0, MAX_INTEGRATIONS)) {
    for (const point of await deliveries.series(id, { from, to, bucketMs: HOUR_MS })) {
      const sum = sums.get(point.time);
      if (sum === undefined) continue;
      sums.set(point.time, {
        time: point.time,
        accepted: sum.accepted + point.accepted,
        success: sum.success + point.success,
        failure: sum.failure + point.failure,
      });
    }
  }
  return [...sums.values()];
}
