import { Alert, Anchor, Button, Group, Text } from "@mantine/core";
import { Link } from "wouter";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loading } from "../elements/loaded.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import { useRetry } from "./failures.ts";
import { pageOf, useIntegrationState, type IntegrationDetail, type IntegrationState } from "./integration.ts";
import { counted, stateInWords } from "./state-in-words.ts";

/** Failures that another key or policy mends. */
const OF_THE_KEY: ReadonlySet<string> = new Set([
  "key_refused",
  "permission_missing",
  "hub_not_found",
  "entra_refused",
  "webhook_refused",
  "webhook_not_found",
]);

/** The integration's state in words; what is wrong as a whole, what to do about it, and where. */
export function HeadState({ integration }: { readonly integration: IntegrationDetail }) {
  const { data: standing } = useIntegrationState(integration.id);
  if (standing === undefined) return <Loading lines={1} />;
  const { tone, words } = stateInWords(integration, standing);
  const { failure } = standing;
  const { pending } = integration.counters.ledger;
  return (
    <>
      <Group gap="lg" role="status" aria-label="State of the integration">
        <Text size="sm" component="div">
          <StateBadge tone={tone}>{words}</StateBadge>
          {words === "Failing" && standing.since !== null && (
            <>
              , began <Time at={standing.since} />
            </>
          )}
        </Text>
        {integration.disabled && (
          <Text size="sm" c="dimmed">
            {pending === 0
              ? "Events that come now wait until you resume it."
              : `${waiting(pending)} until you resume it.`}
          </Text>
        )}
      </Group>
      {failure !== null && !integration.disabled && (
        <Alert
          color={tone === "bad" ? "red" : "yellow"}
          variant="light"
          role="alert"
          aria-live="polite"
          aria-atomic={false}
          // Its count grows while it fails: not to be read aloud each time.
          title={<span aria-live="off">{titleOf(pending)}</span>}
        >
          <Text size="sm" className="foreign">
            {failure.message}
          </Text>
          {failure.next_step !== null && (
            <Text size="sm" mt={4} className="foreign">
              <b>Next step:</b> {failure.next_step}
            </Text>
          )}
          <Group gap="md" mt={8}>
            {OF_THE_KEY.has(failure.code) && (
              <Anchor component={Link} to={mendedAt(integration)} size="sm" c="inherit" fw={600}>
                {integration.integration_type === "Webhook" ? "Change the webhook’s settings" : "Give a new key"}
              </Anchor>
            )}
            {failure.code === "daily_cap_reached" && (
              <Anchor component={Link} to={pageOf(integration.id, "settings")} size="sm" c="inherit" fw={600}>
                Change the daily cap
              </Anchor>
            )}
            <TryNow id={integration.id} parked={integration.counters.ledger.parked} />
            <NextTry standing={standing} />
          </Group>
        </Alert>
      )}
    </>
  );
}

function mendedAt({ id, integration_type: type }: IntegrationDetail): string {
  return pageOf(id, "settings") + (type === "Webhook" ? "" : "#key");
}

function titleOf(pending: number): string {
  return pending === 0 ? "Nothing is sent now" : `${waiting(pending)}; none is lost`;
}

function waiting(count: number): string {
  return `${counted(count, "event")} ${count === 1 ? "waits" : "wait"}`;
}

/** For who has mended something in Azure and does not want to wait. */
function TryNow({ id, parked }: { readonly id: string; readonly parked: number }) {
  const retry = useRetry(id);
  return (
    <>
      <Button variant="default" loading={retry.isPending} onClick={() => retry.mutate({ all: true })}>
        {parked === 0 ? "Try now" : "Try now, parked ones too"}
      </Button>
      {retry.error !== null && <FailureNote failure={retry.error} />}
    </>
  );
}

function NextTry({ standing }: { readonly standing: IntegrationState }) {
  const { expected_until: until, next_probe_at: next } = standing;
  if (until === null && next === null) return null;
  return (
    <Text size="sm" c="dimmed" component="span">
      {next !== null && (
        <>
          Tried again by itself <Time at={next} />
          {until !== null && ", "}
        </>
      )}
      {until !== null && (
        <>
          {next === null ? "Goes on by itself " : "goes on "}
          <Time at={until} /> at the latest
        </>
      )}
    </Text>
  );
}
