/** What stands in the form of a webhook, and the fields that it becomes. */
import { parsedJson, type Property } from "./hub-form.ts";

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

/** The fields of a webhook that the form shows, as the API answers them: secrets are masked. */
export interface WebhookAnswer {
  readonly event: string;
  readonly deviceID?: string;
  readonly name: string;
  readonly url: string;
  readonly requestType: WebhookForm["method"];
  readonly json?: unknown;
  readonly form?: Texts;
  readonly body?: unknown;
  readonly query?: Texts;
  readonly headers?: Texts;
  readonly auth?: { readonly username: string; readonly password: string };
  readonly noDefaults: boolean;
  readonly rejectUnauthorized: boolean;
  readonly responseTopic?: string;
  readonly errorResponseTopic?: string;
  readonly responseTemplate?: string;
  readonly unchunked: boolean;
  readonly daily_cap: number | null;
}

type Texts = Readonly<Record<string, string>>;

const PAYLOADS = ["json", "form", "body"] as const;

/** For editing. */
export function webhookFormOf(answer: WebhookAnswer): WebhookForm {
  const template = answer.json ?? answer.body ?? "";
  return {
    event: answer.event,
    deviceId: answer.deviceID ?? "",
    name: answer.name,
    url: answer.url,
    method: answer.requestType,
    payloadKind: PAYLOADS.find((kind) => answer[kind] !== undefined) ?? "standard",
    payload: typeof template === "string" ? template : JSON.stringify(template, null, 2),
    formFields: lines(answer.form),
    query: lines(answer.query),
    headers: lines(answer.headers),
    username: answer.auth?.username ?? "",
    password: answer.auth?.password ?? "",
    noDefaults: answer.noDefaults,
    rejectUnauthorized: answer.rejectUnauthorized,
    responseTopic: answer.responseTopic ?? "",
    errorResponseTopic: answer.errorResponseTopic ?? "",
    responseTemplate: answer.responseTemplate ?? "",
    unchunked: answer.unchunked,
    dailyCap: answer.daily_cap === null ? "" : String(answer.daily_cap),
  };
}

/** What an edit changes, as PATCH takes it: what was emptied goes back to its default, all else stays as it is stored. */
export function webhookChanges(form: WebhookForm, answer: WebhookAnswer): Record<string, unknown> {
  const before = webhookFields(webhookFormOf(answer));
  const after = webhookFields(form);
  const changed = Object.keys({ ...before, ...after }).filter(
    (field) => JSON.stringify(before[field]) !== JSON.stringify(after[field]),
  );
  const changes = Object.fromEntries(changed.map((field) => [field, after[field] ?? null]));
  const isObject = typeof answer.json === "object" && typeof changes["json"] === "string";
  // Of an object each text is rendered by itself: it stays one as long as it can be read as one.
  return isObject ? { ...changes, json: parsedJson(changes["json"] as string) ?? changes["json"] } : changes;
}

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

function lines(texts: Texts = {}): readonly Property[] {
  return Object.entries(texts).map(([name, value]) => ({ name, value }));
}

function text(field: string, value: string): Record<string, string> {
  return value.trim() === "" ? {} : { [field]: value.trim() };
}
