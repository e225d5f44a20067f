import { Group, Paper, Stack, Text } from "@mantine/core";
import { StateBadge, type Tone } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import type { Attempt } from "./deliveries.ts";
import { ExchangeView } from "./exchange-view.tsx";

const OUTCOMES: Readonly<Record<Attempt["outcome"], readonly [Tone, string]>> = {
  delivered: ["good", "Delivered"],
  retry: ["wait", "Failed, tried again"],
  parked: ["bad", "Refused for good"],
  held: ["wait", "Failed for all, not counted"],
};

/** One try: how it ended, and the exchange where it is kept. */
export function AttemptView({
  attempt,
  target,
  isFirst,
}: {
  readonly attempt: Attempt;
  readonly target: string;
  readonly isFirst: boolean;
}) {
  const [tone, words] = OUTCOMES[attempt.outcome];
  return (
    <Paper withBorder p="xs">
      <Stack gap={6}>
        <Group justify="space-between" gap="xs">
          <StateBadge tone={tone}>{words}</StateBadge>
          <Text size="xs" c="dimmed" component="span">
            <Time at={attempt.time} />
          </Text>
        </Group>
        {attempt.error !== null && (
          <Text size="sm" className="foreign">
            {attempt.error}
          </Text>
        )}
        <details open={isFirst}>
          <Text component="summary" size="xs" c="dimmed">
            What was sent and answered
          </Text>
          <ExchangeView exchange={attempt} target={target} />
        </details>
      </Stack>
    </Paper>
  );
}
