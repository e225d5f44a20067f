/**
 * Payload templates in Mustache, with the device cloud's variables. An object template renders its string values; a text
 * template is rendered whole, so numbers and objects can stand unquoted. The result must be JSON either way.
 */
import Mustache from "mustache";
import type { DeviceEvent } from "../core/device-event.ts";

/** Rendered text larger than this could never be sent. */
const MAX_RENDERED = 256 * 1024;

/** Throws an error with a sentence for the user when the template cannot be rendered for this event. */
export function renderTemplate(template: string | object, event: DeviceEvent): string {
  const variables = variablesOf(event);
  const rendered =
    typeof template === "string"
      ? render(template, variables, jsonEscape)
      : JSON.stringify(renderValue(template, variables));
  if (rendered.length > MAX_RENDERED) throw new Error("The rendered template is larger than 256 KB.");
  try {
    JSON.parse(rendered);
  } catch {
    throw new Error("The rendered template is not valid JSON.");
  }
  return rendered;
}

function renderValue(value: unknown, variables: object): unknown {
  if (typeof value === "string") return render(value, variables, String);
  if (Array.isArray(value)) return value.map((item) => renderValue(item, variables));
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, renderValue(item, variables)]));
  }
  return value;
}

// HTML escaping, Mustache's default, damages JSON. Partials and lambdas are not for users' templates.
function render(template: string, variables: object, escape: (value: unknown) => string): string {
  return Mustache.render(template, variables, undefined, { escape });
}

// Inside a text template a value stands between the template's own quotes: it must not be able to end them.
function jsonEscape(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value);
  return typeof value === "string" ? JSON.stringify(text).slice(1, -1) : text;
}

function variablesOf(event: DeviceEvent): Record<string, unknown> {
  const publishedAt = new Date(event.publishedAt).toISOString();
  const data = event.data ?? "";
  const parsed = parseObject(data);
  return {
    ...parsed,
    PARTICLE_DEVICE_ID: event.deviceId,
    PARTICLE_EVENT_NAME: event.name,
    PARTICLE_EVENT_VALUE: data,
    PARTICLE_EVENT_ID: event.id,
    PARTICLE_EVENT_JSON: asJson(data),
    PARTICLE_EVENT_BASE64: Buffer.from(data, "utf8").toString("base64"),
    PARTICLE_PUBLISHED_AT: publishedAt,
    PRODUCT_ID: event.productId,
    PRODUCT_VERSION: event.firmwareVersion,
    SPARK_CORE_ID: event.deviceId,
    SPARK_EVENT_NAME: event.name,
    SPARK_EVENT_VALUE: data,
    SPARK_PUBLISHED_AT: publishedAt,
  };
}

// A null prototype: names like `constructor` in a template find nothing.
function parseObject(data: string): Record<string, unknown> {
  if (!data.startsWith("{")) return {};
  try {
    return Object.assign(Object.create(null) as object, JSON.parse(data) as Record<string, unknown>);
  } catch {
    return {};
  }
}

function asJson(data: string): string {
  try {
    JSON.parse(data);
    return data;
  } catch {
    return JSON.stringify(data);
  }
}
