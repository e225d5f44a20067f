import { Anchor, Button, Group, Paper, Stack, Text, Textarea, TextInput, Title } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { Link } from "wouter";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { Time } from "../elements/time.tsx";
import type { IntegrationDetail } from "./integration.ts";
import { dryRun, type DryRun, type DryRunEvent } from "./match.ts";
import { counted } from "./state-in-words.ts";
import { NumberField } from "../elements/number-field.tsx";

const DEFAULT_LAST = 100;

/** What other settings would have taken of the last events. */
export function DryRunSection({ integration }: { readonly integration: IntegrationDetail }) {
  const { id, event, scope, deviceID = "", integration_type: type } = integration;
  const [prefix, setPrefix] = useState(event);
  const [device, setDevice] = useState(deviceID);
  const [template, setTemplate] = useState("");
  const [last, setLast] = useState<number | string>(DEFAULT_LAST);
  const run = useMutation({
    mutationFn: () =>
      dryRun(
        id,
        {
          event: prefix,
          ...(scope.kind === "sandbox" && { deviceID: device.trim() === "" ? null : device.trim() }),
          ...(template.trim() !== "" && { json: template }),
        },
        Number(last) || DEFAULT_LAST,
      ),
  });
  return (
    <Section title="What would other settings have taken?">
      <Text size="sm" c="dimmed">
        Judges the last events by changed settings. Nothing is saved or sent.
      </Text>
      <form
        onSubmit={(submitted) => {
          submitted.preventDefault();
          run.mutate();
        }}
      >
        <Stack gap="sm">
          <Group align="flex-end" gap="xs">
            <TextInput
              label="Event name begins with"
              required
              w={200}
              value={prefix}
              onChange={({ currentTarget }) => setPrefix(currentTarget.value)}
            />
            {scope.kind === "sandbox" && (
              <TextInput
                label="Device id"
                placeholder="any of your own"
                w={230}
                value={device}
                onChange={({ currentTarget }) => setDevice(currentTarget.value)}
              />
            )}
            <NumberField label="Last events" w={110} min={1} max={1_000} value={last} onChange={setLast} />
          </Group>
          {type === "AzureIotHub" && (
            <Textarea
              label="Template"
              description="Instead of the present one. Empty: as it is"
              placeholder={'{"t":{{t}}}'}
              autosize
              minRows={2}
              maxRows={8}
              maw={560}
              value={template}
              onChange={({ currentTarget }) => setTemplate(currentTarget.value)}
            />
          )}
          {run.error !== null && <FailureNote failure={run.error} />}
          <div>
            <Button type="submit" variant="default" loading={run.isPending}>
              Dry run
            </Button>
          </div>
        </Stack>
      </form>
      {run.data !== undefined && <Result result={run.data} />}
    </Section>
  );
}

const KINDS = [
  { kind: "gained", title: "would be taken and are not now" },
  { kind: "lost", title: "would not be taken any more" },
  { kind: "failing", title: "could not be made into a message" },
] as const;

function Result({ result }: { readonly result: DryRun }) {
  return (
    <Paper withBorder p="sm" role="status" aria-label="Result of the dry run">
      <Stack gap="sm">
        <Text size="sm">
          {result.looked_at === 0 ? (
            "No event came lately: there is nothing to judge."
          ) : (
            <>
              Of the last {counted(result.looked_at, "event")}, since <Time at={result.since} />:{" "}
              {counted(result.kept, "event")} taken as before.
            </>
          )}
        </Text>
        {KINDS.map(({ kind, title }) => {
          const { count, events } = result[kind];
          return (
            <div key={kind}>
              <Title order={3}>
                {counted(count, "event")} {title}
              </Title>
              {count > 0 && <DataTable name={title} columns={COLUMNS} rows={events} rowKey={({ id }) => id} />}
            </div>
          );
        })}
      </Stack>
    </Paper>
  );
}

const COLUMNS: readonly Column<DryRunEvent>[] = [
  {
    name: "Event",
    cell: ({ id, name }) => (
      <Anchor component={Link} to={`/events/${encodeURIComponent(id)}`} inherit className="foreign">
        {name}
      </Anchor>
    ),
  },
  { name: "Device", wideOnly: true, cell: ({ device_id: device }) => <span className="foreign">{device}</span> },
  { name: "Published", cell: ({ published_at: at }) => <Time at={at} /> },
  { name: "Why", cell: ({ reason, error }) => <span className="foreign">{reason ?? error}</span> },
];
