/** The rules by which events are matched, in the order in which they are judged, and what is known of each. */
import type { IntegrationDetail } from "./integration.ts";

export interface Verdict {
  readonly id: string;
  readonly matched: boolean;
  /** The first rule that said no. */
  readonly rule?: string;
  readonly reason?: string;
  /** Why what it takes is not sent now. */
  readonly waits?: string;
  readonly hub_device_id?: string;
}

export interface JudgedRule {
  readonly title: string;
  readonly result: "passed" | "refused" | "not reached";
  /** Why not. */
  readonly reason: string | null;
}

interface Rule {
  readonly codes: readonly string[];
  readonly title: (integration: Judged) => string | null;
}

type Judged = Pick<IntegrationDetail, "event" | "scope" | "deviceID">;

const RULES: readonly Rule[] = [
  { codes: ["prefix"], title: ({ event }) => `The name begins with “${event}”` },
  { codes: ["loop_guard"], title: () => "It is no event about an integration (hook-sent, hook-response, hook-error)" },
  { codes: ["no_device"], title: () => "A device published it" },
  { codes: ["not_approved"], title: () => "The device is approved" },
  {
    codes: ["other_product", "not_owner"],
    title: ({ scope }) =>
      scope.kind === "product" ? `The device is in ${scope.product_name ?? "the product"}` : "The device is your own",
  },
  { codes: ["other_device"], title: ({ deviceID }) => (deviceID === undefined ? null : `It is device ${deviceID}`) },
];

/** Rule by rule: those before the one that refused have passed, those after it were not asked. */
export function judgedRules(integration: Judged, verdict: Verdict): readonly JudgedRule[] {
  const rules = RULES.flatMap(({ codes, title }) => {
    const words = title(integration);
    return words === null ? [] : [{ codes, title: words }];
  });
  const refusedAt = verdict.matched ? rules.length : rules.findIndex(({ codes }) => codes.includes(verdict.rule ?? ""));
  return rules.map(({ title }, at) => ({
    title,
    result: refusedAt === -1 || at > refusedAt ? "not reached" : at === refusedAt ? "refused" : "passed",
    reason: at === refusedAt ? (verdict.reason ?? null) : null,
  }));
}
