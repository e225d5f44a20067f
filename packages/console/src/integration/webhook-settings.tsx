import { useState } from "react";
import { DailyCapField } from "../integrations/form/daily-cap-field.tsx";
import { Fold } from "../integrations/form/form-frame.tsx";
import { NameField } from "../integrations/form/name-field.tsx";
import { DeviceField, EventField } from "../integrations/form/source-fields.tsx";
import { CredentialFields, MoreWebhookFields, RequestFields } from "../integrations/form/webhook-fields.tsx";
import {
  webhookChanges,
  webhookFormOf,
  type WebhookAnswer,
  type WebhookForm,
} from "../integrations/form/webhook-form.ts";
import type { IntegrationDetail } from "./integration.ts";
import { SettingsFrame } from "./settings-frame.tsx";
import { useChange } from "./use-change.ts";

/** What a webhook takes and the request that it makes of it. Secrets are shown masked, and a mask stands for the stored one. */
export function WebhookSettings({ integration }: { readonly integration: IntegrationDetail }) {
  const [stored] = useState(integration as unknown as WebhookAnswer);
  const [form, setForm] = useState<WebhookForm>(() => webhookFormOf(stored));
  const save = useChange(integration.id, "Saved. It works like that from now on.");
  const { error: failure } = save;
  const change = (part: Partial<WebhookForm>): void => setForm((now) => ({ ...now, ...part }));
  const fields = webhookChanges(form, stored);
  return (
    <SettingsFrame
      integration={integration}
      save={save}
      fields={fields}
      preview={{ title: "Preview of a request", fields }}
    >
      <NameField name={form.name} failure={failure} onChange={(name) => change({ name })} />
      <EventField event={form.event} failure={failure} onChange={(event) => change({ event })} />
      {integration.scope.kind === "sandbox" && (
        <DeviceField deviceId={form.deviceId} failure={failure} onChange={(deviceId) => change({ deviceId })} />
      )}
      <RequestFields form={form} onChange={change} failure={failure} />
      <Fold title="Headers, query, user name and password">
        <CredentialFields form={form} onChange={change} failure={failure} />
      </Fold>
      <Fold title="The answer, certificate, daily cap">
        <MoreWebhookFields form={form} onChange={change} failure={failure} />
        <DailyCapField
          what="Requests"
          dailyCap={form.dailyCap}
          failure={failure}
          onChange={(dailyCap) => change({ dailyCap })}
        />
      </Fold>
    </SettingsFrame>
  );
}
