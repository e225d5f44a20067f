/** A web address as the target of deliveries: nothing to prepare, one gate for each integration. */
import type { Clock } from "../../core/clock.ts";
import type { PendingDelivery } from "../../core/delivery.ts";
import type { DeliveryTarget } from "../../core/delivery-target.ts";
import type { Device } from "../../core/device.ts";
import type { Exchange } from "../../core/exchange.ts";
import { fail, succeed, type Failure, type Outcome, type Result } from "../../core/failure.ts";
import type { Integration, WebhookIntegration } from "../../core/integration.ts";
import { NO_WEBHOOK_SECRETS } from "../../core/webhook.ts";
import type { WebhookAnswer, WebhookClient, WebhookRequest, WebhookSecrets } from "../../core/webhook.ts";
import type { Templates } from "../../message/template.ts";
import type { HookEvent } from "../../core/hook-event.ts";
import { hookError, hookResponse, hookSent } from "./hook-events.ts";
import { renderingOf } from "../../message/rendering.ts";
import { webhookExchange, withoutSecrets } from "../../message/webhook-exchange.ts";
import { webhookOutcome } from "./webhook-outcome.ts";
import { webhookRequest } from "../../message/webhook-request.ts";

/** Requests to one target at once. */
export const WEBHOOKS_IN_FLIGHT = 16;

export interface WebhookTargetOptions {
  readonly integration: WebhookIntegration;
  readonly secrets: (integrationId: string) => Promise<WebhookSecrets | null>;
  readonly client: WebhookClient;
  readonly templates: Templates;
  /** Tells streams and the device how it went. */
  readonly onHookEvents: (events: readonly HookEvent[], device: Device) => void;
  readonly clock: Clock;
}

export class WebhookTarget implements DeliveryTarget {
  readonly policyName = "";
  #hostName: string;
  readonly #options: WebhookTargetOptions;
  #secrets: Promise<WebhookSecrets | null> | undefined;
  #closed = false;

  constructor(options: WebhookTargetOptions) {
    this.#options = options;
    this.#hostName = hostOf(options.integration);
  }

  get hostName(): string {
    return this.#hostName;
  }

  isReady(): boolean {
    return true;
  }

  async prepare(): Promise<Result<null>> {
    return { ok: true, value: null };
  }

  async send(delivery: PendingDelivery, integration: Integration, device: Device): Promise<Outcome> {
    if (integration.type !== "Webhook" || this.#closed) return stopped();
    const { event, seq } = delivery;
    const { templates, onHookEvents } = this.#options;
    const secrets = await this.#currentSecrets();
    const render = renderingOf(event, device.ownerId, templates);
    let request: WebhookRequest;
    try {
      request = webhookRequest({ settings: integration, secrets, event, seq, render });
    } catch (error) {
      return failed(fail("template_failed", error instanceof Error ? error.message : String(error)));
    }
    onHookEvents([hookSent(event)], device);
    const { outcome, answer } = await this.#exchange(request, integration);
    const options = { settings: integration, event, inProduct: integration.scope.kind === "product", render };
    onHookEvents(
      outcome.kind === "delivered" && answer !== null
        ? hookResponse(answer, options)
        : hookError(outcome.kind === "failed" ? outcome.failure.message : "", options),
      device,
    );
    return outcome;
  }

  async failed(_failure: Failure): Promise<void> {
    // What is known of a device here is nothing that could be out of date.
  }

  async renamed(): Promise<void> {
    // No twin, no name.
  }

  async refresh(integration: Integration): Promise<void> {
    if (integration.type === "Webhook") this.#hostName = hostOf(integration);
    this.#secrets = undefined;
  }

  async close(): Promise<void> {
    this.#closed = true;
  }

  async #exchange(
    request: WebhookRequest,
    integration: WebhookIntegration,
  ): Promise<{ readonly outcome: Outcome; readonly answer: WebhookAnswer | null }> {
    const { client, clock } = this.#options;
    const begun = clock.elapsed();
    const answered = await client.request(request);
    const result = answered.ok ? succeed(withoutSecrets(answered.value, request)) : answered;
    const durationMs = Math.round(clock.elapsed() - begun);
    if (this.#closed) return { outcome: stopped(), answer: null };
    const outcome = result.ok
      ? webhookOutcome(result.value, { settings: integration, now: clock.now() })
      : failed({ ok: false, failure: result.failure });
    const exchange: Exchange = webhookExchange(request, result, durationMs);
    return { outcome: { ...outcome, exchange }, answer: result.ok ? result.value : null };
  }

  async #currentSecrets(): Promise<WebhookSecrets> {
    const { secrets, integration } = this.#options;
    this.#secrets ??= secrets(integration.id);
    try {
      return (await this.#secrets) ?? NO_WEBHOOK_SECRETS;
    } catch (error) {
      this.#secrets = undefined;
      throw error;
    }
  }
}

function hostOf({ url }: WebhookIntegration): string {
  return /^https?:\/\/([^/?#]*)/i.exec(url)?.[1] ?? "";
}

function failed({ failure }: { readonly ok: false; readonly failure: Failure }): Outcome {
  return { kind: "failed", failure };
}

function stopped(): Outcome {
  return failed(fail("outcome_unknown", "The answer was not waited for: the integration changed or the server stops."));
}
