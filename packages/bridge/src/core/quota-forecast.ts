/** How long a hub's allowance of the day will last. */
import { endOfUtcDay } from "./utc-day.ts";

const HOUR_MS = 3_600_000;
/** A shorter time says too little about the rate. */
const LEAST_MS = 300_000;

export interface QuotaUse {
  readonly now: number;
  /** Blocks of the day; `null`: not known, or without limit. */
  readonly allowance: number | null;
  readonly used: number;
  /** Blocks used within the last hour. */
  readonly lastHour: number;
  /** When that hour's use began; `null`: there was none. */
  readonly firstAt: number | null;
  /** The hub itself says that the allowance is used up. */
  readonly hubSaysEnded: boolean;
}

export type QuotaForecast =
  /** The hub takes nothing until then. */
  | { readonly kind: "ended"; readonly at: number }
  | { readonly kind: "ends"; readonly at: number }
  | { readonly kind: "lasts"; readonly at: number }
  | { readonly kind: "unknown" };

/** Blocks an hour, as of late. */
export function hourlyRate({ now, lastHour, firstAt }: Pick<QuotaUse, "now" | "lastHour" | "firstAt">): number {
  if (firstAt === null || lastHour === 0) return 0;
  const since = Math.min(HOUR_MS, Math.max(LEAST_MS, now - firstAt));
  return (lastHour * HOUR_MS) / since;
}

/** The hub's own word wins over what was counted. */
export function quotaForecast(use: QuotaUse): QuotaForecast {
  const { now, allowance, used, hubSaysEnded } = use;
  const midnight = endOfUtcDay(now);
  if (hubSaysEnded) return { kind: "ended", at: midnight };
  if (allowance === null) return { kind: "unknown" };
  if (used >= allowance) return { kind: "ended", at: midnight };
  const rate = hourlyRate(use);
  if (rate === 0) return { kind: "lasts", at: midnight };
  const endsAt = Math.round(now + ((allowance - used) / rate) * HOUR_MS);
  return endsAt < midnight ? { kind: "ends", at: endsAt } : { kind: "lasts", at: midnight };
}
