import { Anchor, Button, Grid, Group, Paper, Stack, Text, TextInput } from "@mantine/core";
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
import { hubFields, messageFields, templateFault, type HubForm } from "./hub-form.ts";
import { HubFields } from "./hub-fields.tsx";
import { isLocalHub } from "./local-hub.ts";
import { MessageFields } from "./message-fields.tsx";
import { MessagePreview } from "./message-preview.tsx";
import { purposeInWords } from "./purpose-words.ts";
import { ScopeField, useProducts } from "./scope-field.tsx";
import { DeviceField, EventField } from "./source-fields.tsx";

/** The integration itself: which events, to which hub, as which message; and what that looks like. */
export function HubFormStep({
  form,
  product,
  summary,
  onChange,
  onProduct,
  onLocal,
}: {
  readonly form: HubForm;
  readonly product: string | null;
  /** Whether the hub was checked. */
  readonly summary: ReactNode;
  readonly onChange: (change: Partial<HubForm>) => void;
  readonly onProduct: (product: string | null) => void;
  readonly onLocal: () => void;
}) {
  const [, navigate] = useLocation();
  const queries = useQueryClient();
  const products = useProducts();
  // A product has no single device: what was typed before it was chosen is not sent.
  const whole = product === null ? form : { ...form, deviceId: "" };
  const enable = useMutation({
    mutationFn: () =>
      request<{ id: string }>(`${facesPath(product)}/integrations`, { method: "POST", body: hubFields(whole) }),
    onSuccess: async ({ id }) => {
      await queries.invalidateQueries({ queryKey: ["integrations"] });
      announce("The integration is enabled. TEST sends a message through it.");
      navigate(`/integrations/${segment(id)}`);
    },
  });
  const failure = enable.error;
  const isShownAtField = fieldFailure(failure, ...SHOWN_FIELDS) !== undefined;
  const productName = products.data?.products.find(({ slug }) => slug === product)?.name ?? product;
  const target = isLocalHub(form.hubName) ? "the Local Hub" : form.hubName.trim() || "the hub";

  function submit(event: FormEvent): void {
    event.preventDefault();
    if (templateFault(form) === null) enable.mutate();
  }

  return (
    <Grid gap="lg">
      <Grid.Col span={{ base: 12, md: 7 }}>
        <Stack component="form" gap="lg" onSubmit={submit} aria-label="New integration">
          <Section title="Which events">
            <ScopeField product={product} onChange={onProduct} />
            <EventField event={form.event} failure={failure} onChange={(event) => onChange({ event })} />
            {product === null && <DeviceField form={form} onChange={onChange} failure={failure} />}
          </Section>
          <Section
            title="To which hub"
            actions={
              !isLocalHub(form.hubName) && (
                <Button variant="default" onClick={onLocal}>
                  Use the Local Hub
                </Button>
              )
            }
          >
            <HubFields form={form} onChange={onChange} failure={failure} />
            <Group gap="xs">{summary}</Group>
          </Section>
          <details>
            <Text component="summary" fw={600}>
              Advanced: name, body, properties, identities, daily cap
            </Text>
            <Stack gap="md" mt="sm">
              <TextInput
                label="Name"
                description="In lists. Empty: made of event and hub."
                maxLength={128}
                value={form.name}
                error={fieldFailure(failure, "name")}
                onChange={({ currentTarget }) => onChange({ name: currentTarget.value })}
              />
              <MessageFields form={form} onChange={onChange} failure={failure} />
            </Stack>
          </details>
          {failure !== null && <FailureNote failure={failure} {...(isShownAtField && { title: "Not enabled yet" })} />}
          <Text size="sm" className="foreign">
            {purposeInWords({ event: form.event, device: form.deviceId, product: productName, target })}
          </Text>
          <Group gap="sm">
            <Button type="submit" size="sm" loading={enable.isPending}>
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
          <Section title="The message">
            <MessagePreview product={product} fields={messageFields(whole)} />
          </Section>
        </Paper>
      </Grid.Col>
    </Grid>
  );
}
