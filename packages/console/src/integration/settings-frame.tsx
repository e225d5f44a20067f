import { Button, Grid, Stack } from "@mantine/core";
import type { ReactNode } from "react";
import { fieldFailure } from "../client/field-failure.ts";
import { FailureNote } from "../elements/failure-note.tsx";
import { Section } from "../elements/page.tsx";
import { SHOWN_FIELDS } from "../integrations/form/form-part.ts";
import { MessagePreview } from "../integrations/form/message-preview.tsx";
import type { IntegrationDetail } from "./integration.ts";
import type { useChange } from "./use-change.ts";

/** A form of an integration's settings, and beside it what they make of an event. */
export function SettingsFrame({
  integration: { id, scope },
  save,
  preview,
  fields,
  isFaulty = false,
  children,
}: {
  readonly integration: IntegrationDetail;
  readonly save: ReturnType<typeof useChange>;
  /** Its title and the fields that it needs. */
  readonly preview: { readonly title: string; readonly fields: Readonly<Record<string, unknown>> };
  /** What is saved. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** Cannot be saved as it stands. */
  readonly isFaulty?: boolean;
  readonly children: ReactNode;
}) {
  const { error: failure, isPending } = save;
  const isToldAtField = fieldFailure(failure, ...SHOWN_FIELDS) !== undefined;
  return (
    <Section title="Settings">
      <Grid gap="xl">
        <Grid.Col span={{ base: 12, md: 6 }}>
          <form
            aria-label="Settings of the integration"
            onSubmit={(submitted) => {
              submitted.preventDefault();
              save.mutate(fields);
            }}
          >
            <Stack gap="md">
              {children}
              {failure !== null && <FailureNote failure={failure} {...(isToldAtField && { title: "Not saved yet" })} />}
              <div>
                <Button type="submit" loading={isPending} disabled={isFaulty}>
                  Save settings
                </Button>
              </div>
            </Stack>
          </form>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 6 }}>
          <Section title={preview.title}>
            <MessagePreview
              product={scope.kind === "product" ? String(scope.product_id) : null}
              fields={{ id, ...preview.fields }}
            />
          </Section>
        </Grid.Col>
      </Grid>
    </Section>
  );
}
