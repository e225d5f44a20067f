import { Progress, Stack, Text } from "@mantine/core";
import { StateBadge } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import type { Quota } from "./connection.ts";
import { blockWords, KIND_WORDS, percentUsed, verdictOf } from "./quota-words.ts";

const COLORS = { good: "teal", wait: "yellow", bad: "red", quiet: "gray" } as const;

/** How much of the day's messages is used, and how long the rest lasts. */
export function QuotaGauge({ quota, detailed = false }: { readonly quota: Quota | null; readonly detailed?: boolean }) {
  if (quota === null) {
    return (
      <Text size="sm" c="dimmed">
        All accounts share this hub: its operator sees how much of it is used.
      </Text>
    );
  }
  return <Gauge quota={quota} detailed={detailed} />;
}

function Gauge({ quota, detailed }: { readonly quota: Quota; readonly detailed: boolean }) {
  const { used, allowance, used_by_bridge: own } = quota;
  const verdict = verdictOf(quota);
  const percent = percentUsed(quota);
  const sum = allowance === null ? used.toLocaleString() : `${used.toLocaleString()} of ${allowance.toLocaleString()}`;
  return (
    <Stack gap={4}>
      <Text size="sm" className="number">
        <b>{sum}</b> messages today
      </Text>
      {percent !== null && (
        <Progress
          value={Math.max(percent, used > 0 ? 1 : 0)}
          color={COLORS[verdict.tone]}
          size="lg"
          aria-label={`${sum} messages of today's allowance`}
        />
      )}
      {verdict.words !== "" && <StateBadge tone={verdict.tone}>{verdict.words}</StateBadge>}
      {detailed && (
        <Text size="xs" c="dimmed" component="div">
          {used > own && <div>{`${own.toLocaleString()} of them by this server; others use the hub too.`}</div>}
          <div>{`A message counts once for each ${blockWords(quota.block_bytes)}. ${kindsInWords(quota)}`}</div>
          <div>
            Counted anew <Time at={quota.resets_at} /> (at midnight UTC).
            {!quota.told_by_hub && " Counted here: what others send to the hub is not seen."}
          </div>
        </Text>
      )}
    </Stack>
  );
}

function kindsInWords({ by_kind: kinds }: Quota): string {
  if (kinds.length === 0) return "Nothing was counted yet today.";
  const parts = kinds.map(({ kind, blocks }) => `${blocks.toLocaleString()} ${KIND_WORDS[kind]}`);
  return `Today: ${parts.join(", ")}.`;
}
