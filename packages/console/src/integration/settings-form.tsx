import { Button, Grid, Stack, TextInput } from "@mantine/core";
import { useState } from "react";
import { fieldFailure } from "../client/field-failure.ts";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { SHOWN_FIELDS } from "../integrations/form/form-part.ts";
import {
  hubFormOf,
  messageFields,
  templateFault,
  type HubAnswer,
  type HubForm,
} from "../integrations/form/hub-form.ts";
import { MessageFields } from "../integrations/form/message-fields.tsx";
import { MessagePreview } from "../integrations/form/message-preview.tsx";
import { DeviceField, EventField } from "../integrations/form/source-fields.tsx";
import type { IntegrationDetail } from "./integration.ts";
import { useChange } from "./use-change.ts";

/** What a hub's integration takes and what it makes of it, with a preview of the message beside it. */
export function SettingsForm({ integration }: { readonly integration: IntegrationDetail }) {
  const { id, scope } = integration;
  const [form, setForm] = useState<HubForm>(() => hubFormOf(integration as unknown as HubAnswer));
  const save = useChange(id, "Saved. It works like that from now on.");
  const failure = save.error;
  const isToldAtField = fieldFailure(failure, ...SHOWN_FIELDS) !== undefined;
  const isSandbox = scope.kind === "sandbox";
  const change = (part: Partial<HubForm>): void => setForm((now) => ({ ...now, ...part }));

  /** All that the form shows: what is empty goes back to its default. */
  function fields(): Record<string, unknown> {
    return {
      ...messageFields(form),
      ...(isSandbox && form.deviceId.trim() === "" && { deviceID: null }),
      name: form.name.trim(),
      daily_cap: form.dailyCap.trim() === "" ? null : Number(form.dailyCap),
    };
  }

  return (
    <Section title="Settings">
      <Grid gap="xl">
        <Grid.Col span={{ base: 12, md: 6 }}>
          <form
            aria-label="Settings of the integration"
            onSubmit={(submitted) => {
              submitted.preventDefault();
              save.mutate(fields());
            }}
          >
            <Stack gap="md">
              <TextInput
                label="Name"
                required
                maxLength={128}
                value={form.name}
                error={fieldFailure(failure, "name")}
                onChange={({ currentTarget }) => change({ name: currentTarget.value })}
              />
              <EventField event={form.event} failure={failure} onChange={(event) => change({ event })} />
              {isSandbox && (
                <DeviceField deviceId={form.deviceId} failure={failure} onChange={(deviceId) => change({ deviceId })} />
              )}
              <MessageFields form={form} onChange={change} failure={failure} />
              {failure !== null && !isToldAtField && <FailureNote failure={failure} />}
              <div>
                <Button type="submit" loading={save.isPending} disabled={templateFault(form) !== null}>
                  Save settings
                </Button>
              </div>
            </Stack>
          </form>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Section title="Preview of a message">
            <MessagePreview
              product={scope.kind === "product" ? String(scope.product_id) : null}
              fields={{ id, ...messageFields(form) }}
            />
          </Section>
        </Grid.Col>
      </Grid>
    </Section>
  );
}
