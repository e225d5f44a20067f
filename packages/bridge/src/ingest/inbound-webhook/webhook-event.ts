/** An event out of what a webhook sends: Particle's own fields under any of their names, or wherever the source says. */
import type { InboundWebhookSource, WebhookField } from "../../core/source.ts";
import { eventIdIn, firmwareVersionIn, isWellFormed, timeIn } from "../cloud-event-fields.ts";
import type { CloudEvent } from "../cloud-intake.ts";

/** Where Particle puts a field, in its default body and in templates that name the variables themselves. */
const NAMES: Readonly<Record<WebhookField, readonly string[]>> = {
  event: ["event", "PARTICLE_EVENT_NAME", "SPARK_EVENT_NAME"],
  data: ["data", "PARTICLE_EVENT_VALUE", "SPARK_EVENT_VALUE", "PARTICLE_EVENT_JSON"],
  device_id: ["coreid", "device_id", "PARTICLE_DEVICE_ID", "SPARK_CORE_ID"],
  published_at: ["published_at", "PARTICLE_PUBLISHED_AT", "SPARK_PUBLISHED_AT"],
  event_id: ["PARTICLE_EVENT_ID", "event_id"],
  firmware_version: ["PRODUCT_VERSION", "fw_version", "version"],
};

export interface WebhookBody {
  /** Of the query, and of a JSON object or form; the body's win. */
  readonly fields: Readonly<Record<string, unknown>>;
  /** A body that is neither: it is the data. */
  readonly text: string | null;
}

/** The event, or what is wrong with the webhook, in a sentence. */
export function webhookEvent(source: InboundWebhookSource, { fields, text }: WebhookBody): CloudEvent | string {
  const find = (field: WebhookField): unknown => {
    const path = source.fields[field];
    if (path !== undefined) return atPath(fields, path);
    const name = NAMES[field].find((candidate) => Object.hasOwn(fields, candidate));
    return name === undefined ? undefined : fields[name];
  };
  const name = find("event");
  if (!isText(name)) return missing("event", "the event's name", "PARTICLE_EVENT_NAME");
  const coreid = find("device_id");
  if (!isText(coreid)) return missing("device_id", "the device's id", "PARTICLE_DEVICE_ID");
  const value = source.fields.data === undefined && text !== null ? text : find("data");
  const isJson = typeof value === "object" && value !== null;
  const data = dataOf(value);
  if (data === undefined) return "data must not be nested so deeply";
  if (data !== null && !isWellFormed(data)) return "data must be well-formed Unicode";
  return {
    name,
    data,
    coreid,
    publishedAt: timeIn(find("published_at")),
    eventId: eventIdIn(find("event_id")),
    firmwareVersion: firmwareVersionIn(find("firmware_version")),
    ...(isJson && { contentType: "application/json" }),
  };
}

/** `undefined` when it cannot be written as a text: JSON is read to any depth, and written to some thousand levels. */
function dataOf(value: unknown): string | null | undefined {
  if (value === undefined || value === null) return null;
  if (typeof value === "string") return value;
  try {
    return JSON.stringify(value);
  } catch {
    return undefined;
  }
}

function missing(field: WebhookField, what: string, variable: string): string {
  return `The webhook does not say ${what}: send Particle's default fields, or ${variable}, or say where it stands with fields.${field} of the source`;
}

/** `reading.value`, `list.0.key`; own properties only. A name that holds dots itself is found too. */
function atPath(fields: Readonly<Record<string, unknown>>, path: string): unknown {
  if (Object.hasOwn(fields, path)) return fields[path];
  let at: unknown = fields;
  for (const step of path.split(".")) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, step)) return undefined;
    at = (at as Record<string, unknown>)[step];
  }
  return at;
}

function isText(value: unknown): value is string {
  return typeof value === "string" && value !== "";
}
