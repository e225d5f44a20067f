/** What a publisher sends, read field by field: one event of a request's body, or one of a batch. By hand, because it is hot. */
import { eventTime, isContentType, MAX_DEDUPE_KEY_LENGTH } from "../../core/event-fields.ts";
import type { IncomingEvent } from "../../core/accept.ts";
import type { Fields } from "../bodies.ts";

type EventFields = Pick<IncomingEvent, "name" | "data" | "contentType" | "publishedAt" | "dedupeKey">;

export interface Publication extends EventFields {
  /** The device to speak as, when the publisher names one; a text that is no id names none that is known. */
  readonly asDeviceId: string | null;
}

export interface FieldFault {
  readonly field: string;
  readonly message: string;
}

/** JSON can spell half a character; UTF-8 cannot carry it, and mending it would change what was published. */
const LONE_SURROGATE = /\p{Surrogate}/u;

/** `private` and `ttl` are what clients send and nothing reads any more. */
export function readPublication(fields: Fields): Publication | FieldFault {
  const { name, data, as_device_id: asDeviceId = null } = fields;
  if (name === undefined || name === null || name === "") return fault("name", "name is required");
  if (typeof name !== "string") return fault("name", "name must be a string");
  if (data !== undefined && data !== null && typeof data !== "string") return fault("data", "data must be a string");
  if (typeof data === "string" && LONE_SURROGATE.test(data)) return fault("data", "data must be well-formed Unicode");
  if (asDeviceId !== null && typeof asDeviceId !== "string") {
    return fault("as_device_id", "as_device_id must be a string");
  }
  const plain = { name, data: data ?? null, asDeviceId: asDeviceId?.toLowerCase() ?? null };
  const { published_at: publishedAt, content_type: contentType, id } = fields;
  if (publishedAt === undefined && contentType === undefined && id === undefined) return plain;
  return withExtras(plain, { publishedAt, contentType, id });
}

function withExtras(
  plain: Publication,
  extras: { readonly publishedAt: unknown; readonly contentType: unknown; readonly id: unknown },
): Publication | FieldFault {
  const { publishedAt = null, contentType = null, id = null } = extras;
  const time = typeof publishedAt === "string" ? eventTime(publishedAt) : null;
  if (publishedAt !== null && time === null) {
    return fault("published_at", "published_at must be an ISO 8601 time with its zone, as in 2026-03-01T12:00:00Z");
  }
  if (contentType !== null && (typeof contentType !== "string" || !isContentType(contentType))) {
    return fault("content_type", "content_type must be a media type, as in application/json");
  }
  if (id !== null && (typeof id !== "string" || id === "" || id.length > MAX_DEDUPE_KEY_LENGTH)) {
    return fault("id", `id must be a text of 1 to ${MAX_DEDUPE_KEY_LENGTH} characters`);
  }
  return {
    ...plain,
    ...(time !== null && { publishedAt: time }),
    ...(contentType !== null && { contentType }),
    ...(id !== null && { dedupeKey: id }),
  };
}

function fault(field: string, message: string): FieldFault {
  return { field, message };
}
