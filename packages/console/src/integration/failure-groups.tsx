import { Anchor, Button, Group, Paper, Stack, Text } from "@mantine/core";
import { Link } from "wouter";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import { DiscardButton } from "./discard-button.tsx";
import { useFailures, useRetry, type FailureGroup } from "./failures.ts";
import { pageOf, type IntegrationDetail } from "./integration.ts";
import { counted } from "./state-in-words.ts";

/** Causes of failure that hold events up now, each with what to do about it. */
export function FailureGroups({
  integration: { id },
  title,
  withTarget = true,
}: {
  readonly integration: IntegrationDetail;
  readonly title: string;
  /** Trouble of the target as a whole too; off where that is told already. */
  readonly withTarget?: boolean;
}) {
  const query = useFailures(id);
  return (
    <Section title={title}>
      <Loaded query={query} lines={3}>
        {(groups) => {
          const open = groups.filter(({ count, scope }) => (scope === "target" ? withTarget : count > 0));
          return open.length === 0 ? (
            <Text size="sm" c="dimmed">
              No event waits for another try for a reason of its own, and none is parked.
            </Text>
          ) : (
            <Stack gap="xs">
              {open.map((group) => (
                <Cause key={`${group.scope} ${group.code}`} id={id} group={group} />
              ))}
            </Stack>
          );
        }}
      </Loaded>
    </Section>
  );
}

function Cause({ id, group }: { readonly id: string; readonly group: FailureGroup }) {
  const { code, message, count, parked, waiting, first_at: first, last_at: last, next_step: next, scope } = group;
  const retry = useRetry(id);
  const isTarget = scope === "target";
  const rows = pageOf(id, "deliveries", isTarget ? { state: "pending" } : { code });
  return (
    <Paper withBorder p="sm">
      <Stack gap={6}>
        <Group justify="space-between" gap="xs">
          <Group gap="sm">
            <StateBadge tone={parked > 0 || isTarget ? "bad" : "wait"}>{wordsOf(code)}</StateBadge>
            <Anchor component={Link} to={rows} size="sm">
              {whatWaits(group)}
            </Anchor>
          </Group>
          {first !== undefined && (
            <Text size="xs" c="dimmed" component="div">
              first <Time at={first} />, last <Time at={last} />
            </Text>
          )}
        </Group>
        <Text size="sm" className="foreign">
          {message}
        </Text>
        {next !== null && (
          <Text size="sm" className="foreign">
            <b>Next step:</b> {next}
          </Text>
        )}
        {retry.error !== null && <FailureNote failure={retry.error} />}
        <Group gap="xs">
          {count > 0 && !isTarget && (
            <Button variant="default" loading={retry.isPending} onClick={() => retry.mutate({ code })}>
              {`Retry all ${count.toLocaleString()} now`}
            </Button>
          )}
          {parked > 0 && (
            <DiscardButton
              id={id}
              which={{ code }}
              count={parked}
              label={`Discard ${parked.toLocaleString()} parked…`}
            />
          )}
          {group.sample_delivery != null && (
            <Anchor
              component={Link}
              size="sm"
              to={pageOf(id, "deliveries", { code, delivery: String(group.sample_delivery) })}
            >
              Look at one
            </Anchor>
          )}
          {(waiting > 0 || isTarget) && (
            <Text size="xs" c="dimmed">
              {isTarget ? "The target is tried again by itself." : "What waits is tried again by itself."}
            </Text>
          )}
        </Group>
      </Stack>
    </Paper>
  );
}

function whatWaits({ parked, waiting }: FailureGroup): string {
  const parts = [
    ...(parked > 0 ? [`${counted(parked, "event")} parked`] : []),
    ...(waiting > 0 ? [`${counted(waiting, "event")} waiting`] : []),
  ];
  return parts.length === 0 ? "nothing waits yet" : parts.join(", ");
}

/** `key_refused` as `Key refused`. */
function wordsOf(code: string): string {
  const words = code.replaceAll("_", " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}
