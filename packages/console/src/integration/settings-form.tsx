import { useState } from "react";
import {
  hubFormOf,
  messageFields,
  templateFault,
  type HubAnswer,
  type HubForm,
} from "../integrations/form/hub-form.ts";
import { MessageFields } from "../integrations/form/message-fields.tsx";
import { NameField } from "../integrations/form/name-field.tsx";
import { DeviceField, EventField } from "../integrations/form/source-fields.tsx";
import type { IntegrationDetail } from "./integration.ts";
import { SettingsFrame } from "./settings-frame.tsx";
import { useChange } from "./use-change.ts";

/** What a hub's integration takes and what it makes of it. */
export function SettingsForm({ integration }: { readonly integration: IntegrationDetail }) {
  const [form, setForm] = useState<HubForm>(() => hubFormOf(integration as unknown as HubAnswer));
  const save = useChange(integration.id, "Saved. It works like that from now on.");
  const { error: failure } = save;
  const isSandbox = integration.scope.kind === "sandbox";
  const change = (part: Partial<HubForm>): void => setForm((now) => ({ ...now, ...part }));

  /** All that the form shows: what is empty goes back to its default. */
  const fields = {
    ...messageFields(form),
    ...(isSandbox && form.deviceId.trim() === "" && { deviceID: null }),
    name: form.name.trim() === "" ? null : form.name.trim(),
    daily_cap: form.dailyCap.trim() === "" ? null : Number(form.dailyCap),
  };

  return (
    <SettingsFrame
      integration={integration}
      save={save}
      fields={fields}
      preview={{ title: "Preview of a message", fields: messageFields(form) }}
      isFaulty={templateFault(form) !== null}
    >
      <NameField name={form.name} failure={failure} onChange={(name) => change({ name })} />
      <EventField event={form.event} failure={failure} onChange={(event) => change({ event })} />
      {isSandbox && (
        <DeviceField deviceId={form.deviceId} failure={failure} onChange={(deviceId) => change({ deviceId })} />
      )}
      <MessageFields form={form} onChange={change} failure={failure} />
    </SettingsFrame>
  );
}
