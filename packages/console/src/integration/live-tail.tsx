import { Anchor, Button, Checkbox, Group, Paper, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { CodeBlock } from "../elements/code-block.tsx";
import { Empty } from "../elements/empty.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import type { IntegrationDetail } from "./integration.ts";
import type { TailMessage } from "./tail.ts";
import { useTail } from "./use-tail.ts";

/** Messages as they arrive in the hub, read back from it. */
export function LiveTail({ integration: { id, event } }: { readonly integration: IntegrationDetail }) {
  const [isOn, setOn] = useState(true);
  const [all, setAll] = useState(false);
  const tail = useTail(id, isOn, (message) => all || message.event?.startsWith(event) === true);
  return (
    <Section
      title="What arrives in the hub"
      actions={
        <Group gap="sm">
          <StateBadge tone={tail.isOpen ? "good" : isOn ? "wait" : "quiet"}>
            {tail.isOpen ? "Listening" : isOn ? "Connecting" : "Stopped"}
          </StateBadge>
          <Checkbox
            size="xs"
            label="Other events too"
            checked={all}
            onChange={({ currentTarget }) => setAll(currentTarget.checked)}
          />
          <Button variant="default" onClick={() => setOn(!isOn)}>
            {isOn ? "Stop" : "Listen"}
          </Button>
          <Button variant="default" onClick={tail.clear}>
            Clear
          </Button>
        </Group>
      }
    >
      {tail.failure !== null && <FailureNote failure={tail.failure} title="The hub cannot be read now" />}
      {tail.rows.length === 0 ? (
        <Empty title="Nothing arrived since you look">Run the command above: the message shows up here.</Empty>
      ) : (
        <Stack gap={4} role="log" aria-live="off" aria-label="Messages in the hub">
          {tail.rows.map((row) => (
            <Row key={row.key} message={row} />
          ))}
        </Stack>
      )}
    </Section>
  );
}

function Row({ message }: { readonly message: TailMessage }) {
  const [isOpen, setOpen] = useState(false);
  const { deviceId, event, enqueuedAt, body, properties, systemProperties } = message;
  return (
    <Paper withBorder px="sm" py={6}>
      <details onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
        <summary>
          <Text span size="sm" fw={600} className="foreign">
            {event ?? "Message"}
          </Text>{" "}
          <Text span size="xs" c="dimmed" className="foreign">
            {deviceId}, <Time at={enqueuedAt} />
          </Text>
        </summary>
        {isOpen && (
          <Stack gap="xs" mt="xs">
            <CodeBlock text={body} what="the body" />
            <CodeBlock text={JSON.stringify({ ...systemProperties, ...properties }, null, 2)} what="the properties" />
            <Anchor component={Link} size="sm" to={`/devices/${encodeURIComponent(deviceId)}`}>
              Open the device
            </Anchor>
          </Stack>
        )}
      </details>
    </Paper>
  );
}
