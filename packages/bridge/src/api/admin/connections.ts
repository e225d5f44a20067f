/** Connections to hubs: whether they take messages, who uses them, and how much of the day's allowance is used. */
import type { FastifyInstance } from "fastify";
import type { ConnectionState } from "../../core/connection-state.ts";
import { LOCAL_HUB } from "../../core/hub-host.ts";
import { HUB_TIERS, maxUnitsOf, type HubFacts, type HubTier, type MeteredDay } from "../../core/hub-meter.ts";
import { lineKey } from "../../core/delivery-target.ts";
import { badRequest } from "../api-error.ts";
import { requireTokenPlacement, type AccountCaller, type Authentication } from "../authentication.ts";
import { fieldsOf, optionalInteger, optionalText, type Fields } from "../bodies.ts";
import { ownConnection, ownConnections, wholeConnection, type OwnConnection } from "../connection-ownership.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownIntegrations } from "../ownership.ts";
import { failureJson } from "../particle/integration-json.ts";
import { isoTime } from "../particle/iso-time.ts";
import { quotaJson } from "./quota-json.ts";

interface OfConnection {
  Params: { id: string };
}

const tags = ["admin"];
const MAX_NAME = 100;
const DAY_MS = 86_400_000;

export function registerConnections(
  app: FastifyInstance,
  dependencies: ApiDependencies,
  authentication: Authentication,
): void {
  const { directory, deliveries, hubMeters, hubLimits, hubUsers, log, now } = dependencies;
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  app.get("/admin/v1/connections", route("Connections to hubs and whether they take messages"), async (request) => {
    const caller = await authentication.account(request, "integrations:list");
    const lines = linesNow();
    const own = await ownIntegrations(directory, caller);
    const webhooks = own.flatMap((one) => (one.type === "Webhook" ? (lines.get(lineKey(one)) ?? []) : []));
    const hubs = await hubsJson(await ownConnections(dependencies, caller), lines, await seesSharedHub(caller));
    return { connections: [...hubs, ...webhooks.map((line) => ({ ...stateJson(line), kind: "webhook" }))] };
  });

  app.get<OfConnection>(
    "/admin/v1/connections/:id",
    route("One connection to a hub, with the use of the last day"),
    async (request) => {
      const caller = await authentication.account(request, "integrations:list");
      const own = await ownConnection(dependencies, caller, request.params.id);
      const seesShared = await seesSharedHub(caller);
      const [connection] = await hubsJson([own], linesNow(), seesShared);
      const isHidden = !seesShared && (await isShared(own));
      const points = isHidden ? [] : await hubMeters.meterPoints(own.id, now() - DAY_MS);
      const isFree = connection?.["tier"] === "F1";
      return {
        connection,
        last_24h: points.map(({ start, blocks, freeBlocks }) => ({
          time: isoTime(start),
          messages: isFree ? freeBlocks : blocks,
        })),
      };
    },
  );

  app.put<OfConnection>(
    "/admin/v1/connections/:id",
    route("Say what a hub is called, and its tier, by which its allowance is known"),
    async (request) => {
      const caller = await authentication.account(request, "account");
      const { id } = request.params;
      const { hostName } = await wholeConnection(dependencies, caller, id);
      const [stored] = await hubMeters.hubFacts([id]);
      const facts = factsIn(fieldsOf(request), stored!);
      if (hostName === LOCAL_HUB && facts.tier !== null)
        throw badRequest("tier of the Local Hub is set on the Local Hub's own page");
      await hubMeters.setHubFacts(id, facts);
      log.info({ connectionId: id, tier: facts.tier, units: facts.units }, "connection.described");
      const changed = await ownConnection(dependencies, caller, id);
      const [connection] = await hubsJson([changed], linesNow(), await seesSharedHub(caller));
      return { connection };
    },
  );

  function linesNow(): ReadonlyMap<string, ConnectionState> {
    return new Map(deliveries.connections().map((state) => [state.connectionId, state]));
  }

  async function isShared({ id }: OwnConnection): Promise<boolean> {
    return (await hubUsers(id))?.hostName === LOCAL_HUB;
  }

  /** All accounts share the Local Hub: what they send together is for the operator. */
  async function seesSharedHub(caller: AccountCaller): Promise<boolean> {
    return caller.kind === "account" && (await directory.account(caller.accountId))?.operator === true;
  }

  async function hubsJson(
    own: readonly OwnConnection[],
    lines: ReadonlyMap<string, ConnectionState>,
    seesShared: boolean,
  ): Promise<Record<string, unknown>[]> {
    const ids = own.map(({ id }) => id);
    const [days, facts] = await Promise.all([hubMeters.meteredDays(ids, now()), hubMeters.hubFacts(ids)]);
    return Promise.all(
      own.map(async (one, i) => {
        const json = await hubJson(one, lines.get(one.id), facts[i]!, days[i]!);
        return !seesShared && (await isShared(one)) ? { ...json, quota: null } : json;
      }),
    );
  }

  async function hubJson(
    own: OwnConnection,
    state: ConnectionState | undefined,
    facts: HubFacts,
    day: MeteredDay,
  ): Promise<Record<string, unknown>> {
    const hostName = state?.hostName ?? own.hostName;
    const limits = hostName === LOCAL_HUB ? await hubLimits(hostName) : null;
    return {
      ...stateJson(state ?? idle(own)),
      kind: "hub",
      name: facts.name,
      tier: limits?.tier ?? facts.tier,
      units: limits?.units ?? facts.units,
      integrations: own.integrations.map(({ id, name, event, disabled }) => ({ id, name, event, disabled })),
      state_scopes: own.stateScopes.map((scope) => (scope.kind === "product" ? scope.productId : "sandbox")),
      quota: quotaJson({ facts, day, limits, hubFailure: state?.failure ?? null, now: now() }),
    };
  }
}

/** Of a hub that only mirrors states, or whose line is not open. */
function idle({ id, hostName, policyName }: OwnConnection): ConnectionState {
  return {
    connectionId: id,
    hostName,
    policyName,
    state: "idle",
    failure: null,
    nextProbeAt: null,
    since: null,
    inFlight: 0,
    waiting: 0,
    rate: { perSecond: 0, limit: null },
  };
}

function stateJson(connection: ConnectionState): Record<string, unknown> {
  return {
    id: connection.connectionId,
    host_name: connection.hostName,
    policy_name: connection.policyName,
    state: connection.state,
    ...(connection.keyInUse != null && { key_in_use: connection.keyInUse }),
    in_flight: connection.inFlight,
    waiting: connection.waiting,
    since: isoTime(connection.since),
    next_probe_at: isoTime(connection.nextProbeAt),
    expected_until: isoTime(connection.failure?.notBefore ?? null),
    rate: { per_second: connection.rate.perSecond, limit: connection.rate.limit },
    failure: connection.failure === null ? null : failureJson(connection.failure),
    warning: connection.warning ? failureJson(connection.warning) : null,
  };
}

/** What is left out stays as it is; `null` takes it away. */
function factsIn(fields: Fields, stored: HubFacts): HubFacts {
  const name = fields["name"] === undefined ? stored.name : optionalText(fields, "name", MAX_NAME);
  const tier = fields["tier"] === undefined ? stored.tier : tierIn(fields);
  const most = tier === null ? 1 : maxUnitsOf(tier);
  const units = optionalInteger(fields, "units", 1, most) ?? Math.min(stored.units, most);
  return { name, tier, units };
}

function tierIn(fields: Fields): HubTier | null {
  const text = optionalText(fields, "tier", 8);
  if (text === null) return null;
  const tier = HUB_TIERS.find((known) => known === text.toUpperCase());
  if (tier === undefined) throw badRequest(`tier must be one of ${HUB_TIERS.join(", ")}`);
  return tier;
}
