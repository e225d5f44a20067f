/** Calls of webhooks: who may, what they say, and an answer only after the flush. */
import { timingSafeEqual } from "node:crypto";
import { hashToken } from "../../core/ids.ts";
import type { Sources, WebhookAnswer, WebhookCall, WebhookSecret } from "../../core/source.ts";
import type { Intake } from "../cloud-intake.ts";
import type { Progresses } from "../source-progress.ts";
import { webhookEvent } from "./webhook-event.ts";

export interface WebhookReceiverOptions {
  readonly sources: Pick<Sources, "source" | "sourceSecret">;
  readonly intake: Intake;
  readonly progresses: Progresses;
  readonly now: () => number;
}

const SOURCE_ID = /^[0-9a-f]{24}$/;

export function createWebhookReceiver(options: WebhookReceiverOptions): (call: WebhookCall) => Promise<WebhookAnswer> {
  const { sources, intake, progresses, now } = options;
  return async ({ sourceId, secret, fields, text }) => {
    const source = SOURCE_ID.test(sourceId) ? await sources.source(sourceId) : null;
    if (source === null || source.kind !== "inbound-webhook") return { kind: "unknown_source" };
    const stored = await sources.sourceSecret(sourceId);
    if (stored === null || !isSecret(secret, JSON.parse(stored) as WebhookSecret, now()))
      return { kind: "secret_refused" };
    if (source.disabled) return { kind: "disabled" };
    const event = webhookEvent(source, { fields, text });
    const answer =
      typeof event === "string" ? ({ kind: "refused", message: event } as const) : await intake(source, event);
    await progresses.count(sourceId, answer);
    return answer;
  };
}

/** Hashes of equal length are compared in constant time, and both always: the time tells nothing. */
function isSecret(given: string | null, { hash, formerHash, formerUntil }: WebhookSecret, now: number): boolean {
  const print = Buffer.from(hashToken(given ?? ""));
  const isCurrent = timingSafeEqual(print, Buffer.from(hash));
  const isFormer = timingSafeEqual(print, Buffer.from(formerHash ?? hash)) && formerHash !== null && now < formerUntil;
  return given !== null && (isCurrent || isFormer);
}
