/** All integrations of a caller in one list, of the sandbox and of every product, each with how it does. */
import type { FastifyInstance } from "fastify";
import type { ConnectionState, IntegrationState } from "../../core/connection-state.ts";
import type { IntegrationCounts, SeriesPoint, SeriesQuery } from "../../core/delivery-history.ts";
import { lineKey } from "../../core/delivery-target.ts";
import type { Integration, Scope } from "../../core/integration.ts";
import type { Product } from "../../core/product.ts";
import { badRequest } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { AccountCaller, Authentication } from "../authentication.ts";
import { optionalInteger, optionalOneOf, optionalText, type Fields } from "../bodies.ts";
import { ledgerJson } from "../delivery-json.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownProducts } from "../ownership.ts";
import { isoTime } from "../particle/iso-time.ts";
import { hostOf } from "../particle/webhook-settings.ts";
import { standingJson, stateWord, type StateWord } from "./integration-state.ts";

const HOUR_MS = 3_600_000;
const HOURS = 24;
const LIMIT = { usual: 50, most: 100 };
const SANDBOX = "sandbox";
const TYPES: readonly Integration["type"][] = ["AzureIotHub", "Webhook"];

interface Standing {
  readonly integration: Integration;
  readonly product: Product | null;
  readonly target: string;
  readonly state: StateWord;
  /** What holds it up, and which of its devices wait. */
  readonly now: IntegrationState;
  readonly line: ConnectionState | undefined;
}

/** What a reader can ask for, and which integrations that means. */
const STATES: ReadonlyMap<string, (standing: Standing) => boolean> = new Map([
  ["working", ({ state, now: { failure } }: Standing) => (state === "open" || state === "idle") && failure === null],
  [
    "trouble",
    ({ state, now: { failure } }: Standing) =>
      state !== "disabled" && (failure !== null || !["open", "idle"].includes(state)),
  ],
  ["disabled", ({ state }: Standing) => state === "disabled"],
]);

export function registerIntegrationOverview(
  app: FastifyInstance,
  { directory, deliveries, now }: ApiDependencies,
  authentication: Authentication,
): void {
  const schema = { summary: "All integrations, of the sandbox and of products, and how each does", tags: ["admin"] };

  app.get<{ Querystring: Fields }>(
    "/admin/v1/integrations",
    { onRequest: [requireTokenPlacement], schema },
    async (request) => {
      const caller = await authentication.account(request, "integrations:list");
      const { query } = request;
      const limit = optionalInteger(query, "limit", 1, LIMIT.most) ?? LIMIT.usual;
      const fits = filterOf(query);
      const after = cursorOf(query);
      const all = (await standings(caller)).filter(fits).toSorted(newestFirst);
      const start = after === null ? 0 : all.findIndex(({ integration }) => newestFirst(after, { integration }) < 0);
      const page = start < 0 ? [] : all.slice(start, start + limit);
      const last = page.at(-1);
      const day = lastHours(now());
      const hours = hoursOf(day);
      const counts = await deliveries.counts(
        page.map(({ integration }) => integration.id),
        day,
      );
      return {
        integrations: page.map((one) => overviewJson(one, counts.get(one.integration.id), hours)),
        total: all.length,
        before: start < 0 ? all.length : start,
        next: last === undefined || last === all.at(-1) ? null : cursorText(last),
      };
    },
  );

  async function standings(caller: AccountCaller): Promise<readonly Standing[]> {
    const roofs: (readonly [Scope, Product | null])[] = (await ownProducts(directory, caller)).map((product) => [
      { kind: "product", productId: product.id },
      product,
    ]);
    if (caller.kind === "account") roofs.unshift([{ kind: "sandbox", accountId: caller.accountId }, null]);
    const lines = new Map(deliveries.connections().map((line) => [line.connectionId, line]));
    const found = await Promise.all(
      roofs.map(async ([scope, product]) =>
        (await directory.integrationsIn(scope)).map((integration) => standing(integration, product, lines)),
      ),
    );
    return found.flat();
  }

  function standing(
    integration: Integration,
    product: Product | null,
    lines: ReadonlyMap<string, ConnectionState>,
  ): Standing {
    const line = lines.get(lineKey(integration));
    const current = deliveries.integrationState(integration.id);
    const target = integration.type === "AzureIotHub" ? integration.hubName : hostOf(integration.url);
    return { integration, product, target, line, now: current, state: stateWord(integration, current.failure, line) };
  }
}

function filterOf(query: Fields): (standing: Standing) => boolean {
  const q = optionalText(query, "q", 128)?.trim().toLowerCase() ?? "";
  const type = optionalOneOf(query, "type", TYPES);
  const scope = optionalText(query, "scope", 128);
  const state = optionalText(query, "state", 32);
  const isInState = state === null ? () => true : STATES.get(state);
  if (isInState === undefined) throw badRequest(`state must be one of ${[...STATES.keys()].join(", ")}`);
  return (standing) => {
    const { integration, product, target } = standing;
    const { id, name, event, deviceId } = integration;
    const words = [name, event, target, id, deviceId ?? "", product?.name ?? SANDBOX, product?.slug ?? ""];
    return (
      (type === null || integration.type === type) &&
      (scope === null || scope === (product?.slug ?? SANDBOX) || scope === String(product?.id)) &&
      words.some((word) => word.toLowerCase().includes(q)) &&
      isInState(standing)
    );
  };
}

interface Placed {
  readonly integration: Pick<Integration, "id" | "createdAt">;
}

function newestFirst({ integration: a }: Placed, { integration: b }: Placed): number {
  if (a.createdAt !== b.createdAt) return b.createdAt - a.createdAt;
  return a.id === b.id ? 0 : a.id < b.id ? -1 : 1;
}

/** Where a page ended; still good when that integration is gone. */
function cursorText({ integration: { createdAt, id } }: Placed): string {
  return `${createdAt}-${id}`;
}

function cursorOf(query: Fields): Placed | null {
  const text = optionalText(query, "after", 160);
  if (text === null) return null;
  const [, createdAt, id] = /^(\d{1,15})-(.+)$/.exec(text) ?? [];
  if (createdAt === undefined || id === undefined) throw badRequest("after must be the next of an earlier answer");
  return { integration: { createdAt: Number(createdAt), id } };
}

function lastHours(now: number): SeriesQuery {
  const to = now - (now % HOUR_MS) + HOUR_MS;
  return { from: to - HOURS * HOUR_MS, to, bucketMs: HOUR_MS };
}

function overviewJson(
  { integration, product, target, now, line }: Standing,
  counts: IntegrationCounts | undefined,
  hours: readonly Hour[],
): Record<string, unknown> {
  return {
    id: integration.id,
    name: integration.name,
    event: integration.event,
    integration_type: integration.type,
    target,
    scope: {
      kind: integration.scope.kind,
      product_id: product?.id ?? null,
      product_slug: product?.slug ?? null,
      product_name: product?.name ?? null,
    },
    device_id: integration.deviceId,
    disabled: integration.disabled,
    created_at: isoTime(integration.createdAt),
    ...standingJson(integration, now, line),
    today: counts?.today ?? { success: 0, error: 0 },
    ledger: counts === undefined ? null : ledgerJson(counts.ledger),
    waiting: counts?.ledger.pending ?? 0,
    parked: counts?.ledger.parked ?? 0,
    last_24h: everyHour(counts?.series ?? [], hours),
  };
}

/** Hours in which nothing happened are told too. */
function everyHour(series: readonly SeriesPoint[], hours: readonly Hour[]): readonly Record<string, unknown>[] {
  const known = new Map(series.map((point) => [point.time, point]));
  return hours.map(({ at, time }) => {
    const { success = 0, failure = 0 } = known.get(at) ?? {};
    return { time, success, failure };
  });
}

interface Hour {
  readonly at: number;
  readonly time: string;
}

/** The same for all integrations of a page: writing their times one by one would be much of what the page costs. */
function hoursOf({ from }: SeriesQuery): readonly Hour[] {
  return Array.from({ length: HOURS }, (_, hour) => {
    const at = from + hour * HOUR_MS;
    return { at, time: isoTime(at) };
  });
}
