/** What a message would be, and what about it may surprise: made like the real one, and never sent. */
import type { Device } from "../core/device.ts";
import type { DeviceEvent } from "../core/device-event.ts";
import type { Failure } from "../core/failure.ts";
import type { HubMessage } from "../core/hub-client.ts";
import type { AzureIotHubOptions } from "../core/integration.ts";
import { MAX_MESSAGE_BYTES, messageSize, type MessageSize } from "./message-size.ts";
import { buildMessage } from "./hub-message.ts";
import { isJson } from "./template-variables.ts";
import { Templates } from "./template.ts";

type Options = Pick<AzureIotHubOptions, "template" | "contentType" | "properties" | "parseData">;

/** Stable names, for those who show them in other words. */
export type WarningCode =
  | "body_not_routable"
  | "data_not_json"
  | "parse_data_unused"
  | "property_empty"
  | "property_encoded"
  | "metered_more_than_once";

export interface PreviewWarning {
  readonly code: WarningCode;
  readonly message: string;
}

export type MessagePreview =
  | {
      readonly ok: true;
      readonly message: HubMessage;
      readonly size: MessageSize;
      readonly warnings: readonly PreviewWarning[];
    }
  | { readonly ok: false; readonly failure: Failure };

/** The first message of its lane: the real one's `seq` goes on from the last. */
export function previewMessage(
  integration: Options,
  event: DeviceEvent & { readonly deviceId: string },
  device: Pick<Device, "ownerId">,
): MessagePreview {
  const built = buildMessage({ integration, delivery: { event, seq: 1 }, device, templates: new Templates() });
  if (!built.ok) return built;
  const size = messageSize(built.value);
  if (size.bytes > MAX_MESSAGE_BYTES) {
    const message = `The message would have ${size.bytes} bytes; hubs take at most ${MAX_MESSAGE_BYTES}.`;
    return { ok: false, failure: { code: "message_too_large", message } };
  }
  return { ok: true, message: built.value, size, warnings: warningsOf(integration, event, built.value, size) };
}

function warningsOf(
  { template, contentType, properties, parseData }: Options,
  { data }: DeviceEvent,
  message: HubMessage,
  { blocks }: MessageSize,
): readonly PreviewWarning[] {
  const warnings: PreviewWarning[] = [];
  const warn = (code: WarningCode, text: string): void => void warnings.push({ code, message: text });
  if (!/^application\/json\b/i.test(contentType)) {
    warn(
      "body_not_routable",
      `With the content type ${contentType} the hub's routes cannot look into the body, and storage shows it in base64.`,
    );
  }
  if (parseData && template !== null) {
    warn(
      "parse_data_unused",
      "parse_data concerns the default body; with a template, write {{{PARTICLE_EVENT_JSON}}}.",
    );
  } else if (parseData && (data === null || !isJson(data))) {
    warn("data_not_json", "parse_data is on, but this event's data are no JSON: they stay a text.");
  }
  for (const name of Object.keys(properties)) {
    const value = message.properties[name];
    if (value === undefined) warn("property_empty", `The property ${name} comes out empty and is left out.`);
    else if (/%[0-9A-F]{2}/.test(value)) {
      warn("property_encoded", `The property ${name} has percent-encoded characters: hubs take ASCII only.`);
    }
  }
  if (blocks > 1)
    warn("metered_more_than_once", `The message counts as ${blocks} of the day's quota: one for every 4 KB.`);
  return warnings;
}
