/** Integrations, in the sandbox and in products: the same routes under two roofs. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { lineKey } from "../../core/delivery-target.ts";
import type { Integration, Scope } from "../../core/integration.ts";
import { isCloudDeviceId } from "../../core/device.ts";
import type { Permission } from "../../core/permission.ts";
import { ApiError, badRequest, notFound } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { AccountCaller, Authentication } from "../authentication.ts";
import { fieldsOf, optionalFlag, type Fields } from "../bodies.ts";
import { ledgerJson, logJson } from "../delivery-json.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownDevice, ownIntegration, ownProduct, productDevice, sandboxOf } from "../ownership.ts";
import { hubStateJson, integrationJson, testJson, todayCounters } from "./integration-json.ts";
import { integrationSettingsOf } from "./integration-settings.ts";

interface Roof {
  Params: { product?: string; id: string };
}

/** Under each roof all integrations, and under an older name the webhooks alone. */
const PLACES: readonly { readonly path: string; readonly only: "Webhook" | null }[] = [
  { path: "/v1/integrations", only: null },
  { path: "/v1/products/:product/integrations", only: null },
  { path: "/v1/webhooks", only: "Webhook" },
  { path: "/v1/products/:product/webhooks", only: "Webhook" },
];

const DEFAULT_TEST_DATA = "test-event";
const tags = ["integrations"];

export function registerIntegrations(
  app: FastifyInstance,
  dependencies: ApiDependencies,
  authentication: Authentication,
): void {
  const { directory, deliveries, hubHostRule, entraRule, onIntegrationChanged, testIntegration } = dependencies;
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  async function scopeOf(request: FastifyRequest<Roof>, caller: AccountCaller): Promise<Scope> {
    const { product } = request.params;
    if (product === undefined) return { kind: "sandbox", accountId: sandboxOf(caller) };
    return { kind: "product", productId: (await ownProduct(directory, caller, product)).id };
  }

  /** The integration of the path: of the caller, and under this very roof. */
  async function find(
    request: FastifyRequest<Roof>,
    permission: Permission,
    only: Integration["type"] | null,
  ): Promise<{ caller: AccountCaller; integration: Integration }> {
    const caller = await authentication.account(request, permission);
    const scope = await scopeOf(request, caller);
    const integration = await ownIntegration(directory, caller, request.params.id);
    if (!sameScope(integration.scope, scope) || (only !== null && integration.type !== only)) {
      throw notFound("Integration");
    }
    return { caller, integration };
  }

  async function shown(integration: Integration): Promise<Record<string, unknown>> {
    const isHub = integration.type === "AzureIotHub";
    return integrationJson(integration, {
      connection: isHub ? await directory.connection(integration.connectionId) : null,
      secrets: isHub ? null : await directory.webhookSecrets(integration.id),
    });
  }

  for (const { path, only } of PLACES) {
    app.get<Roof>(`${path}`, route("Integrations"), async (request) => {
      const caller = await authentication.account(request, "integrations:list");
      const found = await directory.integrationsIn(await scopeOf(request, caller));
      return Promise.all(
        found
          .filter(({ type }) => only === null || type === only)
          .map(async (integration) => ({
            ...(await shown(integration)),
            todayCounters: todayCounters(await deliveries.today(integration.id)),
          })),
      );
    });

    app.post<Roof>(`${path}`, route("Make an integration"), async (request, reply) => {
      const caller = await authentication.account(request, "integrations:create");
      const scope = await scopeOf(request, caller);
      const settings = await integrationSettingsOf(
        { ...fieldsOf(request), ...(only !== null && { integration_type: only }) },
        {
          directory,
          caller,
          scope,
          hubHostRule,
          entraRule,
        },
      );
      const integration = await directory.createIntegration(settings);
      await onIntegrationChanged(integration.id);
      const url = `${request.protocol}://${request.host}${request.url.split("?", 1)[0]}/${integration.id}`;
      reply.code(201);
      return {
        ok: true,
        ...(await shown(integration)),
        integrationUrl: url,
        ...(integration.type === "Webhook" && { hookUrl: url }),
      };
    });

    app.get<Roof>(`${path}/:id`, route("One integration with its log"), async (request) => {
      const { integration } = await find(request, "integrations:get", only);
      const { id } = integration;
      const [today, ledger, log] = await Promise.all([deliveries.today(id), deliveries.ledger(id), deliveries.log(id)]);
      const logs = log.map(logJson);
      const counters = { today: todayCounters(today), ledger: ledgerJson(ledger) };
      const hub = hubStateJson(
        deliveries.connections(),
        lineKey(integration),
        deliveries.integrationState(integration.id).failure,
      );
      const json = { ...(await shown(integration)), todayCounters: todayCounters(today) };
      return { integration: { ...json, counters, hub, logs } };
    });

    app.put<Roof>(`${path}/:id`, route("Replace an integration's settings"), async (request) => {
      const { caller, integration: stored } = await find(request, "integrations:update", only);
      const context = { directory, caller, scope: stored.scope, hubHostRule, entraRule, stored };
      const settings = await integrationSettingsOf(fieldsOf(request), context);
      const integration = await directory.updateIntegration(stored.id, settings);
      if (integration === null) throw notFound("Integration");
      await onIntegrationChanged(integration.id);
      return { integration: await shown(integration) };
    });

    app.delete<Roof>(`${path}/:id`, route("Delete an integration"), async (request, reply) => {
      const { integration } = await find(request, "integrations:remove", only);
      await refuseUnconfirmed(request, integration);
      if (!(await directory.deleteIntegration(integration.id))) throw notFound("Integration");
      await onIntegrationChanged(integration.id);
      return reply.code(204).send();
    });

    app.post<Roof>(`${path}/:id/test`, route("Send a test message"), async (request) => {
      const { caller, integration } = await find(request, "integrations:test", only);
      const { data, device_id: deviceId } = fieldsOf(request);
      if (data !== undefined && data !== null && typeof data !== "string") throw badRequest("data must be a string");
      const testDevice = await testDeviceOf(deviceId, caller, integration);
      const report = await testIntegration({
        integrationId: integration.id,
        data: data ?? DEFAULT_TEST_DATA,
        ...(testDevice !== null && { deviceId: testDevice }),
      });
      return testJson(report);
    });
  }

  /** Whoever deletes an integration is told first what would never be sent. */
  async function refuseUnconfirmed(request: FastifyRequest<Roof>, { id }: Integration): Promise<void> {
    const isConfirmed =
      optionalFlag(request.query as Fields, "confirm") ?? optionalFlag(fieldsOf(request), "confirm") ?? false;
    const { pending } = await deliveries.ledger(id);
    if (pending > 0 && !isConfirmed) throw pendingDeliveries(pending);
  }

  /** `api`, the clients' default, names no device: the test then uses an identity of its own. */
  async function testDeviceOf(value: unknown, caller: AccountCaller, { scope }: Integration): Promise<string | null> {
    if (value === undefined || value === null || value === "" || value === "api") return null;
    if (typeof value !== "string" || !isCloudDeviceId(value.toLowerCase())) {
      throw badRequest("device_id must be a device's id of 24 hexadecimal digits");
    }
    if (scope.kind === "product") return (await productDevice(directory, scope.productId, value)).id;
    return (await ownDevice(directory, caller, value)).id;
  }
}

function pendingDeliveries(pending: number): ApiError {
  return new ApiError(409, {
    ok: false,
    error: `${pending} events still wait for this integration and would never be sent`,
    code: "pending_deliveries",
    pending,
    next_step: "Wait until they are delivered, or delete with confirm=true: they then end as expired.",
  });
}

function sameScope(a: Scope, b: Scope): boolean {
  if (a.kind === "sandbox") return b.kind === "sandbox" && a.accountId === b.accountId;
  return b.kind === "product" && a.productId === b.productId;
}
