import { Alert, List, Stack, Text } from "@mantine/core";
import { Section } from "../elements/page.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import { ExchangeView } from "./exchange-view.tsx";
import type { TestReport } from "./integration-test.ts";
import type { IntegrationDetail } from "./integration.ts";
import { MessageView } from "./message-view.tsx";

/** Each step, the proof of arrival, and what was sent. */
export function TestResult({
  report,
  integration,
}: {
  readonly report: TestReport;
  readonly integration: IntegrationDetail;
}) {
  const { pass, error, next_step: next, steps, message, exchange } = report;
  return (
    <Stack role="status" aria-label="Result of the test">
      <Alert color={pass ? "teal" : "red"} variant="light" title={pass ? "The test passed" : "The test failed"}>
        {pass ? (
          <Arrival report={report} />
        ) : (
          <>
            <Text size="sm" className="foreign">
              {withoutStep(error ?? "", next)}
            </Text>
            {next !== undefined && (
              <Text size="sm" mt={4} className="foreign">
                <b>Next step:</b> {next}
              </Text>
            )}
          </>
        )}
      </Alert>
      <List listStyleType="none" size="sm" spacing={4} aria-label="Steps">
        {steps.map(({ name, ok, message: said }) => (
          <List.Item key={name}>
            <StateBadge tone={ok ? "good" : "bad"}>{`${ok ? "Done" : "Failed"}: ${name}`}</StateBadge>
            {!ok && (
              <Text size="sm" c="dimmed" className="foreign" ml={20}>
                {said}
              </Text>
            )}
          </List.Item>
        ))}
      </List>
      {message !== null && (
        <Section title={pass ? "What was sent" : "What would have been sent"}>
          <MessageView message={message} deviceId={report.device_id} />
        </Section>
      )}
      {exchange !== undefined && (
        <Section title="Request and answer">
          <ExchangeView exchange={exchange} target={integration.target} />
        </Section>
      )}
    </Stack>
  );
}

function Arrival({ report: { arrival, data } }: { readonly report: TestReport }) {
  if (arrival === null) return <Text size="sm">The target took it.</Text>;
  if (!arrival.seen) {
    return (
      <Text size="sm" className="foreign">
        {data ?? arrival.why}
      </Text>
    );
  }
  return (
    <Text size="sm">
      It arrived: read back from the hub, partition {arrival.partition}, sequence number {arrival.sequence_number},{" "}
      {arrival.after_ms} ms after sending (<Time at={arrival.enqueued_time} />
      ).
    </Text>
  );
}

/** The error ends with the next step, which stands on its own line here. */
function withoutStep(error: string, next: string | undefined): string {
  return next !== undefined && error.endsWith(next) ? error.slice(0, -next.length).trim() : error;
}
