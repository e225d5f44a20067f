/** TEST of a webhook: the request of a first event, sent for real. Nothing is stored, nothing goes back to a device. */
import type { Clock } from "../../core/clock.ts";
import type { Device } from "../../core/device.ts";
import { fail, succeed, FAILURES, type Failure } from "../../core/failure.ts";
import type { WebhookIntegration } from "../../core/integration.ts";
import type { TestReport, TestRequest } from "../../core/integration-test.ts";
import { madeUpEvent } from "../../message/made-up-event.ts";
import { Templates } from "../../message/template.ts";
import {
  NO_WEBHOOK_SECRETS,
  type WebhookClient,
  type WebhookRequest,
  type WebhookSecrets,
} from "../../core/webhook.ts";
import { renderingOf } from "../../message/rendering.ts";
import { webhookExchange, withoutSecrets } from "../../message/webhook-exchange.ts";
import { webhookOutcome } from "./webhook-outcome.ts";
import { webhookRequest } from "../../message/webhook-request.ts";

export interface WebhookTestOptions {
  readonly secrets: (integrationId: string) => Promise<WebhookSecrets | null>;
  readonly client: WebhookClient;
  readonly device: (id: string) => Promise<Device | null>;
  readonly clock: Clock;
}

const SENDING = "send the request";

/** Without a device it speaks as `api`, by which targets can tell a test. */
export async function testWebhook(
  integration: WebhookIntegration,
  asked: TestRequest,
  { secrets, client, device: find, clock }: WebhookTestOptions,
): Promise<TestReport> {
  const device = asked.deviceId === undefined ? null : await find(asked.deviceId);
  const { data, eventName: name = integration.event } = asked;
  const { scope } = integration;
  const event = madeUpEvent({ name, data, scope, device, deviceId: device?.id ?? null, now: clock.now() });
  const render = renderingOf(event, device?.ownerId ?? null, new Templates());
  let request: WebhookRequest;
  try {
    const known = (await secrets(integration.id)) ?? NO_WEBHOOK_SECRETS;
    request = webhookRequest({ settings: integration, secrets: known, event, seq: 0, render });
  } catch (error) {
    const { failure } = fail("template_failed", error instanceof Error ? error.message : String(error));
    return report("render the templates", failure);
  }
  const begun = clock.elapsed();
  const answered = await client.request(request);
  const result = answered.ok ? succeed(withoutSecrets(answered.value, request)) : answered;
  const exchange = webhookExchange(request, result, Math.round(clock.elapsed() - begun));
  if (!result.ok) return { ...report(SENDING, result.failure), exchange };
  const outcome = webhookOutcome(result.value, { settings: integration, now: clock.now() });
  return { ...report(SENDING, outcome.kind === "failed" ? outcome.failure : null), exchange };
}

function report(name: string, failure: Failure | null): TestReport {
  const message = failure === null ? "ok" : `${failure.message} ${FAILURES[failure.code].nextStep}`;
  return {
    pass: failure === null,
    failure,
    steps: [{ name, ok: failure === null, message }],
    sent: null,
    arrival: null,
  };
}
