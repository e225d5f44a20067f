/**
 * What a target's answer means. A target that has trouble, limits the rate or refuses the sender closes the gate of its
 * integration and costs no event an attempt; an answer about this one event parks it, and its device goes on.
 */
import type { FailureCode, Outcome } from "../../core/failure.ts";
import type { WebhookAnswer, WebhookOptions } from "../../core/webhook.ts";

const TAG = /\{\{/;
/** Words of an answer that are worth showing. */
const MAX_WORDS = 200;

/** Answers that do not concern the one event. What is neither here nor 5xx is about the event. */
const BY_STATUS: Readonly<Record<number, FailureCode>> = {
  401: "webhook_refused",
  402: "webhook_refused",
  403: "webhook_refused",
  404: "webhook_not_found",
  405: "webhook_not_found",
  407: "webhook_refused",
  408: "webhook_unreachable",
  410: "webhook_not_found",
  421: "webhook_error",
  423: "webhook_error",
  425: "webhook_error",
  429: "webhook_throttled",
};

export interface WebhookOutcomeOptions {
  readonly settings: Pick<WebhookOptions, "url">;
  /** Unix milliseconds. */
  readonly now: number;
}

export function webhookOutcome(answer: WebhookAnswer, { settings, now }: WebhookOutcomeOptions): Outcome {
  const { status, headers } = answer;
  if (status >= 200 && status < 300) return { kind: "delivered" };
  const code = codeOf(status, settings.url);
  const notBefore = retryAfter(headers["retry-after"], now);
  const failure = {
    code,
    message: `The target answered ${status}${wordsOf(answer)}.`,
    hubCode: String(status),
    ...(notBefore === null ? {} : { notBefore }),
  };
  return { kind: "failed", failure };
}

function codeOf(status: number, url: string): FailureCode {
  if (status >= 500) return "webhook_error";
  if (status >= 300 && status < 400) return "webhook_not_found";
  const code = BY_STATUS[status] ?? "webhook_rejected";
  // Where the event makes the address, "not found" is about this event.
  return code === "webhook_not_found" && TAG.test(url) ? "webhook_rejected" : code;
}

function wordsOf({ body }: WebhookAnswer): string {
  const words = Buffer.from(body.subarray(0, MAX_WORDS * 4))
    .toString("utf8")
    .replace(/[\p{Cc}\ufffd]+/gu, " ")
    .trim();
  return words === "" ? "" : `: ${words.slice(0, MAX_WORDS)}`;
}

/** Seconds or a date (RFC 9110 section 10.2.3). */
function retryAfter(header: string | undefined, now: number): number | null {
  if (header === undefined) return null;
  const seconds = Number(header);
  if (Number.isFinite(seconds) && seconds >= 0) return now + seconds * 1_000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? null : date;
}
