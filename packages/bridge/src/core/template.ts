/**
 * Payload templates with the device cloud's variables. An object template renders its string values; a text template is
 * rendered whole, so numbers and objects can stand unquoted. The result must be JSON either way.
 */
import type { DeviceEvent } from "./device-event.ts";
import { JsonTemplates } from "./json-template.ts";

/** Bytes of rendered text. More could never be sent. */
const MAX_RENDERED = 256 * 1024;

/** Renders templates for events; keeps parsed templates. */
export class Templates {
  readonly #templates = new JsonTemplates();

  /** Throws an error with a sentence for the user when the template cannot be rendered for this event. */
  render(template: string | object, event: DeviceEvent): string {
    const variables = variablesOf(event);
    const rendered =
      typeof template === "string"
        ? this.#templates.text(template, variables)
        : this.#templates.object(template, variables);
    if (Buffer.byteLength(rendered) > MAX_RENDERED) throw new Error("The rendered template is larger than 256 KB.");
    try {
      JSON.parse(rendered);
    } catch {
      throw new Error("The rendered template is not valid JSON.");
    }
    return rendered;
  }
}

function variablesOf(event: DeviceEvent): Record<string, unknown> {
  const publishedAt = new Date(event.publishedAt).toISOString();
  const data = event.data ?? "";
  return {
    ...parseObject(data),
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

/** If the data are a JSON object, its keys are variables too. */
function parseObject(data: string): object {
  if (!data.trimStart().startsWith("{")) return {};
  try {
    return JSON.parse(data) as object;
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
