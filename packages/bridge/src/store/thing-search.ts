/**
 * Searches among a product's Things. Those that look at all of them go in short steps, one step of all searches at a time,
 * so that events are stored between them; a product has one such search under way.
 */
import { createHash } from "node:crypto";
import { Recent } from "../core/recent.ts";
import { SearchTooCostly, type ThingQuery } from "../core/thing-query.ts";
import type { ThingRecords } from "../core/thing-store.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import { namedIds } from "./sqlite/thing-conditions.ts";
import { inOrder, type ThingHit } from "./sqlite/thing-hits.ts";
import { INDEXED_ORDERS, type ThingOrder, type ThingStep } from "./sqlite/thing-search-operations.ts";
import { createTurns, type InTurn } from "./turns.ts";

/** For how long the later pages of a list are told the total of its first one, in milliseconds. */
const TOTAL_KEPT_MS = 60_000;
/** Steps after which a search is given up: about ten seconds of the worker's time. */
const MAX_STEPS = 1_000;

interface Found {
  readonly docIds: readonly number[];
  readonly total: number;
}

export function createThingSearch(
  worker: Pick<GroupCommit, "call">,
  now: () => number,
): Pick<ThingRecords, "searchThings"> {
  const oneStep = createTurns();
  const scans = new ProductTurns();
  const totals = new Recent<string, { readonly total: number; readonly at: number }>(1_000);

  /** The query, and where in its order it goes on. */
  async function placed(productId: number, query: ThingQuery): Promise<PlacedQuery> {
    const { sort, afterDocId } = query;
    if (afterDocId === null) return { ...query, from: null };
    const from = sort === "_docid" ? null : await worker.call("placeOfThing", productId, afterDocId, sort);
    if (from !== null) return { ...query, from };
    return { ...query, sort: "_docid", from: { docId: afterDocId, key: null } };
  }

  async function page(productId: number, { sort, descending, limit, skip, from }: IndexedQuery): Promise<Found> {
    const [docIds, total] = await Promise.all([
      from === null
        ? worker.call("thingPage", productId, { sort, descending, limit, skip })
        : worker.call("thingsAfter", productId, from, { sort, descending, limit }),
      worker.call("countThings", productId),
    ]);
    return { docIds, total };
  }

  async function among(productId: number, ids: readonly string[], query: PlacedQuery): Promise<Found> {
    const order = orderOf(query, ids.length);
    const { first, total } = await worker.call("thingsAmong", productId, ids, query.filter, order);
    return { docIds: pageOf(first, query), total };
  }

  /** One step after the other until `isEnough` or the end. */
  async function walk(
    productId: number,
    first: ThingStep,
    take: (taken: Pick<StepTaken, "total" | "first">) => boolean,
  ): Promise<void> {
    let step: ThingStep | null = first;
    for (let count = 0; step !== null; count++) {
      if (count === MAX_STEPS) throw new SearchTooCostly();
      const asked: ThingStep = step;
      const { next, ...taken }: StepTaken = await oneStep(() => worker.call("searchStep", productId, asked));
      step = take(taken) || next === null ? null : { ...asked, after: next };
    }
  }

  /** Looks at all Things, in the order of making. */
  async function scan(productId: number, query: PlacedQuery): Promise<Found> {
    const order = orderOf(query, query.skip + query.limit);
    let hits: ThingHit[] = [];
    let total = 0;
    await walk(productId, { filter: query.filter, order, after: null, backwards: false }, (taken) => {
      total += taken.total;
      for (const hit of taken.first) hits.push(hit);
      // Sorted now and then: what is beyond the wanted ones is forgotten.
      if (hits.length > 2 * order.keep + 10_000) hits = inOrder(hits, order.descending).slice(0, order.keep);
      return false;
    });
    return { docIds: pageOf(inOrder(hits, order.descending), query), total };
  }

  /** Goes on in the order of making until the page is full; what all are was counted for the page before. */
  async function goOn(productId: number, query: PlacedQuery, from: ThingHit): Promise<Found> {
    const { filter, descending, limit } = query;
    const order = orderOf(query, limit);
    const docIds: number[] = [];
    await walk(productId, { filter, order, after: from.docId, backwards: descending }, ({ first }) => {
      docIds.push(...first.map(({ docId }) => docId));
      return docIds.length >= limit;
    });
    return { docIds: docIds.slice(0, limit), total: await totalOf(productId, query) };
  }

  async function totalOf(productId: number, query: PlacedQuery): Promise<number> {
    const key = keyOf(productId, query);
    const known = totals.get(key);
    if (known !== undefined && now() - known.at < TOTAL_KEPT_MS) return known.total;
    const { total } = await scan(productId, { ...query, sort: "_docid", from: null, limit: 0, skip: 0 });
    totals.set(key, { total, at: now() });
    return total;
  }

  function find(productId: number, query: PlacedQuery): Promise<Found> {
    const { filter, sort, from } = query;
    if (filter.kind === "all" && isIndexed(sort)) return page(productId, { ...query, sort });
    const ids = namedIds(filter);
    if (ids !== null) return among(productId, ids, query);
    return scans.inTurn(productId, async () => {
      if (from !== null && sort === "_docid") return goOn(productId, query, from);
      const found = await scan(productId, query);
      totals.set(keyOf(productId, query), { total: found.total, at: now() });
      return found;
    });
  }

  return {
    async searchThings(productId, query) {
      if (query.filter.kind === "none") return { things: [], total: 0 };
      const { docIds, total } = await find(productId, await placed(productId, query));
      return { things: await worker.call("thingsAt", docIds), total };
    },
  };
}

/** Turns of each product, for as long as there are any. */
class ProductTurns {
  readonly #turns = new Map<number, { readonly inTurn: InTurn; waiting: number }>();

  async inTurn<T>(productId: number, work: () => Promise<T>): Promise<T> {
    const turns = this.#turns.get(productId) ?? { inTurn: createTurns(), waiting: 0 };
    this.#turns.set(productId, turns);
    turns.waiting++;
    try {
      return await turns.inTurn(work);
    } finally {
      turns.waiting--;
      if (turns.waiting === 0) this.#turns.delete(productId);
    }
  }
}

type StepTaken = { readonly total: number; readonly first: readonly ThingHit[]; readonly next: number | null };
type PlacedQuery = ThingQuery & { readonly from: ThingHit | null };
type IndexedQuery = PlacedQuery & { readonly sort: keyof typeof INDEXED_ORDERS };

/** A filter may be long: it is remembered by its hash. */
function keyOf(productId: number, { filter }: ThingQuery): string {
  return createHash("sha256")
    .update(JSON.stringify([productId, filter]))
    .digest("base64");
}

function isIndexed(sort: string): sort is keyof typeof INDEXED_ORDERS {
  return Object.hasOwn(INDEXED_ORDERS, sort);
}

function orderOf({ sort, descending, from }: PlacedQuery, keep: number): ThingOrder {
  return { sort, descending, keep, from };
}

function pageOf(hits: readonly ThingHit[], { limit, skip }: PlacedQuery): number[] {
  return hits.slice(skip, skip + limit).map(({ docId }) => docId);
}
