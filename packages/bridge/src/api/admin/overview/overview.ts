/** The first look at everything that is the caller's: how fast, how much, which hubs, and what needs somebody. */
import type { FastifyInstance } from "fastify";
import type { ConnectionState } from "../../../core/connection-state.ts";
import { lineKey } from "../../../core/delivery-target.ts";
import type { Ledger } from "../../../core/delivery.ts";
import type { NamedLedger, SeriesPoint } from "../../../core/delivery-history.ts";
import type { Integration } from "../../../core/integration.ts";
import type { Product } from "../../../core/product.ts";
import { Recent } from "../../../core/recent.ts";
import { requireTokenPlacement } from "../../authentication.ts";
import type { Authentication, PersonCaller } from "../../authentication.ts";
import { ledgerJson } from "../../delivery-json.ts";
import type { ApiDependencies } from "../../dependencies.ts";
import { ownIntegrations, ownProducts } from "../../ownership.ts";
import { failureJson } from "../../particle/integration-json.ts";
import { isoTime } from "../../particle/iso-time.ts";
import { inOrder, MAX_ATTENTION, type Attention } from "./attention.ts";
import { deliveryAttention, targetLink } from "./delivery-attention.ts";
import { fleetAttention } from "./fleet-attention.ts";
import { daysHistory } from "./history.ts";
import { Paces, type Pace } from "./pace.ts";
import { serverAttention } from "./server-attention.ts";

/** Consoles look every two seconds, each of several; one look does for those that come at once. */
const LOOK_FOR_MS = 1_000;
/** What needs somebody changes less often. */
const ATTENTION_FOR_MS = 5_000;
const HISTORY_FOR_MS = 60_000;
const MAX_ACCOUNTS = 1_000;
const MAX_HUBS = 50;
const tags = ["admin"];

interface Own {
  readonly caller: PersonCaller;
  readonly isOperator: boolean;
  readonly integrations: readonly Integration[];
  readonly products: readonly Product[];
  readonly connections: readonly ConnectionState[];
  /** Deleted integrations' too. */
  readonly ledgers: readonly NamedLedger[];
}

interface Look {
  readonly own: Own;
  readonly sum: Ledger;
  readonly pace: Pace | null;
}

export function registerOverview(
  app: FastifyInstance,
  dependencies: ApiDependencies,
  authentication: Authentication,
): void {
  const { directory, deliveries, eventCounts, now } = dependencies;
  const paces = new Paces();
  const looks = keptFor<Look>(LOOK_FOR_MS, now);
  const attention = keptFor<readonly Attention[]>(ATTENTION_FOR_MS, now);
  const history = keptFor<readonly SeriesPoint[]>(HISTORY_FOR_MS, now);
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  async function ownOf(caller: PersonCaller): Promise<Own> {
    const [account, integrations, products, ledgers] = await Promise.all([
      directory.account(caller.accountId),
      ownIntegrations(directory, caller),
      ownProducts(directory, caller),
      deliveries.ledgers(),
    ]);
    const lines = new Set(integrations.map(lineKey));
    const numbers = new Set(products.map(({ id }) => id));
    return {
      caller,
      isOperator: account?.operator === true,
      integrations,
      products,
      connections: deliveries.connections().filter(({ connectionId }) => lines.has(connectionId)),
      ledgers: ledgers.filter(({ scope }) =>
        scope.kind === "product" ? numbers.has(scope.productId) : scope.accountId === caller.accountId,
      ),
    };
  }

  async function look(caller: PersonCaller): Promise<Look> {
    const own = await ownOf(caller);
    const sum = sumOf(own.ledgers.map(({ ledger }) => ledger));
    return { own, sum, pace: paceOf(own, sum) };
  }

  function paceOf({ caller: { accountId }, products }: Own, { delivered }: Ledger): Pace | null {
    const keys = [`account/${accountId}`, ...products.map(({ id }) => `product/${id}`)];
    const accepted = keys.reduce((sum, key) => sum + eventCounts.accepted(key), 0);
    return paces.look(accountId, { at: now(), accepted, delivered });
  }

  async function attentionOf(own: Own): Promise<readonly Attention[]> {
    const { caller, isOperator, products, integrations, connections } = own;
    const ledgers = new Map(own.ledgers.map(({ integrationId, ledger }) => [integrationId, ledger]));
    const found = await Promise.all([
      isOperator ? serverAttention(dependencies) : [],
      deliveryAttention({ integrations, connections, ledgers }, deliveries),
      fleetAttention({ accountId: caller.accountId, products, isOperator }, dependencies),
    ]);
    return inOrder(found.flat());
  }

  app.get("/admin/v1/overview", route("Rates, sums, hubs, and what needs somebody"), async (request) => {
    const caller = await authentication.account(request, "account");
    const { accountId } = caller;
    const { own, sum, pace } = await looks(accountId, () => look(caller));
    const needed = await attention(accountId, () => attentionOf(own));
    return {
      time: isoTime(now()),
      pace,
      ledger: ledgerJson(sum),
      integrations: own.integrations.length,
      products: own.products.length,
      hubs: own.connections.slice(0, MAX_HUBS).map((connection) => hubJson(connection, own.integrations)),
      hubs_total: own.connections.length,
      attention: needed.slice(0, MAX_ATTENTION),
      attention_total: needed.length,
    };
  });

  app.get(
    "/admin/v1/overview/history",
    route("Deliveries of the last 24 hours, all integrations together"),
    async (request) => {
      const caller = await authentication.account(request, "account");
      const points = await history(caller.accountId, async () =>
        daysHistory(await ownIntegrations(directory, caller), deliveries, now()),
      );
      return { points };
    },
  );
}

/** Asks once and answers all who ask within the time, by account. */
function keptFor<T>(ms: number, now: () => number): (accountId: string, make: () => Promise<T>) => Promise<T> {
  const kept = new Recent<string, { readonly until: number; readonly value: Promise<T> }>(MAX_ACCOUNTS);
  return (accountId, make) => {
    const known = kept.get(accountId);
    if (known !== undefined && known.until > now()) return known.value;
    const value = make();
    kept.set(accountId, { until: now() + ms, value });
    // What failed is asked again.
    value.catch(() => kept.delete(accountId));
    return value;
  };
}

function sumOf(ledgers: readonly Ledger[]): Ledger {
  const sum = { accepted: 0, delivered: 0, pending: 0, parked: 0, expired: 0, erased: 0 };
  for (const ledger of ledgers) {
    for (const name of Object.keys(sum) as (keyof Ledger)[]) sum[name] += ledger[name];
  }
  return sum;
}

function hubJson(connection: ConnectionState, integrations: readonly Integration[]): Record<string, unknown> {
  const { connectionId, hostName, policyName, state, failure, waiting, inFlight, rate } = connection;
  const users = integrations.filter((one) => lineKey(one) === connectionId);
  return {
    id: connectionId,
    host_name: hostName,
    policy_name: policyName,
    kind: users.some(({ type }) => type === "Webhook") ? "webhook" : "hub",
    link: targetLink(connectionId, integrations),
    state,
    integrations: users.length,
    in_flight: inFlight,
    devices_waiting: waiting,
    rate: { per_second: rate.perSecond, limit: rate.limit },
    failure: failure === null ? null : failureJson(failure),
  };
}
