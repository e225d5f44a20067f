/** From a payload to an event's data: text is itself, anything else becomes a data URL, so that data is always a text. */
import { isUtf8 } from "node:buffer";
import { eventTime, isContentType, MAX_DEDUPE_KEY_LENGTH } from "../../core/event-fields.ts";
import type { PublishPacket } from "./packets.ts";
import type { Refusal } from "./refusals.ts";
import type { Checked } from "./topics.ts";

export interface EventPayload {
  /** `null` when the payload is empty. */
  readonly data: string | null;
  readonly contentType?: string;
  /** Unix milliseconds. */
  readonly publishedAt?: number;
  /** What the device calls this event. */
  readonly dedupeKey?: string;
}

const BINARY = "application/octet-stream";
const TEXTUAL = /^text\/|^application\/(?:json|xml|[\w.-]+\+(?:json|xml))/i;
/** Names of user properties. */
const PUBLISHED_AT = "published_at";
const ID = "id";

/** Reads the properties of MQTT 5 where there are any; a payload of MQTT 3.1.1 is text when it can be. */
export function eventPayload({
  payload,
  properties,
}: Pick<PublishPacket, "payload" | "properties">): Checked<EventPayload> {
  const { contentType, payloadFormatIndicator: saysText, userProperties } = properties ?? {};
  if (contentType !== undefined && !isContentType(contentType)) return no("The content type is no media type.");
  const isText = isUtf8(payload);
  if (saysText === true && !isText) return no("The payload is said to be UTF-8 and is not."); // [MQTT-3.3.2-6]
  const named = givenText(userProperties?.[ID]);
  if (named === null || (named?.length ?? 1) > MAX_DEDUPE_KEY_LENGTH)
    return no("The user property id is one short text.");
  const publishedAt = timeOf(userProperties?.[PUBLISHED_AT]);
  if (publishedAt === null) return no("The user property published_at is an ISO 8601 time.");
  const more = {
    ...(publishedAt !== undefined && { publishedAt }),
    ...(named !== undefined && named !== "" && { dedupeKey: named }),
  };
  if (payload.length === 0) return yes({ data: null, ...(contentType !== undefined && { contentType }), ...more });
  if (isText && (contentType === undefined || TEXTUAL.test(contentType))) {
    return yes({ data: payload.toString("utf8"), ...(contentType !== undefined && { contentType }), ...more });
  }
  const type = contentType ?? BINARY;
  return yes({ data: dataUrl(type, payload), contentType: type, ...more });
}

function dataUrl(contentType: string, payload: Buffer): string {
  const [mediaType] = contentType.split(";", 1);
  return `data:${mediaType!.trim()};base64,${payload.toString("base64")}`;
}

/** `undefined`: not given; `null`: not one text. */
function givenText(value: string | string[] | undefined): string | null | undefined {
  if (value === undefined) return undefined;
  return typeof value === "string" ? value : null;
}

function timeOf(value: string | string[] | undefined): number | null | undefined {
  const text = givenText(value);
  if (typeof text !== "string") return text;
  return eventTime(text);
}

function yes(value: EventPayload): Checked<EventPayload> {
  return { ok: true, value };
}

function no(message: string): { readonly ok: false; readonly refusal: Refusal } {
  return { ok: false, refusal: { code: "payload_format_invalid", message } };
}
