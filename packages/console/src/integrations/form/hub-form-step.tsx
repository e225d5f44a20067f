import { Button, Group } from "@mantine/core";
import type { ReactNode } from "react";
import { Section } from "../../elements/page.tsx";
import { Fold, FormFrame, useEnable } from "./form-frame.tsx";
import { hubFields, messageFields, templateFault, type HubForm } from "./hub-form.ts";
import { HubFields } from "./hub-fields.tsx";
import { isLocalHub } from "./local-hub.ts";
import { MessageFields } from "./message-fields.tsx";
import { NameField } from "./name-field.tsx";
import { purposeInWords } from "./purpose-words.ts";
import { ScopeField, useProductName } from "./scope-field.tsx";
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
  const enable = useEnable(product);
  const { error: failure } = enable;
  // A product has no single device: what was typed before it was chosen is not sent.
  const whole = product === null ? form : { ...form, deviceId: "" };
  const isLocal = isLocalHub(form.hubName);
  const purpose = purposeInWords({
    event: form.event,
    device: form.deviceId,
    product: useProductName(product),
    target: isLocal ? "the Local Hub" : form.hubName.trim() || "the hub",
  });
  return (
    <FormFrame
      enable={enable}
      onEnable={() => templateFault(form) === null && enable.mutate(hubFields(whole))}
      purpose={purpose}
      preview={{ title: "Preview of the message", product, fields: messageFields(whole) }}
    >
      <Section title="Which events">
        <ScopeField product={product} onChange={onProduct} />
        <EventField event={form.event} failure={failure} onChange={(event) => onChange({ event })} />
        {product === null && (
          <DeviceField deviceId={form.deviceId} failure={failure} onChange={(deviceId) => onChange({ deviceId })} />
        )}
      </Section>
      <Section
        title="To which hub"
        actions={
          !isLocal && (
            <Button variant="default" onClick={onLocal}>
              Use the Local Hub
            </Button>
          )
        }
      >
        <HubFields form={form} onChange={onChange} failure={failure} />
        <Group gap="xs">{summary}</Group>
      </Section>
      <Fold title="Advanced: name, body, properties, identities, daily cap">
        <NameField name={form.name} failure={failure} onChange={(name) => onChange({ name })} />
        <MessageFields form={form} onChange={onChange} failure={failure} />
      </Fold>
    </FormFrame>
  );
}
