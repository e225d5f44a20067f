/**
 * The events that tell how a webhook went: `hook-sent`, `hook-response` and `hook-error`. They go to event streams and
 * to the device, are never stored and never trigger an integration.
 */
import type { WebhookAnswer, WebhookOptions } from "../../core/webhook.ts";
import type { HookEvent } from "../../core/hook-event.ts";
import type { DeviceEvent } from "../../core/device-event.ts";
import type { Rendering } from "../../message/rendering.ts";

/** Bytes of one piece. */
const PIECE = 512;
const MAX_TOPIC_LENGTH = 256;

export function hookSent(event: DeviceEvent): HookEvent {
  // Literally this word: what the device cloud sends.
  return { kind: "sent", name: `hook-sent/${event.name}`, data: "undefined" };
}

type AnswerKind = Exclude<HookEvent["kind"], "sent">;

export interface HookAnswerOptions {
  readonly settings: WebhookOptions;
  readonly event: DeviceEvent;
  /** In a product the topic begins with the device's id, so that the answer reaches that device alone. */
  readonly inProduct: boolean;
  readonly render: Rendering;
}

/** The answer in pieces, numbered from 0 behind the topic. */
export function hookResponse(answer: WebhookAnswer, options: HookAnswerOptions): readonly HookEvent[] {
  const { settings, render } = options;
  const text = Buffer.from(answer.body).toString("utf8");
  if (settings.dataUrlResponseEvent) {
    const type = answer.headers["content-type"] ?? "application/octet-stream";
    return pieces("response", options, `data:${type};base64,${Buffer.from(answer.body).toString("base64")}`);
  }
  const shaped = settings.responseTemplate === null ? text : render.withAnswer(text).text(settings.responseTemplate);
  return pieces("response", options, shaped);
}

export function hookError(reason: string, options: HookAnswerOptions): readonly HookEvent[] {
  return pieces("error", options, reason);
}

function topicOf(kind: AnswerKind, { settings, event, inProduct, render }: HookAnswerOptions): string {
  const own = kind === "response" ? settings.responseTopic : settings.errorResponseTopic;
  if (own !== null) return eventName(render.text(own));
  return `${inProduct ? `${event.deviceId}/` : ""}hook-${kind}/${event.name}`;
}

/** Data may fill a topic's places: a line end among it would begin another event in every stream. */
function eventName(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, "_").slice(0, MAX_TOPIC_LENGTH);
}

function pieces(kind: AnswerKind, options: HookAnswerOptions, text: string): readonly HookEvent[] {
  const topic = topicOf(kind, options);
  if (options.settings.unchunked) return [{ kind, name: topic, data: text }];
  const bytes = Buffer.from(text, "utf8");
  const events: HookEvent[] = [];
  for (let from = 0; from === 0 || from < bytes.length;) {
    const end = characterEnd(bytes, from + PIECE);
    events.push({ kind, name: `${topic}/${events.length}`, data: bytes.subarray(from, end).toString("utf8") });
    from = Math.max(end, from + 1);
  }
  return events;
}

/** The last place at or before `end` where no UTF-8 sequence is cut. */
function characterEnd(bytes: Buffer, end: number): number {
  if (end >= bytes.length) return bytes.length;
  let at = end;
  while (at > end - 4 && ((bytes[at] ?? 0) & 0xc0) === 0x80) at -= 1;
  return at;
}
