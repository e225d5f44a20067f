import { Anchor, Button, Stack, Text } from "@mantine/core";
import { useState } from "react";
import { Link } from "wouter";
import { segment, withQuery } from "../client/request.ts";
import { DataTable, type Column } from "../elements/data-table.tsx";
import { Empty } from "../elements/empty.tsx";
import { Section } from "../elements/page.tsx";
import { StateBadge, type Tone } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import type { DeliveryState, EventVerdict } from "./event.ts";

/** Those that did not take it and are shown at first. */
const FIRST = 20;

const STATES: Readonly<Record<DeliveryState, readonly [tone: Tone, words: string]>> = {
  delivered: ["good", "Delivered"],
  pending: ["wait", "Waiting to be sent"],
  parked: ["bad", "Parked"],
  expired: ["quiet", "Given up"],
};

const RULES: Readonly<Record<string, string>> = {
  prefix: "Other name",
  loop_guard: "Guard against loops",
  no_device: "No device",
  not_owner: "Not claimed by the account",
  other_product: "Not in the product",
  other_device: "Another device",
  not_approved: "Device not approved",
  made_later: "Made after the event",
  changed_later: "Changed after the event",
  not_known: "Not known any more",
};

/** Which integrations took an event and how far it is, and which did not and why. */
export function EventVerdicts({
  eventId,
  verdicts,
}: {
  readonly eventId: string;
  readonly verdicts: readonly EventVerdict[];
}) {
  const [all, setAll] = useState(false);
  const taken = verdicts.filter((verdict) => verdict.taken);
  const others = verdicts.filter((verdict) => !verdict.taken);
  if (verdicts.length === 0) {
    return (
      <Section title="Integrations">
        <Empty title="There is no integration yet">
          <Anchor component={Link} to="/integrations/new" size="sm">
            Make one
          </Anchor>{" "}
          to bring such events to an Azure IoT Hub or to a webhook.
        </Empty>
      </Section>
    );
  }
  return (
    <>
      <Section title={`Taken by ${taken.length.toLocaleString()} of ${count(verdicts.length)}`}>
        {taken.length === 0 ? (
          <Text size="sm" c="dimmed">
            No integration took this event. Below is why.
          </Text>
        ) : (
          <DataTable name="Integrations that took it" columns={TAKEN} rows={taken} rowKey={({ id }) => id} />
        )}
      </Section>
      {others.length > 0 && (
        <Section title={`Not taken by ${count(others.length)}`}>
          <DataTable
            name="Integrations that did not take it"
            columns={notTaken(eventId)}
            rows={all ? others : others.slice(0, FIRST)}
            rowKey={({ id }) => id}
          />
          {!all && others.length > FIRST && (
            <Button variant="default" onClick={() => setAll(true)} style={{ alignSelf: "flex-start" }}>
              {`Show all ${others.length.toLocaleString()}`}
            </Button>
          )}
        </Section>
      )}
    </>
  );
}

const TAKEN: readonly Column<EventVerdict>[] = [
  { name: "Integration", cell: (verdict) => <IntegrationLink verdict={verdict} /> },
  {
    name: "Delivery",
    cell: ({ id, delivery, disabled }) => {
      if (delivery === null) return null;
      const [tone, words] = STATES[delivery.state];
      const to = withQuery(`/integrations/${segment(id)}/deliveries`, { delivery: delivery.id });
      return (
        <Stack gap={2}>
          <Anchor component={Link} to={to} c="inherit">
            <StateBadge tone={tone}>{words}</StateBadge>
          </Anchor>
          {delivery.state === "pending" && disabled && (
            <Text size="xs" c="dimmed">
              The integration is paused: it waits until it is enabled.
            </Text>
          )}
          {delivery.error !== null && (
            <Text size="xs" className="foreign" maw={520}>
              {delivery.error} {delivery.next_step !== null && <b>{delivery.next_step}</b>}
            </Text>
          )}
        </Stack>
      );
    },
  },
  { name: "Ended", cell: ({ delivery }) => <Time at={delivery?.settled_at} never="not yet" />, wideOnly: true },
  { name: "Tries", numeric: true, cell: ({ delivery }) => delivery?.attempts ?? 0, wideOnly: true },
];

function notTaken(eventId: string): readonly Column<EventVerdict>[] {
  return [
    { name: "Integration", cell: (verdict) => <IntegrationLink verdict={verdict} /> },
    {
      name: "Why not",
      cell: ({ rule, reason }) => (
        <Stack gap={2}>
          <Text size="sm">{RULES[rule ?? ""] ?? rule}</Text>
          <Text size="xs" c="dimmed" className="foreign" maw={520}>
            {reason}
          </Text>
        </Stack>
      ),
    },
    {
      name: "Try",
      cell: ({ id, name }) => (
        <Anchor
          component={Link}
          to={withQuery(`/integrations/${segment(id)}/match`, { event: eventId })}
          size="sm"
          aria-label={`Try in the match lab of ${name}`}
        >
          Match lab
        </Anchor>
      ),
    },
  ];
}

function IntegrationLink({ verdict }: { readonly verdict: EventVerdict }) {
  const { id, name, event, integration_type: type } = verdict;
  return (
    <Stack gap={0}>
      <Anchor component={Link} to={`/integrations/${segment(id)}`} size="sm" className="foreign">
        {name}
      </Anchor>
      <Text size="xs" c="dimmed" className="foreign">
        {type === "AzureIotHub" ? "Azure IoT Hub" : type}, event “{event}”
      </Text>
    </Stack>
  );
}

function count(integrations: number): string {
  return integrations === 1 ? "1 integration" : `${integrations.toLocaleString()} integrations`;
}
