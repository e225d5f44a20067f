import { Anchor, Button, Group, Paper, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Link } from "wouter";
import { request, segment } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import type { Attention } from "./overview.ts";

/** What needs somebody, worst first, each with the way to it. */
export function AttentionList({
  attention,
  total,
}: {
  readonly attention: readonly Attention[];
  readonly total: number;
}) {
  if (attention.length === 0) return <StateBadge tone="good">Nothing: all is well</StateBadge>;
  return (
    <Stack gap="xs" component="ul" m={0} p={0} style={{ listStyle: "none" }}>
      {attention.map((item) => (
        <li key={`${item.kind} ${item.link} ${item.incident_id ?? item.message}`}>
          <Item item={item} />
        </li>
      ))}
      {total > attention.length && <Text size="sm">and {total - attention.length} more</Text>}
    </Stack>
  );
}

function Item({ item: { tone, title, message, next_step, link, incident_id } }: { readonly item: Attention }) {
  return (
    <Paper withBorder p="sm">
      <Group justify="space-between" align="flex-start" gap="xs">
        <div style={{ minWidth: 0, flex: "1 1 18rem" }}>
          <Group gap={6} wrap="nowrap" align="baseline">
            <StateBadge tone={tone}>{tone === "bad" ? "Act" : "Look"}</StateBadge>
            <Anchor component={Link} to={link} fw={600} size="sm" className="foreign">
              {title}
            </Anchor>
          </Group>
          {message !== null && (
            <Text size="sm" className="foreign">
              {message}
            </Text>
          )}
          {next_step !== null && (
            <Text size="sm" c="dimmed" className="foreign">
              Next step: {next_step}
            </Text>
          )}
        </div>
        {incident_id !== undefined && <Acknowledge incident={incident_id} />}
      </Group>
    </Paper>
  );
}

function Acknowledge({ incident }: { readonly incident: number }) {
  const queries = useQueryClient();
  const acknowledge = useMutation({
    mutationFn: () => request(`/admin/v1/incidents/${segment(incident)}`, { method: "DELETE" }),
    onSuccess: () => {
      announce("The incident is acknowledged");
      return queries.invalidateQueries({ queryKey: ["overview"] });
    },
  });
  return (
    <Stack gap="xs">
      <Button variant="default" loading={acknowledge.isPending} onClick={() => acknowledge.mutate()}>
        Acknowledge
      </Button>
      {acknowledge.error !== null && <FailureNote failure={acknowledge.error} />}
    </Stack>
  );
}
