/** Which part of a list is asked for, and the answer with that part in it. */
import type { Json, JsonObject } from "../../core/json.ts";
import type { ThingQuery } from "../../core/thing-query.ts";
import type { ThingWithState } from "../../core/thing.ts";
import { paraError } from "./para-error.ts";
import { queryFlag, queryNumber, queryText } from "./query-parameters.ts";

const MAX_PAGE = 1_000;
const MAX_LIMIT = 256;
const DEFAULT_LIMIT = 30;
const MAX_SORT = 255;

type Part = Omit<ThingQuery, "filter">;

export interface Pager {
  /** As it was given. */
  readonly page: number;
  readonly part: Part;
}

/** From the second page on by number; before that after `lastKey`. */
export function pagerOf(query: Readonly<Record<string, unknown>>): Pager {
  const page = queryNumber(query, "page", { absent: 0, max: MAX_PAGE });
  // None is no page at all: clients that send 0 have not set it.
  const limit = queryNumber(query, "limit", { absent: DEFAULT_LIMIT, max: MAX_LIMIT }) || DEFAULT_LIMIT;
  const lastKey = queryText(query, "lastKey");
  const order = { sort: sortOf(query), descending: queryFlag(query, "desc", true), limit };
  if (page >= 2) return { page, part: { ...order, skip: (page - 1) * limit, afterDocId: null } };
  return { page, part: { ...order, skip: 0, afterDocId: lastKey === null ? null : docIdIn(lastKey) } };
}

/** `lastKey` is the key of the last object on the page; an empty page, which ends every walk, has none. */
export function pageJson(
  { page }: Pager,
  found: { readonly things: readonly ThingWithState[]; readonly total: number },
  itemOf: (thing: ThingWithState) => JsonObject,
): JsonObject {
  const last = found.things.at(-1);
  return {
    items: found.things.map((one): Json => itemOf(one)),
    page,
    totalHits: found.total,
    ...(last !== undefined && { lastKey: String(last.thing.docId) }),
  };
}

/** A field, of the user's own too. */
function sortOf(query: Readonly<Record<string, unknown>>): string {
  const sort = queryText(query, "sort") ?? "timestamp";
  if (sort.length > MAX_SORT || /\p{Cc}|\p{Cs}/u.test(sort)) throw paraError(400, "'sort' must be the name of a field");
  return sort;
}

function docIdIn(lastKey: string): number {
  if (/^\d{1,15}$/.test(lastKey)) return Number(lastKey);
  throw paraError(400, "'lastKey' must be one that a page was answered with");
}
