import { Anchor, Button, Grid, Group, Paper, Stack, Text } from "@mantine/core";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { FormEvent, ReactNode } from "react";
import { Link, useLocation } from "wouter";
import { fieldFailure } from "../../client/field-failure.ts";
import { request, segment } from "../../client/request.ts";
import { announce } from "../../elements/announcements.tsx";
import { FailureNote } from "../../elements/failure-note.tsx";
import { Section } from "../../elements/page.tsx";
import { facesPath } from "../integration.ts";
import { SHOWN_FIELDS } from "./form-part.ts";
import { MessagePreview } from "./message-preview.tsx";

/** Makes an integration of these fields and goes to its page, where TEST is. */
export function useEnable(product: string | null) {
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: Readonly<Record<string, unknown>>) =>
      request<{ id: string }>(`${facesPath(product)}/integrations`, { method: "POST", body }),
    // Secrets are in it: nothing of it outlives the form.
    gcTime: 0,
    onSuccess: async ({ id }) => {
      await queries.invalidateQueries({ queryKey: ["integrations"] });
      announce("The integration is enabled. TEST sends a message through it.");
      navigate(`/integrations/${segment(id)}`);
    },
  });
}

/** A form of a new integration: its parts, what it will do, the button; and beside it what that looks like. */
export function FormFrame({
  enable,
  onEnable,
  purpose,
  preview,
  children,
}: {
  readonly enable: ReturnType<typeof useEnable>;
  readonly onEnable: () => void;
  /** In a sentence. */
  readonly purpose: string;
  readonly preview: {
    readonly title: string;
    readonly product: string | null;
    readonly fields: Readonly<Record<string, unknown>>;
  };
  readonly children: ReactNode;
}) {
  const { error, isPending } = enable;
  const isToldAtField = fieldFailure(error, ...SHOWN_FIELDS) !== undefined;
  return (
    <Grid gap="lg">
      <Grid.Col span={{ base: 12, md: 7 }}>
        <Stack
          component="form"
          gap="lg"
          aria-label="New integration"
          onSubmit={(event: FormEvent) => {
            event.preventDefault();
            onEnable();
          }}
        >
          {children}
          {error !== null && <FailureNote failure={error} {...(isToldAtField && { title: "Not enabled yet" })} />}
          <Text size="sm" className="foreign">
            {purpose}
          </Text>
          <Group gap="sm">
            <Button type="submit" size="sm" loading={isPending}>
              Enable integration
            </Button>
            <Anchor component={Link} to="/integrations" size="sm">
              Cancel
            </Anchor>
          </Group>
        </Stack>
      </Grid.Col>
      <Grid.Col span={{ base: 12, md: 5 }}>
        <Paper withBorder p="md" style={{ position: "sticky", top: 64 }}>
          <Section title={preview.title}>
            <MessagePreview product={preview.product} fields={preview.fields} />
          </Section>
        </Paper>
      </Grid.Col>
    </Grid>
  );
}

/** What need not be looked at, in a fold. */
export function Fold({ title, children }: { readonly title: string; readonly children: ReactNode }) {
  return (
    <details>
      <Text component="summary" fw={600}>
        {title}
      </Text>
      <Stack gap="md" mt="sm">
        {children}
      </Stack>
    </details>
  );
}
