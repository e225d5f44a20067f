/** A webhook as a user writes it, read into settings that cannot be wrong; every refusal names its field. */
import { NO_WEBHOOK_SECRETS } from "../../core/webhook.ts";
import { WEBHOOK_DEFAULTS } from "../../core/webhook.ts";
import type { WebhookMethod, WebhookOptions, WebhookPayload, WebhookSecrets } from "../../core/webhook.ts";
import { badRequest } from "../api-error.ts";
import { missing, optionalFlag, optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import { checkTemplate, templateOf } from "./template-field.ts";

const METHODS: readonly WebhookMethod[] = ["POST", "GET", "PUT", "DELETE"];
const MASK = /^\*+$/;
const MAX_URL = 2_000;
const MAX_BODY = 16 * 1024;
const MAX_ENTRIES = 50;
const MAX_VALUE = 4_096;
/** RFC 9110 section 5.6.2. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
/** Their values come from the connection itself. */
const OWN_HEADERS = [
  "host",
  "content-length",
  "transfer-encoding",
  "connection",
  "upgrade",
  "te",
  "trailer",
  "expect",
  "keep-alive",
];

/** Of the webhook that is edited: what an edit leaves out or masks stays. */
export interface StoredWebhook {
  readonly url: string;
  readonly secrets: WebhookSecrets;
}

/** What a masked value stands for. */
interface Kept {
  readonly secrets: WebhookSecrets;
  /** The address leads to another server than before, which must not be sent what the former one was trusted with. */
  readonly isMoved: boolean;
}

/** Throws 400 with the field's name in the error. */
export function webhookOf(
  fields: Fields,
  stored: StoredWebhook | null,
): { readonly options: WebhookOptions; readonly secrets: WebhookSecrets } {
  const url = urlOf(fields, stored?.url);
  const kept: Kept = { secrets: stored?.secrets ?? NO_WEBHOOK_SECRETS, isMoved: isMoved(stored?.url, url) };
  return {
    options: {
      url,
      requestType: methodOf(fields),
      payload: payloadOf(fields),
      noDefaults: optionalFlag(fields, "noDefaults") ?? WEBHOOK_DEFAULTS.noDefaults,
      rejectUnauthorized: optionalFlag(fields, "rejectUnauthorized") ?? WEBHOOK_DEFAULTS.rejectUnauthorized,
      responseTopic: templateText(fields, "responseTopic", 128),
      errorResponseTopic: templateText(fields, "errorResponseTopic", 128),
      responseTemplate: templateText(fields, "responseTemplate", MAX_BODY),
      unchunked: optionalFlag(fields, "unchunked") ?? WEBHOOK_DEFAULTS.unchunked,
      dataUrlResponseEvent: optionalFlag(fields, "dataUrlResponseEvent") ?? WEBHOOK_DEFAULTS.dataUrlResponseEvent,
      template: optionalText(fields, "template", 128),
    },
    secrets: {
      query: entriesOf(fields, "query", kept),
      form: entriesOf(fields, "form", kept),
      headers: headersOf(fields, kept),
      auth: authOf(fields, kept),
    },
  };
}

/** The target's host, with its port. */
export function hostOf(url: string): string {
  return /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? "";
}

function urlOf(fields: Fields, stored: string | undefined): string {
  const url = optionalText(fields, "url", MAX_URL)?.trim() ?? stored ?? missing("url");
  const origin = /^https?:\/\/([^/?#]*)/i.exec(url);
  if (origin === null) throw badRequest("url must begin with https:// or http://");
  if (origin[1] === "") throw badRequest("url is not a valid URL");
  if (origin[1]?.includes("{{")) throw badRequest("url: templates may stand only after the host name");
  checkTemplate(url, "url");
  let parsed: URL;
  try {
    parsed = new URL(url.replaceAll(/\{\{\{?[^}]*\}\}\}?/g, "x"));
  } catch {
    throw badRequest("url is not a valid URL");
  }
  if (parsed.username !== "" || parsed.password !== "") {
    throw badRequest("url must not hold a user name or password: give them in auth");
  }
  return url;
}

/** Whether scheme, host or port changed. */
function isMoved(before: string | undefined, after: string): boolean {
  return before !== undefined && originOf(before) !== originOf(after);
}

function originOf(url: string): string {
  return new URL(/^https?:\/\/[^/?#]*/i.exec(url)?.[0] ?? url).origin;
}

function methodOf(fields: Fields): WebhookMethod {
  const text = optionalText(fields, "requestType", 16)?.toUpperCase() ?? WEBHOOK_DEFAULTS.requestType;
  const method = METHODS.find((known) => known === text);
  if (method === undefined) throw badRequest(`requestType must be one of ${METHODS.join(", ")}`);
  return method;
}

function payloadOf(fields: Fields): WebhookPayload {
  const given = (["json", "form", "body"] as const).filter((name) => isGiven(fields[name]));
  if (given.length > 1) throw badRequest(`${given.join(" and ")} exclude each other: give one of them`);
  const [kind = "standard"] = given;
  switch (kind) {
    case "json":
      return { kind, template: templateOf(fields["json"]) ?? {} };
    case "body":
      return { kind, template: templateText(fields, "body", MAX_BODY) ?? "" };
    case "form":
    case "standard":
      return { kind };
  }
}

function isGiven(value: unknown): boolean {
  return value !== undefined && value !== null && value !== "";
}

/** Unlike other texts it may have several lines. */
function templateText(fields: Fields, field: string, maxLength: number): string | null {
  const text = fields[field];
  if (!isGiven(text)) return null;
  if (typeof text !== "string") throw badRequest(`${field} must be a string`);
  if (text.length > maxLength) throw badRequest(`${field} must have at most ${maxLength} characters`);
  checkTemplate(text, field);
  return text;
}

/** An object of texts; a masked value keeps the stored one. */
function entriesOf(
  fields: Fields,
  field: "query" | "form" | "headers",
  { secrets, isMoved: moved }: Kept,
): Readonly<Record<string, string>> {
  const value = fields[field];
  if (!isGiven(value)) return {};
  if (typeof value !== "object" || Array.isArray(value)) throw badRequest(`${field} must be an object of texts`);
  const entries = Object.entries(value as object);
  if (entries.length > MAX_ENTRIES) throw badRequest(`${field} must have at most ${MAX_ENTRIES} entries`);
  const texts = entries.map(([name, entry]) => {
    const stored = Object.hasOwn(secrets[field], name) ? secrets[field][name] : undefined;
    return [name, entryOf(`${field}.${name}`, entry, { stored, isMoved: moved })] as const;
  });
  return Object.fromEntries(texts);
}

function entryOf(
  field: string,
  value: unknown,
  { stored, isMoved: moved }: { readonly stored: string | undefined; readonly isMoved: boolean },
): string {
  if (!["string", "number", "boolean"].includes(typeof value)) throw badRequest(`${field} must be a text`);
  const text = String(value);
  if (text.length > MAX_VALUE) throw badRequest(`${field} must have at most ${MAX_VALUE} characters`);
  if (MASK.test(text) && stored !== undefined) return moved ? refuseKept(field) : stored;
  checkTemplate(text, field);
  return text;
}

function refuseKept(field: string): never {
  throw badRequest(`${field} must be given anew: url leads to another server, which gets nothing that is only kept`);
}

function headersOf(fields: Fields, kept: Kept): WebhookSecrets["headers"] {
  const headers = entriesOf(fields, "headers", kept);
  for (const [name, value] of Object.entries(headers)) {
    if (!TOKEN.test(name)) throw badRequest("headers: a header's name holds letters, digits and dashes");
    if (OWN_HEADERS.includes(name.toLowerCase())) throw badRequest(`headers.${name} is set by the connection itself`);
    if (/[\r\n\0]/.test(value)) throw badRequest(`headers.${name} must be one line`);
  }
  return headers;
}

function authOf(fields: Fields, { secrets: { auth: stored }, isMoved: moved }: Kept): WebhookSecrets["auth"] {
  const value = fields["auth"];
  if (!isGiven(value)) return null;
  if (typeof value !== "object" || Array.isArray(value)) throw badRequest("auth must be an object: username, password");
  const auth = value as Fields;
  const username = templateText(auth, "username", MAX_VALUE) ?? "";
  const password = optionalText(auth, "password", MAX_VALUE) ?? "";
  if (username === "" && password === "") throw badRequest("auth needs a username and a password");
  if (MASK.test(password) && stored !== null) {
    return { username, password: moved ? refuseKept("auth.password") : stored.password };
  }
  checkTemplate(password, "auth.password");
  return { username, password };
}
