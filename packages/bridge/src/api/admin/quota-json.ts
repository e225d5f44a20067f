/** The day's allowance of a hub, how much of it is used, and how long it will last. */
import type { Failure } from "../../core/failure.ts";
import { allowanceOf, blocksOn, type HubFacts, type HubLimits, type MeteredDay } from "../../core/hub-meter.ts";
import { hourlyRate, quotaForecast } from "../../core/quota-forecast.ts";
import { endOfUtcDay } from "../../core/utc-day.ts";
import { isoTime } from "../particle/iso-time.ts";

export interface QuotaSources {
  readonly facts: HubFacts;
  readonly day: MeteredDay;
  /** What the hub itself tells, where it does. */
  readonly limits: HubLimits | null;
  /** Why it takes nothing now. */
  readonly hubFailure: Failure | null;
  readonly now: number;
}

export function quotaJson({ facts, day, limits, hubFailure, now }: QuotaSources): Record<string, unknown> {
  const tier = limits?.tier ?? facts.tier;
  const own = day.kinds.reduce((sum, kind) => sum + blocksOn(tier, kind), 0);
  const told = facts.tier === null ? null : allowanceOf(facts.tier, facts.units);
  const allowance = limits === null ? told : limits.allowance;
  const used = Math.max(own, limits?.used ?? 0);
  const recent = { now, lastHour: blocksOn(tier, day.lastHour), firstAt: day.lastHour.firstAt };
  const hubSaysEnded = hubFailure?.code === "quota_exceeded";
  const forecast = quotaForecast({ ...recent, allowance, used, hubSaysEnded });
  return {
    allowance,
    unlimited: limits !== null && limits.allowance === null,
    used: hubSaysEnded && allowance !== null ? Math.max(used, allowance) : used,
    used_by_bridge: own,
    messages: day.kinds.reduce((sum, { messages }) => sum + messages, 0),
    by_kind: day.kinds.map((kind) => ({ kind: kind.kind, messages: kind.messages, blocks: blocksOn(tier, kind) })),
    block_bytes: tier === "F1" ? 512 : 4_096,
    per_hour: Math.round(hourlyRate(recent)),
    forecast: { kind: forecast.kind, at: forecast.kind === "unknown" ? null : isoTime(forecast.at) },
    told_by_hub: hubSaysEnded || limits !== null,
    resets_at: isoTime(endOfUtcDay(now)),
  };
}
