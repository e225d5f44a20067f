import { Button, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldFailure } from "../client/field-failure.ts";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { EventField } from "../integrations/form/source-fields.tsx";
import type { IntegrationDetail } from "./integration.ts";
import { useChange } from "./use-change.ts";
import { NumberField } from "../elements/number-field.tsx";

const SHOWN = ["name", "event", "url", "daily_cap"];

/** What a webhook takes and where it sends it. Its templates and headers stay as they are. */
export function WebhookSettings({ integration }: { readonly integration: IntegrationDetail }) {
  const { id, name, event, url = "", daily_cap: cap } = integration;
  const [form, setForm] = useState({ name, event, url, cap: cap ?? ("" as number | string) });
  const save = useChange(id, "Saved. It works like that from now on.");
  const failure = save.error;
  return (
    <Section title="Settings">
      <form
        aria-label="Settings of the integration"
        onSubmit={(submitted) => {
          submitted.preventDefault();
          const { cap: typed, ...texts } = form;
          save.mutate({ ...texts, daily_cap: typed === "" ? null : Number(typed) });
        }}
      >
        <Stack gap="md" maw={640}>
          <TextInput
            label="Name"
            required
            maxLength={128}
            value={form.name}
            error={fieldFailure(failure, "name")}
            onChange={({ currentTarget }) => setForm({ ...form, name: currentTarget.value })}
          />
          <EventField event={form.event} failure={failure} onChange={(next) => setForm({ ...form, event: next })} />
          <TextInput
            label="URL"
            description="Where it sends. Secrets that are kept go to the same server only: for another one, give them anew."
            required
            value={form.url}
            error={fieldFailure(failure, "url")}
            onChange={({ currentTarget }) => setForm({ ...form, url: currentTarget.value })}
          />
          <NumberField
            label="Daily cap"
            description="Requests in one day (UTC). What comes beyond waits for the next day. Empty: none"
            min={1}
            value={form.cap}
            error={fieldFailure(failure, "daily_cap")}
            onChange={(value) => setForm({ ...form, cap: value })}
          />
          {failure !== null && fieldFailure(failure, ...SHOWN) === undefined && <FailureNote failure={failure} />}
          <div>
            <Button type="submit" loading={save.isPending}>
              Save settings
            </Button>
          </div>
        </Stack>
      </form>
    </Section>
  );
}
