/** From a pending delivery to the message that reaches the hub. */
import type { PendingDelivery } from "../core/delivery.ts";
import type { Device } from "../core/device.ts";
import { fail, succeed, type Result } from "../core/failure.ts";
import type { HubMessage } from "../core/hub-client.ts";
import type { AzureIotHubOptions } from "../core/integration.ts";
import { isJson, templateVariables } from "./template-variables.ts";
import type { Templates } from "./template.ts";

export interface MessageSource {
  readonly integration: Pick<AzureIotHubOptions, "template" | "contentType" | "properties" | "parseData">;
  readonly delivery: Pick<PendingDelivery, "event" | "seq">;
  readonly device: Pick<Device, "ownerId">;
  readonly templates: Templates;
}

/** Characters of one property's rendered value. */
const MAX_PROPERTY = 1_024;

/** Fails with `template_failed` only. */
export function buildMessage({ integration, delivery, device, templates }: MessageSource): Result<HubMessage> {
  const { event, seq } = delivery;
  const { template, properties, contentType, parseData } = integration;
  let body: string;
  let own: Readonly<Record<string, string>> | null = null;
  try {
    const names = Object.keys(properties);
    const variables = template === null && names.length === 0 ? {} : templateVariables(event, device.ownerId);
    body = template === null ? defaultBody(event, parseData) : templates.json(template, variables);
    if (names.length > 0) own = renderProperties(properties, variables, templates);
  } catch (error) {
    return fail("template_failed", error instanceof Error ? error.message : String(error));
  }
  return succeed({
    messageId: event.id,
    body: Buffer.from(body, "utf8"),
    contentType,
    contentEncoding: "utf-8",
    creationTime: event.publishedAt,
    properties: { ...own, event: event.name, seq: String(seq) },
  });
}

/** Exactly these names, in this order: readers of the original integration depend on them. */
function defaultBody(event: PendingDelivery["event"], parseData: boolean): string {
  const { data, deviceId, name, publishedAt, firmwareVersion } = event;
  const rest = {
    device_id: deviceId,
    event: name,
    published_at: new Date(publishedAt).toISOString(),
    ...(firmwareVersion === null ? {} : { fw_version: String(firmwareVersion) }),
  };
  // As it came: parsed and written again, a long number would lose digits.
  if (parseData && data !== null && isJson(data)) return `{"data":${data},${JSON.stringify(rest).slice(1)}`;
  return JSON.stringify({ data, ...rest });
}

/** One that comes out empty is left out: a section around it makes it conditional. */
function renderProperties(
  properties: Readonly<Record<string, string>>,
  variables: object,
  templates: Templates,
): Record<string, string> {
  const rendered: Record<string, string> = {};
  for (const [name, template] of Object.entries(properties)) {
    const value = toAscii(templates.text(template, variables));
    if (value.length > MAX_PROPERTY) {
      throw new Error(`The message property ${name} is longer than ${MAX_PROPERTY} characters.`);
    }
    if (value !== "") rendered[name] = value;
  }
  return rendered;
}

/** Hubs take ASCII in properties; what is not printable ASCII is percent-encoded as in a URL. */
function toAscii(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]+/g, (others) =>
    [...Buffer.from(others, "utf8")].map((byte) => `%${byte.toString(16).toUpperCase().padStart(2, "0")}`).join(""),
  );
}
