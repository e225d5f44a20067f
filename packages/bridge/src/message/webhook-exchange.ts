/** What was sent and answered, as the integration's log shows it: no credentials, no endless texts. */
import type { Exchange } from "../core/exchange.ts";
import type { Result } from "../core/failure.ts";
import { isSecretName, MASKED } from "../core/secret-names.ts";
import type { WebhookAnswer, WebhookRequest } from "../core/webhook.ts";

const MAX_TEXT = 2_048;
/** Shorter values would mask half of what is worth reading. */
const SHORTEST_SECRET = 4;
const SCHEMES: readonly string[] = ["Basic", "Bearer"];

export function webhookExchange(request: WebhookRequest, result: Result<WebhookAnswer>, durationMs: number): Exchange {
  // Values are looked for in both texts: an answer's headers may repeat them too.
  const mask = masking(secretsIn(request));
  return {
    request: mask(requestText(request)).slice(0, MAX_TEXT),
    response: mask(result.ok ? answerText(result.value) : result.failure.message).slice(0, MAX_TEXT),
    ...(result.ok ? { status: String(result.value.status) } : {}),
    durationMs,
  };
}

/** The answer without what the request held of secrets: targets like to answer with what they were sent. */
export function withoutSecrets(answer: WebhookAnswer, request: WebhookRequest): WebhookAnswer {
  const mask = masking(secretsIn(request).map(asBytes));
  return { ...answer, body: Buffer.from(mask(Buffer.from(answer.body).toString("latin1")), "latin1") };
}

/** Every byte as one character, so that texts are found in what is no text. */
function asBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

/** The request as it may be shown before it is sent. */
export function shownRequest(request: WebhookRequest): Omit<WebhookRequest, "rejectUnauthorized"> {
  const mask = masking(secretsIn(request));
  const { method, url, headers, body } = request;
  return {
    method,
    url: mask(url),
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, mask(value)])),
    body: body === null ? null : mask(body),
  };
}

function requestText({ method, url, headers, body }: WebhookRequest): string {
  return [`${method} ${url}`, ...headerLines(headers), "", body ?? ""].join("\n");
}

function answerText({ status, headers, body }: WebhookAnswer): string {
  const text = Buffer.from(body.subarray(0, MAX_TEXT)).toString("utf8");
  return [String(status), ...headerLines(headers), "", text].join("\n");
}

function headerLines(headers: Readonly<Record<string, string>>): string[] {
  return Object.entries(headers).map(([name, value]) => `${name}: ${value}`);
}

/** Values of secret headers, query and form fields, as they are and as they are written in URLs and forms. */
function secretsIn({ url, headers, body }: WebhookRequest): readonly string[] {
  const isForm = headers["content-type"]?.includes("form-urlencoded") === true;
  const fields = [...new URL(url).searchParams, ...(isForm ? new URLSearchParams(body ?? "") : [])];
  const found = [...Object.entries(headers), ...fields].filter(([name]) => isSecretName(name));
  const values = found.flatMap(([, value]) => [value, ...value.split(" "), ...passwordOf(value)]);
  return values.flatMap((value) => [
    value,
    encodeURIComponent(value),
    new URLSearchParams({ v: value }).toString().slice(2),
  ]);
}

function passwordOf(header: string): readonly string[] {
  if (!header.startsWith("Basic ")) return [];
  const pair = Buffer.from(header.slice(6), "base64").toString("utf8");
  return [pair.slice(pair.indexOf(":") + 1)];
}

function masking(secrets: readonly string[]): (text: string) => string {
  const longest = [...new Set(secrets)]
    .filter((secret) => secret.length >= SHORTEST_SECRET && !SCHEMES.includes(secret))
    .toSorted((a, b) => b.length - a.length);
  return (text) => longest.reduce((masked, secret) => masked.replaceAll(secret, MASKED), text);
}
