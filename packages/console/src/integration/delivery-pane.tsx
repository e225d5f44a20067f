import { Anchor, Button, Group, Paper, Stack, Text, Title } from "@mantine/core";
import { useEffect, useRef } from "react";
import { Link } from "wouter";
import { CodeBlock } from "../elements/code-block.tsx";
import { CopyButton } from "../elements/copy-button.tsx";
import { Fact, Facts } from "../elements/facts.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import { AttemptView } from "./attempt-view.tsx";
import { curlThatPublishes } from "./curl.ts";
import { TONES, useDelivery, type DeliveryDetail } from "./deliveries.ts";
import { DiscardButton } from "./discard-button.tsx";
import { EditAndRetry } from "./edit-and-retry.tsx";
import { useRetry } from "./failures.ts";
import { pageOf, type IntegrationDetail } from "./integration.ts";
import { prettyJson } from "./pretty-json.ts";

/** One delivery: its event, its tries, and what can be done about it. */
export function DeliveryPane({
  integration,
  delivery,
  onClose,
}: {
  readonly integration: IntegrationDetail;
  readonly delivery: string;
  readonly onClose: () => void;
}) {
  const query = useDelivery(integration.id, delivery);
  const heading = useRef<HTMLHeadingElement>(null);
  // It stands behind the whole list: who opens it by keyboard is led to it.
  useEffect(() => heading.current?.focus({ preventScroll: true }), [delivery]);
  return (
    <Paper withBorder p="md" component="section" aria-label={`Delivery ${delivery}`} className="beside">
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} ref={heading} tabIndex={-1}>
            Delivery {delivery}
          </Title>
          <Button variant="default" onClick={onClose}>
            Back to the list
          </Button>
        </Group>
        <Loaded query={query} lines={10}>
          {(found) => <Found integration={integration} delivery={found} />}
        </Loaded>
      </Stack>
    </Paper>
  );
}

function Found({
  integration,
  delivery,
}: {
  readonly integration: IntegrationDetail;
  readonly delivery: DeliveryDetail;
}) {
  const { state, error, next_step: next, code, data, attempts_log: tries } = delivery;
  return (
    <Stack gap="sm">
      {error !== null && state !== "delivered" && (
        <FailureNote
          title={state === "parked" ? "Parked" : "The last try failed"}
          failure={{ code: code ?? "", message: error, next_step: next }}
        />
      )}
      <Actions integration={integration} delivery={delivery} />
      <EventFacts delivery={delivery} />
      <div>
        <Group justify="space-between" mb={4}>
          <Title order={3}>Data</Title>
          <Group gap={6}>
            <Text size="xs" c="dimmed">
              publish it again with curl
            </Text>
            <CopyButton text={curlOfEvent(integration, delivery)} what="a curl command that publishes the event" />
          </Group>
        </Group>
        {data === null ? (
          <Text size="sm" c="dimmed">
            The event has none.
          </Text>
        ) : (
          <CodeBlock text={prettyJson(data)} what="the data" maxHeight={240} />
        )}
      </div>
      <div>
        <Title order={3} mb={4}>
          Tries
        </Title>
        {tries.length === 0 ? (
          <Text size="sm" c="dimmed">
            {state === "pending" ? "None yet." : "None is kept."}
          </Text>
        ) : (
          <Stack gap="xs">
            {tries.map((one, at) => (
              <AttemptView key={`${one.time} ${at}`} attempt={one} target={integration.target} isFirst={at === 0} />
            ))}
          </Stack>
        )}
      </div>
    </Stack>
  );
}

function Actions({
  integration: { id },
  delivery,
}: {
  readonly integration: IntegrationDetail;
  readonly delivery: DeliveryDetail;
}) {
  const retry = useRetry(id);
  const ids = [delivery.id];
  const { state } = delivery;
  return (
    <>
      {retry.error !== null && <FailureNote failure={retry.error} />}
      <Group gap="xs">
        {(state === "parked" || state === "pending") && (
          <Button variant="default" loading={retry.isPending} onClick={() => retry.mutate({ ids })}>
            {state === "parked" ? "Retry" : "Retry now"}
          </Button>
        )}
        {state !== "pending" && <EditAndRetry id={id} delivery={delivery} />}
        {(state === "parked" || state === "pending") && (
          <DiscardButton id={id} which={{ ids }} count={1} label="Discard…" />
        )}
        <Anchor component={Link} size="sm" to={pageOf(id, "match", { event: delivery.event_id })}>
          Open in the match lab
        </Anchor>
      </Group>
    </>
  );
}

function EventFacts({ delivery }: { readonly delivery: DeliveryDetail }) {
  const { state, event, event_id: eventId, device_id: device, seq, reason, note } = delivery;
  return (
    <Facts>
      <Fact name="State">
        <StateBadge tone={TONES[state]}>{state}</StateBadge>
      </Fact>
      <Fact name="Event">
        <Anchor component={Link} to={`/events/${encodeURIComponent(eventId)}`} inherit className="foreign">
          {event}
        </Anchor>
      </Fact>
      <Fact name="Device">
        <Anchor component={Link} to={`/devices/${encodeURIComponent(device)}`} inherit className="foreign">
          {device}
        </Anchor>
      </Fact>
      <Fact name="Message id">{eventId}</Fact>
      <Fact name="Stream number">{seq.toLocaleString()}</Fact>
      <Fact name="Published">
        <Time at={delivery.published_at} />
      </Fact>
      <Fact name="Taken">
        <Time at={delivery.accepted_at} />
      </Fact>
      {delivery.settled_at !== null && (
        <Fact name="Ended">
          <Time at={delivery.settled_at} />
        </Fact>
      )}
      {delivery.next_attempt_at !== null && (
        <Fact name="Next try">
          <Time at={delivery.next_attempt_at} />
        </Fact>
      )}
      {reason !== null && <Fact name="Why it ended">{[reason, note].filter(Boolean).join(": ")}</Fact>}
      {delivery.replay_id !== null && <Fact name="Sent by">a replay</Fact>}
    </Facts>
  );
}

function curlOfEvent({ scope }: IntegrationDetail, delivery: DeliveryDetail): string {
  return curlThatPublishes({
    origin: location.origin,
    product: scope.kind === "product" ? (scope.product_slug ?? scope.product_id ?? null) : null,
    deviceId: delivery.device_id,
    name: delivery.event,
    data: delivery.data,
  });
}
