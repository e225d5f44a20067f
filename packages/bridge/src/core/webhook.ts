/** What a `Webhook` integration sends to, and the port through which it is sent. Field names follow the device cloud's API. */
import type { Result } from "./failure.ts";

export type WebhookMethod = "GET" | "POST" | "PUT" | "DELETE";

/** What goes into the body. All texts are Mustache templates. */
export type WebhookPayload =
  /** `event`, `data`, `published_at` and `coreid` as form fields, or in the query of a GET. */
  | { readonly kind: "standard" }
  | { readonly kind: "json"; readonly template: string | object }
  /** The fields are among the secrets: form interfaces often want a key there. */
  | { readonly kind: "form" }
  | { readonly kind: "body"; readonly template: string };

/** How an event becomes a request, secrets apart. */
export interface WebhookOptions {
  /** May hold templates after the host. */
  readonly url: string;
  readonly requestType: WebhookMethod;
  readonly payload: WebhookPayload;
  /** Leave out the standard fields. */
  readonly noDefaults: boolean;
  /** Whether the target's certificate must be trusted. */
  readonly rejectUnauthorized: boolean;
  /** Names of the events that carry the answer back; `null` for the standard names. */
  readonly responseTopic: string | null;
  readonly errorResponseTopic: string | null;
  /** Shapes the answer before it goes back. */
  readonly responseTemplate: string | null;
  /** The answer in one event instead of pieces. */
  readonly unchunked: boolean;
  /** The answer as a data URL. */
  readonly dataUrlResponseEvent: boolean;
  /** The gallery's template it was made from. */
  readonly template: string | null;
}

/** What a webhook does when its user says nothing but where to. */
export const WEBHOOK_DEFAULTS: Omit<WebhookOptions, "url"> = {
  requestType: "POST",
  payload: { kind: "standard" },
  noDefaults: false,
  rejectUnauthorized: true,
  responseTopic: null,
  errorResponseTopic: null,
  responseTemplate: null,
  unchunked: false,
  dataUrlResponseEvent: false,
  template: null,
};

/** The parts that may hold secrets: sealed at rest, masked when read. Values are Mustache templates. */
export interface WebhookSecrets {
  readonly query: Readonly<Record<string, string>>;
  readonly form: Readonly<Record<string, string>>;
  readonly headers: Readonly<Record<string, string>>;
  readonly auth: { readonly username: string; readonly password: string } | null;
}

export interface WebhookRequest {
  readonly method: WebhookMethod;
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | null;
  readonly rejectUnauthorized: boolean;
}

export interface WebhookAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  /** At most 100 KB; what is longer is cut. */
  readonly body: Uint8Array;
}

export interface WebhookClient {
  /** Whatever was answered is a success here, redirects too: they are not followed. Waits 20 s at most. */
  request(request: WebhookRequest): Promise<Result<WebhookAnswer>>;
  close(): Promise<void>;
}

export const NO_WEBHOOK_SECRETS: WebhookSecrets = { query: {}, form: {}, headers: {}, auth: null };
