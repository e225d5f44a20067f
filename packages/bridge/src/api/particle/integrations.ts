/** Integrations, in the sandbox and in products: the same routes under two roofs. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { lineKey } from "../../core/delivery-target.ts";
import type { Integration } from "../../core/integration.ts";
import type { Permission } from "../../core/permission.ts";
import { ApiError, notFound } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import { fieldsOf, optionalFlag, type Fields } from "../bodies.ts";
import { ledgerJson, logJson } from "../delivery-json.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { hubStateJson, shownIntegration, todayCounters } from "./integration-json.ts";
import { integrationOf, PLACES, scopeOf } from "./integration-roof.ts";
import type { Roof } from "./integration-roof.ts";
import { integrationSettingsOf } from "./integration-settings.ts";

const tags = ["integrations"];

export function registerIntegrations(
  app: FastifyInstance,
  dependencies: ApiDependencies,
  authentication: Authentication,
): void {
  const { directory, deliveries, hubHostRule, entraRule, onIntegrationChanged } = dependencies;
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  const find = (
    request: FastifyRequest<Roof>,
    permission: Permission,
    only: Integration["type"] | null,
  ): ReturnType<typeof integrationOf> => integrationOf(request, permission, { directory, authentication, only });

  const shown = (integration: Integration): Promise<Record<string, unknown>> =>
    shownIntegration(integration, directory);

  for (const { path, only } of PLACES) {
    app.get<Roof>(`${path}`, route("Integrations"), async (request) => {
      const caller = await authentication.account(request, "integrations:list");
      const found = await directory.integrationsIn(await scopeOf(request, caller, directory));
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
      const scope = await scopeOf(request, caller, directory);
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
  }

  /** Whoever deletes an integration is told first what would never be sent. */
  async function refuseUnconfirmed(request: FastifyRequest<Roof>, { id }: Integration): Promise<void> {
    const isConfirmed =
      optionalFlag(request.query as Fields, "confirm") ?? optionalFlag(fieldsOf(request), "confirm") ?? false;
    const { pending } = await deliveries.ledger(id);
    if (pending > 0 && !isConfirmed) throw pendingDeliveries(pending);
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
