/** From a pending delivery to the message that reaches the hub. */
import type { PendingDelivery } from "./delivery.ts";
import { fail, succeed, type Result } from "./failure.ts";
import type { HubMessage } from "./hub-client.ts";
import type { AzureIotHubIntegration } from "./integration.ts";
import type { Templates } from "./template.ts";

/** Fails with `template_failed` only. */
export function buildMessage(
  { template }: Pick<AzureIotHubIntegration, "template">,
  { event, seq }: Pick<PendingDelivery, "event" | "seq">,
  templates: Templates,
): Result<HubMessage> {
  let body: string;
  if (template === null) {
    body = defaultBody(event);
  } else {
    try {
      body = templates.render(template, event);
    } catch (error) {
      return fail("template_failed", error instanceof Error ? error.message : String(error));
    }
  }
  return succeed({
    messageId: event.id,
    body: Buffer.from(body, "utf8"),
    contentType: "application/json",
    contentEncoding: "utf-8",
    creationTime: event.publishedAt,
    properties: { event: event.name, seq: String(seq) },
  });
}

/** Exactly these names, in this order: readers of the original integration depend on them. */
function defaultBody({ data, deviceId, name, publishedAt, firmwareVersion }: PendingDelivery["event"]): string {
  return JSON.stringify({
    data,
    device_id: deviceId,
    event: name,
    published_at: new Date(publishedAt).toISOString(),
    ...(firmwareVersion === null ? {} : { fw_version: String(firmwareVersion) }),
  });
}
