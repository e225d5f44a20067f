import type { HubForm } from "./hub-form.ts";

/** What every part of the form is given. */
export interface FormPart {
  readonly form: HubForm;
  readonly onChange: (change: Partial<HubForm>) => void;
  /** Of the last try to save; each field shows what is said against it. */
  readonly failure?: unknown;
}

/** Fields that stand in the form: what is said against another one belongs above the button. */
export const SHOWN_FIELDS: readonly string[] = [
  "event",
  "eventName",
  "deviceID",
  "name",
  "hub_name",
  "policy_name",
  "policy_key",
  "secondary_policy_key",
  "json",
  "url",
  "headers",
  "query",
  "form",
  "body",
  "auth",
  "responseTopic",
  "errorResponseTopic",
  "responseTemplate",
  "message_properties",
  "content_type",
  "device_id_prefix",
  "daily_cap",
];
