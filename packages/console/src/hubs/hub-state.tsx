import { Anchor, Stack, Text } from "@mantine/core";
import { Link } from "wouter";
import { FailureNote } from "../elements/failure-note.tsx";
import { StateBadge, type Tone } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import type { Connection } from "./connection.ts";

const STATES: Readonly<Record<Connection["state"], readonly [tone: Tone, words: string]>> = {
  idle: ["good", "Ready"],
  open: ["good", "Takes messages"],
  slowed: ["wait", "Takes messages, and limits the rate"],
  paused: ["bad", "Takes no messages"],
};

/** Whether a hub takes messages, and why not. */
export function HubState({ connection }: { readonly connection: Connection }) {
  const { state, since, next_probe_at: probe, failure, warning, host_name: host } = connection;
  const [tone, words] = STATES[state];
  return (
    <Stack gap={4}>
      <div>
        <StateBadge tone={tone}>{words}</StateBadge>
        {state === "paused" && (
          <Text size="xs" c="dimmed" component="div">
            since <Time at={since} />, tried again <Time at={probe} never="when something changes" />
          </Text>
        )}
      </div>
      {failure !== null && <FailureNote failure={failure} />}
      {failure !== null && host === "local" && (
        <Anchor component={Link} to="/hubs/local" size="sm" underline="always">
          Faults and tier of the Local Hub
        </Anchor>
      )}
      {warning !== null && <FailureNote failure={warning} title="Messages go on, but" />}
    </Stack>
  );
}
