/** An event of the stream: its name from the `event:` line, the rest from one line of JSON. */
import { firmwareVersionIn, isWellFormed, timeIn } from "../cloud-event-fields.ts";
import type { CloudEvent } from "../cloud-intake.ts";
import type { SseEvent } from "./sse-parser.ts";

/** The event, or what is wrong with it. */
export function streamEvent({ event: name, data: text }: SseEvent): CloudEvent | string {
  const fields = objectIn(text);
  if (fields === null) return "The stream sent an event that is not JSON.";
  const { coreid, data = null, published_at: publishedAt, version } = fields;
  if (typeof coreid !== "string") return "The stream sent an event without a device.";
  if (data !== null && typeof data !== "string") return "The stream sent an event whose data is no text.";
  if (data !== null && !isWellFormed(data)) return "The stream sent data that is not well-formed Unicode.";
  return {
    name,
    data,
    coreid,
    publishedAt: timeIn(publishedAt),
    eventId: null,
    firmwareVersion: firmwareVersionIn(version),
  };
}

function objectIn(text: string): Record<string, unknown> | null {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null && !Array.isArray(value) ? { ...value } : null;
  } catch {
    return null;
  }
}
