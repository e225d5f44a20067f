/** How an integration fares: causes of failure, its log, its counts over time, its accounts. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import { lineKey } from "../../core/delivery-target.ts";
import type { Integration } from "../../core/integration.ts";
import type { ConnectionState } from "../../core/connection-state.ts";
import { requireTokenPlacement, type Authentication } from "../authentication.ts";
import { failureGroupJson, ledgerJson, logJson, namedLedgerJson, seriesJson } from "../delivery-json.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownIntegration, ownProducts } from "../ownership.ts";
import { failureJson } from "../particle/integration-json.ts";
import { seriesQuery } from "../series-query.ts";

interface OfIntegration {
  Params: { id: string };
  Querystring: Record<string, unknown>;
}

const tags = ["admin"];

export function registerFailures(
  app: FastifyInstance,
  { directory, deliveries, now }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });
  const path = "/admin/v1/integrations/:id";

  async function own(request: FastifyRequest<OfIntegration>): Promise<Integration> {
    const caller = await authentication.account(request, "integrations:get");
    return ownIntegration(directory, caller, request.params.id);
  }

  app.get<OfIntegration>(
    `${path}/failures`,
    route("What ails the integration, one entry per cause"),
    async (request) => {
      const integration = await own(request);
      const [groups, { pending }] = await Promise.all([
        deliveries.failures(integration.id),
        deliveries.ledger(integration.id),
      ]);
      const paused = pausedJson(deliveries.connections(), integration, pending);
      return { failures: [...paused, ...groups.map(failureGroupJson)] };
    },
  );

  app.get<OfIntegration>(
    `${path}/log`,
    route("The last ten tries that succeeded and the last ten that failed"),
    async (request) => {
      const { id } = await own(request);
      return { log: (await deliveries.log(id)).map(logJson) };
    },
  );

  app.get<OfIntegration>(`${path}/series`, route("Counts over time"), async (request) => {
    const { id } = await own(request);
    const query = seriesQuery(request.query, { from: "from", to: "to", bucket: "bucket" }, now());
    return { series: (await deliveries.series(id, query)).map(seriesJson) };
  });

  app.get<OfIntegration>(`${path}/ledger`, route("The integration's ledger"), async (request) => {
    const { id } = await own(request);
    const named = (await deliveries.ledgers()).find(({ integrationId }) => integrationId === id);
    return { ledger: ledgerJson(await deliveries.ledger(id)), expired_by: named?.expiredBy ?? {} };
  });

  app.get("/admin/v1/ledgers", route("All ledgers, those of deleted integrations too"), async (request) => {
    const caller = await authentication.account(request, "integrations:list");
    const products = new Set((await ownProducts(directory, caller)).map(({ id }) => id));
    const ledgers = (await deliveries.ledgers()).filter(({ scope }) =>
      scope.kind === "product"
        ? products.has(scope.productId)
        : caller.kind === "account" && scope.accountId === caller.accountId,
    );
    return { ledgers: ledgers.map(namedLedgerJson) };
  });
}

/** While a target as a whole is in trouble, no delivery has failed and all that are pending wait for it. */
function pausedJson(
  connections: readonly ConnectionState[],
  integration: Integration,
  pending: number,
): readonly Record<string, unknown>[] {
  const failure = connections.find(({ connectionId }) => connectionId === lineKey(integration))?.failure ?? null;
  if (failure === null) return [];
  return [{ ...failureJson(failure), count: pending, parked: 0, waiting: pending, scope: "target" }];
}
