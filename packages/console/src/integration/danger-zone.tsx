import { Paper, Stack, Text } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { useLocation } from "wouter";
import { request } from "../client/request.ts";
import { announce } from "../elements/announcements.tsx";
import { ConfirmButton } from "../elements/confirm-button.tsx";
import { Section } from "../elements/page.tsx";
import type { IntegrationDetail } from "./integration.ts";
import { counted } from "./state-in-words.ts";

/** What cannot be undone. */
export function DangerZone({ integration }: { readonly integration: IntegrationDetail }) {
  const { name, path, counters, integration_type: type } = integration;
  const { pending, parked } = counters.ledger;
  const [, navigate] = useLocation();
  const queries = useQueryClient();

  async function remove(): Promise<void> {
    await request(path, { method: "DELETE", query: { confirm: true } });
    announce(`${name} is deleted.`);
    queries.removeQueries({ queryKey: ["integrations", integration.id] });
    navigate("/integrations");
  }

  return (
    <Section title="Delete">
      <Paper withBorder p="sm" style={{ borderColor: "var(--isthmus-bad)" }}>
        <Stack gap="xs" align="flex-start">
          <Text size="sm">
            {pending + parked === 0
              ? "No event waits for it."
              : `${counted(pending, "event")} ${pending === 1 ? "waits" : "wait"} and ${parked.toLocaleString()} ${parked === 1 ? "is" : "are"} parked: they would never be sent.`}{" "}
            {type === "AzureIotHub" && "Devices stay in the hub as they are."}
          </Text>
          <ConfirmButton
            color="red"
            variant="outline"
            title={`Delete ${name}?`}
            confirmLabel={
              pending === 0 ? "Delete the integration" : `Delete it and give up ${counted(pending, "event")}`
            }
            message={
              pending + parked === 0
                ? "It takes no events any more. This cannot be undone."
                : `${counted(pending, "waiting event")} and ${counted(parked, "parked event")} end as expired and are never sent. This cannot be undone.`
            }
            word={name}
            onConfirm={remove}
          >
            Delete the integration…
          </ConfirmButton>
        </Stack>
      </Paper>
    </Section>
  );
}
