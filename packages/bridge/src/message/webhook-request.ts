/**
 * From an event to the request that a webhook makes. Data can fill a template's places and nothing else: in a URL it is
 * percent-encoded, in a header it loses line ends, in JSON it is escaped, and the host is never a template's.
 */
import type { DeviceEvent } from "../core/device-event.ts";
import type { WebhookOptions, WebhookRequest, WebhookSecrets } from "../core/webhook.ts";
import type { Rendering } from "./rendering.ts";

export interface WebhookMessage {
  readonly settings: WebhookOptions;
  readonly secrets: WebhookSecrets;
  readonly event: DeviceEvent;
  readonly seq: number;
  readonly render: Rendering;
}

/** Standard fields, in the order in which the device cloud sends them. */
type StandardFields = Readonly<Record<"event" | "data" | "published_at" | "coreid", string>>;

interface Content {
  readonly type: string;
  readonly body: string;
}

const FORM = "application/x-www-form-urlencoded";
const JSON_TYPE = "application/json";
const TEXT = "text/plain; charset=utf-8";
const MARKUP = /\b(?:xml|html)\b/i;
const USER_AGENT = "Isthmus";

/** Throws an error with a sentence for the user when a template cannot be rendered for this event. */
export function webhookRequest(message: WebhookMessage): WebhookRequest {
  const { settings, secrets, event, seq, render } = message;
  const content = contentOf(message);
  const headers: Record<string, string> = {
    "user-agent": USER_AGENT,
    "x-isthmus-event-id": event.id,
    "x-isthmus-seq": String(seq),
    ...(content === null ? {} : { "content-type": content.type }),
    ...(settings.payload.kind === "json" ? { accept: JSON_TYPE } : {}),
    ...authorization(message),
  };
  for (const [name, template] of Object.entries(secrets.headers)) {
    headers[name.toLowerCase()] = headerValue(render.text(template));
  }
  return {
    method: settings.requestType,
    url: urlOf(message),
    headers,
    body: content?.body ?? null,
    rejectUnauthorized: settings.rejectUnauthorized,
  };
}

function urlOf({ settings, secrets, event, render }: WebhookMessage): string {
  const address = render.text(settings.url, { escape: encodeURIComponent, raw: encodeURI });
  if (climbs(address) > climbs(settings.url)) throw new Error("The data would lead out of the path of the url.");
  const url = new URL(address);
  if (settings.requestType === "GET" && !settings.noDefaults) {
    for (const [name, value] of Object.entries(standardFields(event))) url.searchParams.append(name, value);
  }
  for (const [name, template] of Object.entries(secrets.query)) {
    url.searchParams.append(name, render.text(template));
  }
  return url.href;
}

/** Steps of a path that lead upwards. There is no writing them harmlessly: `%2e%2e` climbs as `..` does. */
function climbs(url: string): number {
  const [path = ""] = url.replace(/^https?:\/\/[^/?#]*/i, "").split(/[?#]/, 1);
  return path.split(/[/\\]/).filter((step) => /^(?:\.|%2e){1,2}$/i.test(step)).length;
}

function authorization({ secrets, render }: WebhookMessage): Record<string, string> {
  if (secrets.auth === null) return {};
  const { username, password } = secrets.auth;
  const pair = `${render.text(username)}:${render.text(password)}`;
  return { authorization: `Basic ${Buffer.from(pair, "utf8").toString("base64")}` };
}

function contentOf(message: WebhookMessage): Content | null {
  const { settings, secrets, event, render } = message;
  if (settings.requestType === "GET") return null;
  const defaults = settings.noDefaults ? {} : standardFields(event);
  const { payload } = settings;
  switch (payload.kind) {
    case "standard":
      return { type: FORM, body: new URLSearchParams(defaults).toString() };
    case "form":
      return { type: FORM, body: formBody(secrets.form, defaults, render) };
    case "json":
      return { type: JSON_TYPE, body: jsonBody(payload.template, settings.noDefaults ? null : event, render) };
    case "body": {
      const type = headerIn(secrets.headers, "content-type") ?? TEXT;
      return { type, body: textBody(payload.template, type, render) };
    }
  }
}

function formBody(
  fields: Readonly<Record<string, string>>,
  defaults: Readonly<Record<string, string>>,
  render: Rendering,
): string {
  const form = new URLSearchParams(defaults);
  for (const [name, template] of Object.entries(fields)) form.set(name, render.text(template));
  return form.toString();
}

/** Own fields win over the standard ones of the same name; what is no object has no place for standard fields. */
function jsonBody(template: string | object, standard: DeviceEvent | null, render: Rendering): string {
  const rendered = render.json(template);
  if (standard === null) return rendered;
  const own: unknown = JSON.parse(rendered);
  if (typeof own !== "object" || own === null || Array.isArray(own)) return rendered;
  return JSON.stringify({ ...standardFields(standard), data: standard.data, ...own });
}

function textBody(template: string, type: string, render: Rendering): string {
  if (type.includes("json")) return render.json(template);
  return MARKUP.test(type) ? render.text(template, { escape: escapeMarkup }) : render.text(template);
}

function standardFields({ name, data, publishedAt, deviceId }: DeviceEvent): StandardFields {
  return {
    event: name,
    data: data ?? "",
    published_at: new Date(publishedAt).toISOString(),
    coreid: deviceId ?? "api",
  };
}

function headerIn(headers: Readonly<Record<string, string>>, name: string): string | undefined {
  return Object.entries(headers).find(([given]) => given.toLowerCase() === name)?.[1];
}

/** Line ends would begin another header; other control characters are no text. Beyond Latin-1 a header cannot carry it. */
function headerValue(text: string): string {
  return text.replace(/[^\t\x20-\x7e\xa0-\xff]+/g, " ").trim();
}

const MARKUP_ESCAPES: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

function escapeMarkup(text: string): string {
  return text.replace(/[&<>"']/g, (character) => MARKUP_ESCAPES[character] ?? character);
}
