/** What the Local Hub says of its tier and of the day's messages. */
import { HUB_TIERS, type HubLimits } from "./core/hub-meter.ts";
import type { LocalHubControl, LocalHubReport } from "./core/local-hub-control.ts";

/** Consoles ask every few seconds, each for itself. */
const FRESH_MS = 2_000;

/** Resolves with `null` where there is no Local Hub, or it does not answer. */
export function localHubLimits(
  hub: Pick<LocalHubControl, "report"> | null,
  now: () => number,
): () => Promise<HubLimits | null> {
  let last: { readonly at: number; readonly limits: Promise<HubLimits | null> } | null = null;

  async function ask(control: Pick<LocalHubControl, "report">): Promise<HubLimits | null> {
    const report = await control.report();
    return report.ok ? limitsOf(report.value) : null;
  }

  return async () => {
    if (hub === null) return null;
    if (last === null || now() - last.at > FRESH_MS) last = { at: now(), limits: ask(hub) };
    return last.limits;
  };
}

function limitsOf({ limits: { tier, units, quota } }: LocalHubReport): HubLimits {
  const known = HUB_TIERS.find((one) => one === tier);
  return { tier: known ?? null, units, allowance: quota?.limit ?? null, used: quota?.used ?? null };
}
