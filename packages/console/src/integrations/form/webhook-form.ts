/** What stands in the form of a webhook, and the fields that it becomes. */
import type { Property } from "./hub-form.ts";

export const METHODS = ["POST", "GET", "PUT", "DELETE"] as const;

/** `standard`: event, data, published_at and coreid as a form. */
export type PayloadKind = "standard" | "json" | "form" | "body";

export interface WebhookForm {
  readonly event: string;
  readonly deviceId: string;
  readonly name: string;
  readonly url: string;
  readonly method: (typeof METHODS)[number];
  readonly payloadKind: PayloadKind;
  /** Of `json` and `body`. */
  readonly payload: string;
  readonly formFields: readonly Property[];
  readonly query: readonly Property[];
  readonly headers: readonly Property[];
  readonly username: string;
  readonly password: string;
  readonly noDefaults: boolean;
  readonly rejectUnauthorized: boolean;
  readonly responseTopic: string;
  readonly errorResponseTopic: string;
  readonly responseTemplate: string;
  readonly unchunked: boolean;
  readonly dailyCap: string;
}

export const EMPTY_WEBHOOK_FORM: WebhookForm = {
  event: "",
  deviceId: "",
  name: "",
  url: "",
  method: "POST",
  payloadKind: "standard",
  payload: "",
  formFields: [],
  query: [],
  headers: [],
  username: "",
  password: "",
  noDefaults: false,
  rejectUnauthorized: true,
  responseTopic: "",
  errorResponseTopic: "",
  responseTemplate: "",
  unchunked: false,
  dailyCap: "",
};

/** Parts of the form that API fields come from: what is empty is left out and so has its default. */
export function webhookFields(form: WebhookForm): Record<string, unknown> {
  const { username, password } = form;
  return {
    integration_type: "Webhook",
    event: form.event,
    url: form.url.trim(),
    requestType: form.method,
    ...payloadField(form),
    ...entries("query", form.query),
    ...entries("headers", form.headers),
    ...((username !== "" || password !== "") && { auth: { username, password } }),
    noDefaults: form.noDefaults,
    rejectUnauthorized: form.rejectUnauthorized,
    unchunked: form.unchunked,
    ...text("deviceID", form.deviceId),
    ...text("name", form.name),
    ...text("responseTopic", form.responseTopic),
    ...text("errorResponseTopic", form.errorResponseTopic),
    ...text("responseTemplate", form.responseTemplate),
    daily_cap: form.dailyCap === "" ? null : Number(form.dailyCap),
  };
}

function payloadField({ payloadKind, payload, formFields }: WebhookForm): Record<string, unknown> {
  switch (payloadKind) {
    case "standard":
      return {};
    case "form":
      return entries("form", formFields);
    case "json":
    case "body":
      return payload.trim() === "" ? {} : { [payloadKind]: payload };
  }
}

function entries(field: string, lines: readonly Property[]): Record<string, unknown> {
  const named = lines.filter(({ name }) => name !== "");
  return named.length === 0 ? {} : { [field]: Object.fromEntries(named.map(({ name, value }) => [name, value])) };
}

function text(field: string, value: string): Record<string, string> {
  return value.trim() === "" ? {} : { [field]: value.trim() };
}
