/** One integration by its id alone, wherever it is: all that a console shows above its deliveries, and changes of single fields. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ConnectionState } from "../../core/connection-state.ts";
import type { Deliveries } from "../../core/deliveries.ts";
import { lineKey } from "../../core/delivery-target.ts";
import type { Integration } from "../../core/integration.ts";
import type { Permission } from "../../core/permission.ts";
import { notFound } from "../api-error.ts";
import { requireTokenPlacement, type AccountCaller, type Authentication } from "../authentication.ts";
import { fieldsOf } from "../bodies.ts";
import { ledgerJson } from "../delivery-json.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownIntegration } from "../ownership.ts";
import { hubStateJson, shownIntegration, todayCounters } from "../particle/integration-json.ts";
import { overlaid } from "../particle/integration-overlay.ts";
import { integrationSettingsOf } from "../particle/integration-settings.ts";
import { hostOf } from "../particle/webhook-settings.ts";

interface OfIntegration {
  Params: { id: string };
}

/** Deliveries that the latency is told of. */
const LATENCY_OF = 200;

export function registerIntegrationDetail(
  app: FastifyInstance,
  dependencies: ApiDependencies,
  authentication: Authentication,
): void {
  const { directory, deliveries, hubHostRule, entraRule, onIntegrationChanged } = dependencies;
  const route = (summary: string): object => ({
    onRequest: [requireTokenPlacement],
    schema: { summary, tags: ["admin"] },
  });
  const path = "/admin/v1/integrations/:id";

  async function own(
    request: FastifyRequest<OfIntegration>,
    permission: Permission,
  ): Promise<{ readonly caller: AccountCaller; readonly integration: Integration }> {
    const caller = await authentication.account(request, permission);
    return { caller, integration: await ownIntegration(directory, caller, request.params.id) };
  }

  app.get<OfIntegration>(path, route("One integration, wherever it is, and how it fares"), async (request) => {
    const { integration } = await own(request, "integrations:get");
    return { integration: { ...(await settingsJson(integration)), ...(await fareJson(integration, deliveries)) } };
  });

  app.patch<OfIntegration>(path, route("Change some fields of an integration"), async (request) => {
    const { caller, integration: stored } = await own(request, "integrations:update");
    const secrets = stored.type === "Webhook" ? await directory.webhookSecrets(stored.id) : null;
    const settings = await integrationSettingsOf(overlaid(stored, fieldsOf(request), secrets), {
      directory,
      caller,
      scope: stored.scope,
      hubHostRule,
      entraRule,
      stored,
    });
    const integration = await directory.updateIntegration(stored.id, settings);
    if (integration === null) throw notFound("Integration");
    await onIntegrationChanged(integration.id);
    return { integration: await settingsJson(integration) };
  });

  /** With where it is and what it sends to. */
  async function settingsJson(integration: Integration): Promise<Record<string, unknown>> {
    const { id, scope } = integration;
    const isProduct = scope.kind === "product";
    const product = isProduct ? await directory.product(String(scope.productId)) : null;
    const hub = integration.type === "AzureIotHub" ? await directory.connection(integration.connectionId) : null;
    return {
      ...(await shownIntegration(integration, directory)),
      scope: {
        kind: scope.kind,
        ...(isProduct && { product_id: scope.productId }),
        ...(product !== null && { product_slug: product.slug, product_name: product.name }),
      },
      path: isProduct ? `/v1/products/${scope.productId}/integrations/${id}` : `/v1/integrations/${id}`,
      target: integration.type === "Webhook" ? hostOf(integration.url) : (hub?.hostName ?? integration.hubName),
      ...(hub !== null && { connection_id: hub.id }),
    };
  }
}

async function fareJson(integration: Integration, deliveries: Deliveries): Promise<Record<string, unknown>> {
  const { id } = integration;
  const [today, ledger, causes, latency] = await Promise.all([
    deliveries.today(id),
    deliveries.ledger(id),
    deliveries.failures(id),
    latencyJson(id, deliveries),
  ]);
  const retrying = causes.reduce((sum, { waiting }) => sum + waiting, 0);
  const connections: readonly ConnectionState[] = deliveries.connections();
  return {
    counters: { today: todayCounters(today), ledger: ledgerJson(ledger), retrying },
    latency,
    hub: hubStateJson(connections, lineKey(integration), deliveries.integrationState(id).failure),
  };
}

/** From being accepted to being taken by the target, of the last live ones; `null` where there are none. */
async function latencyJson(id: string, deliveries: Deliveries): Promise<Record<string, number> | null> {
  const { records } = await deliveries.page(id, { state: "delivered", limit: LATENCY_OF });
  const waits = records
    .filter(({ replayId }) => replayId === null)
    .flatMap(({ acceptedAt, settledAt }) => (settledAt === null ? [] : [settledAt - acceptedAt]))
    .toSorted((a, b) => a - b);
  if (waits.length === 0) return null;
  const percentile = (share: number): number =>
    waits[Math.min(waits.length - 1, Math.floor(waits.length * share))] ?? 0;
  return { p50_ms: percentile(0.5), p95_ms: percentile(0.95), deliveries: waits.length };
}
