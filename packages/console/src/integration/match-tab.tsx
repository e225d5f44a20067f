import { Stack, Text } from "@mantine/core";
import { useSearchParams } from "wouter";
import { Section } from "../elements/page.tsx";
import { DryRunSection } from "./dry-run-section.tsx";
import type { IntegrationDetail } from "./integration.ts";
import type { Judged } from "./match.ts";
import { MatchForm } from "./match-form.tsx";
import { MatchResult } from "./match-result.tsx";

/** Why an event is taken or not, what would be sent of it, and what other settings would have taken. */
export function MatchTab({ integration }: { readonly integration: IntegrationDetail }) {
  const [search, setSearch] = useSearchParams();
  const judged = judgedIn(search);
  return (
    <Stack gap="lg">
      <Section title="Is it taken?">
        <Text size="sm" c="dimmed">
          Pick an event that came lately, or make one up. Nothing is sent.
        </Text>
        <MatchForm
          key={search.toString()}
          integration={integration}
          judged={judged}
          onJudged={(next) => setSearch("event_id" in next ? { event: next.event_id } : { ...next })}
        />
        {judged !== null && <MatchResult key={JSON.stringify(judged)} integration={integration} judged={judged} />}
      </Section>
      <DryRunSection integration={integration} />
    </Stack>
  );
}

/** In the address, so that what was found can be sent to others. */
function judgedIn(search: URLSearchParams): Judged | null {
  const event = search.get("event");
  if (event !== null) return { event_id: event };
  const name = search.get("name");
  if (name === null) return null;
  return { name, device_id: search.get("device_id") ?? "", data: search.get("data") ?? "" };
}
