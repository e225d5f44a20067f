import { Button, Group, NumberInput, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import type { IntegrationDetail } from "./integration.ts";
import { useChange } from "./use-change.ts";

/** What it takes and what it is called. */
export function SettingsForm({ integration }: { readonly integration: IntegrationDetail }) {
  const { id, name, event, daily_cap: cap } = integration;
  const [fields, setFields] = useState({ name, event, cap: cap ?? ("" as number | string) });
  const save = useChange(id, "Saved. It works like that from now on.");
  return (
    <Section title="Settings">
      <form
        onSubmit={(submitted) => {
          submitted.preventDefault();
          save.mutate({
            name: fields.name,
            event: fields.event,
            daily_cap: fields.cap === "" ? null : Number(fields.cap),
          });
        }}
      >
        <Stack gap="sm" maw={560}>
          <TextInput
            label="Name"
            required
            value={fields.name}
            onChange={({ currentTarget }) => setFields({ ...fields, name: currentTarget.value })}
          />
          <TextInput
            label="Event name begins with"
            required
            value={fields.event}
            onChange={({ currentTarget }) => setFields({ ...fields, event: currentTarget.value })}
          />
          <NumberInput
            label="Daily cap"
            description="Messages in one day (UTC). What comes beyond waits for the next day. Empty: no cap"
            min={1}
            value={fields.cap}
            onChange={(value) => setFields({ ...fields, cap: value })}
          />
          {save.error !== null && <FailureNote failure={save.error} />}
          <Group>
            <Button type="submit" loading={save.isPending}>
              Save settings
            </Button>
          </Group>
        </Stack>
      </form>
    </Section>
  );
}
