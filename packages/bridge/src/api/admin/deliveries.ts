/** Deliveries of an integration, for consoles and the command line. */
import type { FastifyInstance } from "fastify";
import { DELIVERY_STATES } from "./delivery-states.ts";
import { badRequest } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import { fieldsOf, optionalInteger, optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownIntegration } from "../ownership.ts";
import { deliveryJson, ledgerJson } from "../particle/integration-json.ts";

interface OfIntegration {
  Params: { id: string };
  Querystring: Record<string, unknown>;
}

const tags = ["admin"];
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 500;
const MAX_IDS = 1000;

export function registerDeliveries(
  app: FastifyInstance,
  { directory, deliveries }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  app.get<OfIntegration>(
    "/admin/v1/integrations/:id/deliveries",
    route("Deliveries, newest first"),
    async (request) => {
      const caller = await authentication.account(request, "integrations:get");
      const { id } = await ownIntegration(directory, caller, request.params.id);
      const limit = optionalInteger(request.query, "limit", 1, MAX_LIMIT) ?? DEFAULT_LIMIT;
      const before = optionalInteger(request.query, "before", 1, Number.MAX_SAFE_INTEGER);
      const state = stateIn(request.query);
      const records = await deliveries.list(id, {
        limit,
        ...(before !== null && { before }),
        ...(state !== null && { state }),
      });
      // `next` goes into `before` for the following page.
      return {
        deliveries: records.map(deliveryJson),
        next: records.length === limit ? (records.at(-1)?.id ?? null) : null,
      };
    },
  );

  app.post<OfIntegration>(
    "/admin/v1/integrations/:id/deliveries/retry",
    route("Send parked deliveries again"),
    async (request) => {
      const caller = await authentication.account(request, "integrations:update");
      const { id } = await ownIntegration(directory, caller, request.params.id);
      const ids = deliveryIds(fieldsOf(request)["ids"]);
      return { retried: await (ids === null ? deliveries.retryParked(id) : deliveries.retryParked(id, ids)) };
    },
  );

  app.get<OfIntegration>("/admin/v1/integrations/:id/ledger", route("The integration's ledger"), async (request) => {
    const caller = await authentication.account(request, "integrations:get");
    const { id } = await ownIntegration(directory, caller, request.params.id);
    return { ledger: ledgerJson(await deliveries.ledger(id)) };
  });
}

function stateIn(query: Fields): (typeof DELIVERY_STATES)[number] | null {
  const text = optionalText(query, "state", 16);
  if (text === null) return null;
  const state = DELIVERY_STATES.find((known) => known === text);
  if (state === undefined) throw badRequest(`state must be one of ${DELIVERY_STATES.join(", ")}`);
  return state;
}

/** `null`: all that are parked. */
function deliveryIds(value: unknown): readonly number[] | null {
  if (value === undefined || value === null) return null;
  const isList =
    Array.isArray(value) && value.length <= MAX_IDS && value.every((id) => Number.isSafeInteger(id) && id > 0);
  if (!isList) throw badRequest(`ids must be a list of at most ${MAX_IDS} delivery ids`);
  return value as readonly number[];
}
