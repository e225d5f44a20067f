import { useState } from "react";
import { useSearchParams } from "wouter";
import { Page, Section } from "../elements/page.tsx";
import { DailyCapField } from "./form/daily-cap-field.tsx";
import { Fold, FormFrame, useEnable } from "./form/form-frame.tsx";
import { NameField } from "./form/name-field.tsx";
import { purposeInWords } from "./form/purpose-words.ts";
import { ScopeField, useProductName } from "./form/scope-field.tsx";
import { DeviceField, EventField } from "./form/source-fields.tsx";
import { CredentialFields, MoreWebhookFields, RequestFields } from "./form/webhook-fields.tsx";
import { EMPTY_WEBHOOK_FORM, webhookFields, type WebhookForm } from "./form/webhook-form.ts";

/** Sets up a webhook. What is typed stays on this page, passwords above all. */
export function NewWebhookPage() {
  const [search, setSearch] = useSearchParams();
  const product = search.get("product");
  const [form, setForm] = useState(EMPTY_WEBHOOK_FORM);
  const enable = useEnable(product);
  const { error: failure } = enable;
  const change = (part: Partial<WebhookForm>): void => setForm((former) => ({ ...former, ...part }));
  const whole = product === null ? form : { ...form, deviceId: "" };
  const purpose = purposeInWords({
    event: form.event,
    device: form.deviceId,
    product: useProductName(product),
    target: form.url.trim() || "a web address",
  });
  return (
    <Page
      title="New integration: Webhook"
      about="Each event becomes an HTTP request. One device's events go one after the other, and what cannot be sent waits."
      parent={{ title: "New integration", to: "/integrations/new" }}
    >
      <FormFrame
        enable={enable}
        onEnable={() => enable.mutate(webhookFields(whole))}
        purpose={purpose}
        preview={{ title: "Preview of the request", product, fields: previewFields(whole) }}
      >
        <Section title="Which events">
          <ScopeField
            product={product}
            onChange={(next) => setSearch(next === null ? {} : { product: next }, { replace: true })}
          />
          <EventField event={form.event} failure={failure} onChange={(event) => change({ event })} />
          {product === null && (
            <DeviceField deviceId={form.deviceId} failure={failure} onChange={(deviceId) => change({ deviceId })} />
          )}
        </Section>
        <Section title="To where">
          <RequestFields form={form} onChange={change} failure={failure} />
        </Section>
        <Fold title="Headers, query, user name and password">
          <CredentialFields form={form} onChange={change} failure={failure} />
        </Fold>
        <Fold title="Advanced: name, the answer, certificate, daily cap">
          <NameField name={form.name} failure={failure} onChange={(name) => change({ name })} />
          <MoreWebhookFields form={form} onChange={change} failure={failure} />
          <DailyCapField
            what="Requests"
            dailyCap={form.dailyCap}
            failure={failure}
            onChange={(dailyCap) => change({ dailyCap })}
          />
        </Fold>
      </FormFrame>
    </Page>
  );
}

/** Until there is an address the request is shown as it would go to one that is nobody's. */
function previewFields(form: WebhookForm): Record<string, unknown> {
  return webhookFields({ ...form, url: form.url.trim() === "" ? "https://example.com/" : form.url });
}
