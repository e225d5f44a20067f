import { Anchor, Button, Group, Stack, Text } from "@mantine/core";
import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { send, request } from "../client/request.ts";
import { CodeBlock } from "../elements/code-block.tsx";
import { FailureNote } from "../elements/failure-note.tsx";
import { Loaded } from "../elements/loaded.tsx";
import { Section } from "../elements/page.tsx";
import { StateBadge } from "../elements/state-badge.tsx";
import { Time } from "../elements/time.tsx";
import { ApiFailure } from "../client/failure.ts";
import { useAbout } from "./about.ts";

interface Health {
  readonly ready: boolean;
  readonly reasons: readonly string[];
  readonly warnings: readonly string[];
}
interface Incident {
  readonly id: number;
  readonly message: string;
  readonly at: string;
}

/** Which server this is, how it fares, and where machines look. */
export function AboutSection() {
  const about = useAbout();
  const health = useQuery({ queryKey: ["servers", "health"], queryFn: readHealth, refetchInterval: 5_000 });
  const origin = location.origin;
  return (
    <Stack gap="lg">
      <Section title="This server">
        <Loaded query={about} lines={2}>
          {({ version, node, started_at }) => (
            <Text size="sm" component="div">
              Isthmus {version} on Node {node}, started <Time at={started_at} />
            </Text>
          )}
        </Loaded>
      </Section>
      <Section title="Health">
        <Loaded query={health} lines={1}>
          {({ ready, reasons, warnings }) => (
            <Stack gap={4} align="flex-start">
              <StateBadge tone={ready ? (warnings.length > 0 ? "wait" : "good") : "bad"}>
                {ready ? "Events are taken" : "Events are not taken"}
              </StateBadge>
              {[...reasons, ...warnings].map((text) => (
                <Text key={text} size="sm" className="foreign">
                  {text}
                </Text>
              ))}
            </Stack>
          )}
        </Loaded>
      </Section>
      {about.data?.operator === true && <Incidents />}
      <Section title="For machines">
        <CodeBlock
          what="the addresses"
          text={`${origin}/health/live\n${origin}/health/ready\n${origin}/metrics\n${origin}/openapi.json`}
        />
        <Text size="sm">
          <Anchor href="/openapi.json" target="_blank" inherit>
            The API's description
          </Anchor>
          {" and "}
          <Anchor href="/metrics" target="_blank" inherit>
            the metrics as they are now
          </Anchor>
          .
        </Text>
      </Section>
    </Stack>
  );
}

/** "Not ready" is an answer, too. */
async function readHealth({ signal }: { readonly signal: AbortSignal }): Promise<Health> {
  try {
    return (await (await send("/health/ready", { signal })).json()) as Health;
  } catch (error) {
    if (error instanceof ApiFailure && error.status === 503) return error.body as Health;
    throw error;
  }
}

function Incidents() {
  const queries = useQueryClient();
  const key = ["incidents"];
  const incidents = useQuery({
    queryKey: key,
    queryFn: ({ signal }) => request<{ incidents: Incident[] }>("/admin/v1/incidents", { signal }),
  });
  const acknowledge = useMutation({
    mutationFn: (id: number) => request(`/admin/v1/incidents/${id}`, { method: "DELETE" }),
    onSuccess: async () => queries.invalidateQueries({ queryKey: key }),
  });
  return (
    <Section title="Incidents">
      {acknowledge.error !== null && <FailureNote failure={acknowledge.error} />}
      <Loaded query={incidents} lines={1}>
        {(answer) =>
          answer.incidents.length === 0 ? (
            <Text size="sm" c="dimmed">
              None: no data were found missing.
            </Text>
          ) : (
            answer.incidents.map(({ id, message, at }) => (
              <Group key={id} align="flex-start" justify="space-between">
                <Text size="sm" className="foreign" style={{ flex: "1 1 20rem" }}>
                  <Time at={at} />: {message}
                </Text>
                <Button variant="default" onClick={() => acknowledge.mutate(id)}>
                  Acknowledge
                </Button>
              </Group>
            ))
          )
        }
      </Loaded>
    </Section>
  );
}
