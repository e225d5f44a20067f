/** Searches among a product's Things. Those that look at all of them take turns, so that the worker stays free for events. */
import { Recent } from "../core/recent.ts";
import type { ThingQuery } from "../core/thing-query.ts";
import type { ThingRecords } from "../core/thing-store.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import { namedIds } from "./sqlite/thing-conditions.ts";
import { inOrder, type ThingHit } from "./sqlite/thing-hits.ts";
import { INDEXED_ORDERS } from "./sqlite/thing-search-operations.ts";
import { createTurns } from "./turns.ts";

/** For how long the later pages of a list are told the total of its first one, in milliseconds. */
const TOTAL_KEPT_MS = 60_000;

interface Found {
  readonly docIds: readonly number[];
  readonly total: number;
}

export function createThingSearch(worker: GroupCommit, now: () => number): Pick<ThingRecords, "searchThings"> {
  const inTurn = createTurns();
  const totals = new Recent<string, { readonly total: number; readonly at: number }>(1_000);

  async function page(productId: number, { sort, descending, limit, skip, afterDocId }: IndexedQuery): Promise<Found> {
    const [docIds, total] = await Promise.all([
      afterDocId === null
        ? worker.call("thingPage", productId, { sort, descending, limit, skip })
        : worker.call("thingsAfter", productId, afterDocId, descending, limit),
      worker.call("countThings", productId),
    ]);
    return { docIds, total };
  }

  async function among(productId: number, ids: readonly string[], query: ThingQuery): Promise<Found> {
    const order = orderOf(query, ids.length);
    const { first, total } = await worker.call("thingsAmong", productId, ids, query.filter, order);
    return { docIds: pageOf(first, query), total };
  }

  /** Looks at all Things, in the order of making. */
  async function scan(productId: number, query: ThingQuery): Promise<Found> {
    const order = orderOf(query, query.skip + query.limit);
    let first: readonly ThingHit[] = [];
    let total = 0;
    let after: number | null = null;
    do {
      const step = { filter: query.filter, order, after, backwards: false };
      const taken: StepTaken = await worker.call("searchStep", productId, step);
      total += taken.total;
      first = inOrder([...first, ...taken.first], order.descending).slice(0, order.keep);
      after = taken.next;
    } while (after !== null);
    return { docIds: pageOf(first, query), total };
  }

  /** Goes on after a Thing until the page is full; what all are was counted for the page before. */
  async function goOn(productId: number, query: ThingQuery, afterDocId: number): Promise<Found> {
    const order = { sort: "_docid", descending: query.descending, keep: query.limit };
    const docIds: number[] = [];
    let after: number | null = afterDocId;
    while (after !== null && docIds.length < query.limit) {
      const step = { filter: query.filter, order, after, backwards: query.descending };
      const taken: StepTaken = await worker.call("searchStep", productId, step);
      docIds.push(...taken.first.map(({ docId }) => docId));
      after = taken.next;
    }
    return { docIds: docIds.slice(0, query.limit), total: await totalOf(productId, query) };
  }

  async function totalOf(productId: number, query: ThingQuery): Promise<number> {
    const key = JSON.stringify([productId, query.filter]);
    const known = totals.get(key);
    if (known !== undefined && now() - known.at < TOTAL_KEPT_MS) return known.total;
    const { total } = await scan(productId, { ...query, sort: "_docid", limit: 0, skip: 0 });
    totals.set(key, { total, at: now() });
    return total;
  }

  function find(productId: number, query: ThingQuery): Promise<Found> {
    const { filter, sort, afterDocId } = query;
    if (filter.kind === "all" && (isIndexed(sort) || afterDocId !== null))
      return page(productId, { ...query, sort: isIndexed(sort) ? sort : "_docid" });
    const ids = namedIds(filter);
    if (ids !== null) return among(productId, ids, query);
    return inTurn(async () => {
      if (afterDocId !== null) return goOn(productId, query, afterDocId);
      const found = await scan(productId, query);
      totals.set(JSON.stringify([productId, filter]), { total: found.total, at: now() });
      return found;
    });
  }

  return {
    async searchThings(productId, query) {
      if (query.filter.kind === "none") return { things: [], total: 0 };
      const { docIds, total } = await find(productId, query);
      return { things: await worker.call("thingsAt", docIds), total };
    },
  };
}

type StepTaken = { readonly total: number; readonly first: readonly ThingHit[]; readonly next: number | null };
type IndexedQuery = ThingQuery & { readonly sort: keyof typeof INDEXED_ORDERS };

function isIndexed(sort: string): sort is keyof typeof INDEXED_ORDERS {
  return Object.hasOwn(INDEXED_ORDERS, sort);
}

function orderOf({ sort, descending, afterDocId }: ThingQuery, keep: number): OrderOf {
  return { sort: afterDocId === null ? sort : "_docid", descending, keep };
}

type OrderOf = { readonly sort: string; readonly descending: boolean; readonly keep: number };

function pageOf(hits: readonly ThingHit[], { descending, limit, skip, afterDocId }: ThingQuery): number[] {
  const docIds = hits.map(({ docId }) => docId);
  if (afterDocId === null) return docIds.slice(skip, skip + limit);
  return docIds.filter((docId) => (descending ? docId < afterDocId : docId > afterDocId)).slice(0, limit);
}
