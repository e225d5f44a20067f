/** Things and conflicts of all products of a caller in one list each. */
import type { FastifyInstance } from "fastify";
import type { Product } from "../../core/product.ts";
import type { ThingFilter } from "../../core/thing-query.ts";
import { badRequest } from "../api-error.ts";
import { requireTokenPlacement, type Authentication } from "../authentication.ts";
import { optionalInteger, optionalText } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownProducts, ownScopes } from "../ownership.ts";
import { thingJson } from "../para/thing-json.ts";
import { namedConflicts } from "./named-conflicts.ts";
import { thingFilterIn } from "./things.ts";

interface Listing {
  Querystring: Record<string, unknown>;
}
interface Place {
  readonly productId: number;
  readonly docId: number;
}

const tags = ["things"];
const MAX_ID_LENGTH = 128;
const LIST = { usual: 50, most: 200 } as const;
const CONFLICTS = { usual: 50, most: 500 } as const;

export function registerAllThings(
  app: FastifyInstance,
  { directory, states, thingRecords }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  app.get<Listing>("/admin/v1/things", route("Things of all products"), async (request) => {
    const caller = await authentication.account(request, "devices:list");
    const products = (await ownProducts(directory, caller)).toSorted((a, b) => a.id - b.id);
    const filter = thingFilterIn(request.query);
    const limit = optionalInteger(request.query, "limit", 1, LIST.most) ?? LIST.usual;
    const after = await placeOf(optionalText(request.query, "after", MAX_ID_LENGTH), products);
    const found = await firstOf(products, { filter, limit: limit + 1, after });
    const things = found.slice(0, limit);
    const isCounted = after === null && filter.kind === "all";
    return {
      things,
      total: isCounted ? await countIn(products) : null,
      next: found.length > limit ? (things.at(-1)?.["id"] ?? null) : null,
    };
  });

  app.get<Listing>(
    "/admin/v1/state-conflicts",
    route("Conflicts of the sandbox and of all products"),
    async (request) => {
      const caller = await authentication.account(request, "devices:list");
      const limit = optionalInteger(request.query, "limit", 1, CONFLICTS.most) ?? CONFLICTS.usual;
      const scopes = await ownScopes(directory, caller);
      const all = (await Promise.all(scopes.map((scope) => states.conflictsIn(scope, limit)))).flat();
      const newest = all.toSorted((a, b) => b.at - a.at).slice(0, limit);
      return { conflicts: await namedConflicts(directory, newest) };
    },
  );

  /** Product after product, until there are enough. */
  async function firstOf(
    products: readonly Product[],
    { filter, limit, after }: { readonly filter: ThingFilter; readonly limit: number; readonly after: Place | null },
  ): Promise<readonly Record<string, unknown>[]> {
    const found: Record<string, unknown>[] = [];
    for (const { id, slug } of products) {
      if (after !== null && id < after.productId) continue;
      const { things } = await thingRecords.searchThings(id, {
        filter,
        sort: "_docid",
        descending: false,
        limit: limit - found.length,
        skip: 0,
        afterDocId: after?.productId === id ? after.docId : null,
      });
      found.push(...things.map((one) => thingJson(one, slug)));
      if (found.length >= limit) break;
    }
    return found;
  }

  async function countIn(products: readonly Product[]): Promise<number> {
    const counts = await Promise.all(products.map(({ id }) => thingRecords.countThings(id)));
    return counts.reduce((sum, count) => sum + count, 0);
  }

  async function placeOf(after: string | null, products: readonly Product[]): Promise<Place | null> {
    if (after === null) return null;
    const last = await thingRecords.thing(after);
    if (last === null || products.every(({ id }) => id !== last.thing.productId)) {
      throw badRequest("after must be the id of a Thing");
    }
    return last.thing;
  }
}
