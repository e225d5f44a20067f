import { Alert, List, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { CodeBlock } from "../elements/code-block.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { StateBadge, type Tone } from "../elements/state-badge.tsx";
import type { IntegrationDetail } from "./integration.ts";
import { faultOf, judge, preview, type Judged, type Preview } from "./match.ts";
import { MessageView } from "./message-view.tsx";
import { judgedRules, type JudgedRule } from "./verdict.ts";

const TONES: Readonly<Record<JudgedRule["result"], Tone>> = { passed: "good", refused: "bad", "not reached": "quiet" };
const WORDS: Readonly<Record<JudgedRule["result"], string>> = {
  passed: "Yes",
  refused: "No",
  "not reached": "Not asked",
};

/** Rule by rule whether the event is taken, and the message that would be made of it. */
export function MatchResult({
  integration,
  judged,
}: {
  readonly integration: IntegrationDetail;
  readonly judged: Judged;
}) {
  const { id, updated_at: version } = integration;
  const verdict = useQuery({
    queryKey: ["integrations", id, "match", judged, version],
    queryFn: ({ signal }) => judge(integration, judged, signal),
  });
  const made = useQuery({
    queryKey: ["integrations", id, "preview", judged, version],
    queryFn: ({ signal }) => preview(integration, judged, signal),
  });
  return (
    <SimpleGrid cols={{ base: 1, md: 2 }}>
      <Paper withBorder p="sm" role="status" aria-label="Verdict">
        <Loaded query={verdict} lines={6}>
          {(found) => (
            <Stack gap="xs">
              <Title order={3}>{found.matched ? "It is taken" : "It is not taken"}</Title>
              {found.waits !== undefined && <Text size="sm">{found.waits}</Text>}
              <List listStyleType="none" size="sm" spacing={6} aria-label="Rules">
                {judgedRules(integration, found).map(({ title, result, reason }) => (
                  <List.Item key={title}>
                    <StateBadge tone={TONES[result]}>{`${WORDS[result]}: ${title}`}</StateBadge>
                    {reason !== null && (
                      <Text size="sm" c="dimmed" ml={20} className="foreign">
                        {reason}
                      </Text>
                    )}
                  </List.Item>
                ))}
              </List>
            </Stack>
          )}
        </Loaded>
      </Paper>
      <Paper withBorder p="sm">
        <Stack gap="xs">
          <Title order={3}>
            {verdict.data?.matched === false ? "What would be sent if it were taken" : "What is sent"}
          </Title>
          <Loaded query={made} lines={6}>
            {(found) => <Made preview={found} />}
          </Loaded>
        </Stack>
      </Paper>
    </SimpleGrid>
  );
}

function Made({ preview: made }: { readonly preview: Preview }) {
  const fault = faultOf(made);
  if (fault !== null) return <FailureNote title="No message can be made of it" failure={fault} />;
  return (
    <Stack gap="xs">
      {made.message != null && <MessageView message={made.message} deviceId={made.device_id ?? null} />}
      {made.request != null && <CodeBlock text={requestText(made.request)} what="the request" />}
      {made.warnings.map(({ code, message }) => (
        <Alert key={code} color="yellow" variant="light">
          <Text size="sm" className="foreign">
            {message}
          </Text>
        </Alert>
      ))}
    </Stack>
  );
}

function requestText({ method, url, headers, body }: NonNullable<Preview["request"]>): string {
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
  return [`${method} ${url}`, ...lines, "", body ?? ""].join("\n").trimEnd();
}
