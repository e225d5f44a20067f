import { List, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { Loaded } from "../elements/loaded.tsx";
import { StateBadge, type Tone } from "../elements/state-badge.tsx";
import type { IntegrationDetail } from "./integration.ts";
import { judge, preview, type Judged } from "./match.ts";
import { PreviewView } from "./preview-view.tsx";
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
            {(found) => <PreviewView preview={found} />}
          </Loaded>
        </Stack>
      </Paper>
    </SimpleGrid>
  );
}
