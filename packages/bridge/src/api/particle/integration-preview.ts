/** What an integration would send, before it is saved: nothing is sent. */
import type { FastifyInstance } from "fastify";
import { FAILURES } from "../../core/failure.ts";
import { hubDeviceId, type Integration, type Scope } from "../../core/integration.ts";
import { mismatch, mismatchSentence } from "../../core/matching.ts";
import { previewMessage, type MessagePreview } from "../../message/message-preview.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { AccountCaller, Authentication } from "../authentication.ts";
import { notFound } from "../api-error.ts";
import { fieldsOf, optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownIntegration } from "../ownership.ts";
import { asksForRealEvent, sampleOf } from "../sample-event.ts";
import type { Sample } from "../sample-event.ts";
import { hubOptions } from "./hub-settings.ts";
import { overlaid } from "./integration-overlay.ts";
import { sameScope, scopeOf } from "./integration-roof.ts";
import type { Roof } from "./integration-roof.ts";
import { deviceFilter, eventPrefix, storedWebhook, typeOf } from "./integration-settings.ts";
import { isoTime } from "./iso-time.ts";
import { messageJson } from "./message-json.ts";
import { webhookPreviewJson } from "./webhook-preview.ts";
import { webhookOf, type StoredWebhook } from "./webhook-settings.ts";

export function registerIntegrationPreview(
  app: FastifyInstance,
  dependencies: ApiDependencies,
  authentication: Authentication,
): void {
  const { directory } = dependencies;
  const summary = "The message that these settings make of an event";
  const schema = { summary, tags: ["integrations"] };

  for (const roof of ["/v1", "/v1/products/:product"]) {
    app.post<Roof>(`${roof}/integrations/preview`, { onRequest: [requireTokenPlacement], schema }, async (request) => {
      const caller = await authentication.account(request, "integrations:get");
      const scope = await scopeOf(request, caller, directory);
      const given = fieldsOf(request);
      if (asksForRealEvent(given)) await authentication.account(request, "events:get");
      const stored = await storedOf(given, scope, caller);
      const { id: _id, ...changes } = given;
      const keeps = await storedWebhook({ directory, ...(stored !== null && { stored }) });
      const fields = stored === null ? changes : overlaid(stored, changes, keeps?.secrets ?? null);
      const about = {
        scope,
        event: eventPrefix(fields) ?? "",
        deviceId: await deviceFilter(fields, { directory, caller, scope }),
      };
      const sample = await sampleOf(changes, about, caller, dependencies);
      return {
        ...targetJson(fields, keeps, sample),
        event: sampleJson(sample),
        ...triggerJson(stored === null ? null : { ...stored, ...about }, sample),
      };
    });
  }

  async function storedOf(fields: Fields, scope: Scope, caller: AccountCaller): Promise<Integration | null> {
    const id = optionalText(fields, "id", 128);
    if (id === null) return null;
    const stored = await ownIntegration(directory, caller, id);
    if (!sameScope(stored.scope, scope)) throw notFound("Integration");
    return stored;
  }
}

function targetJson(fields: Fields, keeps: StoredWebhook | null, { event, device }: Sample): Record<string, unknown> {
  if (typeOf(fields, fields["url"] === undefined ? "AzureIotHub" : null) === "Webhook")
    return webhookPreviewJson({ ...webhookOf(fields, keeps), event, device });
  const options = hubOptions(fields);
  const preview = previewMessage(options, event, device ?? { ownerId: null });
  return { ...previewJson(preview), device_id: hubDeviceId(options, event.deviceId) };
}

function previewJson(preview: MessagePreview): Record<string, unknown> {
  if (!preview.ok) {
    const { code, message } = preview.failure;
    return { pass: false, message: null, warnings: [], error: message, code, next_step: FAILURES[code].nextStep };
  }
  return { pass: true, message: messageJson(preview.message, preview.size), warnings: preview.warnings };
}

function sampleJson({ event, origin }: Sample): Record<string, unknown> {
  const { id, name, data, deviceId, publishedAt } = event;
  return { id, name, data, device_id: deviceId, published_at: isoTime(publishedAt), origin };
}

/** Whether the event would have triggered a stored integration; without a device nobody can say. */
function triggerJson(integration: Integration | null, { event, device }: Sample): Record<string, unknown> {
  if (integration === null || device === null) return {};
  const rule = mismatch(integration, event.name, device);
  if (rule === null) return { would_trigger: true };
  return { would_trigger: false, rule, reason: mismatchSentence(rule, integration, device) };
}
