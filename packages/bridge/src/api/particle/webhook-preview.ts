/** The request that a webhook would make of an event, as it is shown before anything is saved or sent. */
import type { Device } from "../../core/device.ts";
import type { DeviceEvent } from "../../core/device-event.ts";
import { FAILURES } from "../../core/failure.ts";
import { renderingOf } from "../../message/rendering.ts";
import { Templates } from "../../message/template.ts";
import { shownRequest } from "../../message/webhook-exchange.ts";
import { webhookRequest } from "../../message/webhook-request.ts";
import type { WebhookOptions, WebhookSecrets } from "../../core/webhook.ts";

export interface WebhookPreviewInput {
  readonly options: WebhookOptions;
  readonly secrets: WebhookSecrets;
  readonly event: DeviceEvent;
  readonly device: Device | null;
}

/** Secrets are masked; a template that cannot be rendered is told with its place. */
export function webhookPreviewJson({ options, secrets, event, device }: WebhookPreviewInput): Record<string, unknown> {
  try {
    const render = renderingOf(event, device?.ownerId ?? null, new Templates());
    const request = webhookRequest({ settings: options, secrets, event, seq: 0, render });
    return { pass: true, request: shownRequest(request), warnings: [] };
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    const code = "template_failed";
    return { pass: false, request: null, warnings: [], error: message, code, next_step: FAILURES[code].nextStep };
  }
}
