/** Finding a product's Things: by an index where there is one, else by looking at all, a short while at a time. */
import { performance } from "node:perf_hooks";
import type { ThingFilter } from "../../core/thing-query.ts";
import { conditionOf, type FilterCondition } from "./thing-conditions.ts";
import { isOfState, thingField, type ThingField } from "./thing-fields.ts";
import { compareHits, inOrder, type ThingHit, type ThingHits } from "./thing-hits.ts";
import type { Row, Statement, Value } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

/** Others wait for the worker too: a step ends after this many milliseconds, or with the first rows after it. */
const STEP_MS = 8;
/** A look at some rows should take this long: more of them are looked at when it takes less, and fewer when it takes more. */
const LOOK_MS = { least: 2, most: 6 } as const;
/** Comparisons that the first look makes. */
const FIRST_LOOK = 200;
/** Texts are ordered by their beginning. */
const KEY_LENGTH = 200;

/** Orders that have an index. */
export const INDEXED_ORDERS = { _docid: "doc_id", timestamp: "timestamp" } as const;

export interface ThingPage {
  readonly sort: keyof typeof INDEXED_ORDERS;
  readonly descending: boolean;
  readonly limit: number;
  readonly skip: number;
}

export interface ThingOrder {
  readonly sort: string;
  readonly descending: boolean;
  /** How many hits are wanted; the others are only counted. */
  readonly keep: number;
  /** Only those that stand after it are wanted. */
  readonly from: ThingHit | null;
}

export interface ThingStep {
  readonly filter: ThingFilter;
  readonly order: ThingOrder;
  /** The docId after which the step begins, in the direction in which it goes; `null`: at the end of all. */
  readonly after: number | null;
  readonly backwards: boolean;
}

export interface ThingSearchOperations {
  /** The docIds of the page, of all Things of the product. */
  thingPage(productId: number, page: ThingPage): number[];
  /** Goes on after a Thing. */
  thingsAfter(productId: number, from: ThingHit, page: Omit<ThingPage, "skip">): number[];
  /** Where a Thing of the product stands in that order. */
  placeOfThing(productId: number, docId: number, sort: string): ThingHit | null;
  /** Among Things that are named. */
  thingsAmong(productId: number, ids: readonly string[], filter: ThingFilter, order: ThingOrder): ThingHits;
  /** `next`: where the next step begins; `null` after the last. */
  searchStep(productId: number, step: ThingStep): ThingHits & { readonly next: number | null };
}

export function thingSearchOperations({ db }: Transaction): ThingSearchOperations {
  const [ahead, back] = ["doc_id > ? ORDER BY doc_id", "doc_id < ? ORDER BY doc_id DESC"].map((where) =>
    db.prepare(
      `SELECT min(doc_id) AS lowest, max(doc_id) AS highest, count(*) AS n
       FROM (SELECT doc_id FROM thing WHERE product_id = ? AND ${where} LIMIT ?)`,
    ),
  ) as [Statement, Statement];

  /** Of the next `count` Things. */
  function look({ productId, backwards, select: { sql, values } }: Among, from: number, count: number): Look {
    const range: Row = (backwards ? back : ahead).get(productId, from, count)!;
    const [lowest, highest] = [Number(range["lowest"]), Number(range["highest"])];
    if (range["n"] === 0) return { rows: [], next: null };
    const within = `${sql} AND t.product_id = ? AND t.doc_id BETWEEN ? AND ?`;
    const rows = db.once(within, ...values, productId, lowest, highest);
    return { rows, next: Number(range["n"]) < count ? null : backwards ? lowest : highest };
  }

  return {
    thingPage(productId, { sort, descending, limit, skip }) {
      const direction = descending ? "DESC" : "ASC";
      const page = db.prepare(
        `SELECT doc_id FROM thing WHERE product_id = ? ORDER BY ${INDEXED_ORDERS[sort]} ${direction}, doc_id ${direction}
         LIMIT ? OFFSET ?`,
      );
      return page.all(productId, limit, skip).map(docIdOf);
    },
    thingsAfter(productId, { docId, key }, { sort, descending, limit }) {
      const [than, direction] = descending ? ["<", "DESC"] : [">", "ASC"];
      const column = INDEXED_ORDERS[sort];
      const page = db.prepare(
        `SELECT doc_id FROM thing WHERE product_id = ? AND (${column}, doc_id) ${than} (?, ?)
         ORDER BY ${column} ${direction}, doc_id ${direction} LIMIT ?`,
      );
      return page.all(productId, key ?? docId, docId, limit).map(docIdOf);
    },
    placeOfThing(productId, docId, sort) {
      const { sql, values } = select(conditionOf({ kind: "all" }), sort);
      const [row] = db.once(`${sql} AND t.product_id = ? AND t.doc_id = ?`, ...values, productId, docId);
      return row === undefined ? null : toHit(row);
    },
    thingsAmong(productId, ids, filter, order) {
      const { sql, values } = select(conditionOf(filter), order.sort);
      const rows = db.once(
        `${sql} AND +t.product_id = ? AND t.id IN (SELECT value FROM json_each(?))`,
        ...values,
        productId,
        JSON.stringify(ids),
      );
      return counted(rows, order);
    },
    searchStep(productId, { filter, order, after, backwards }) {
      const condition = conditionOf(filter);
      const among = { productId, backwards, select: select(condition, order.sort) };
      let next: number | null = after ?? (backwards ? Number.MAX_SAFE_INTEGER : 0);
      let total = 0;
      let first: readonly ThingHit[] = [];
      let count = Math.ceil(FIRST_LOOK / (condition.cost + 1));
      let now = performance.now();
      const until = now + STEP_MS;
      do {
        const began = now;
        const seen: Look = look(among, next, count);
        total += seen.rows.length;
        first = inOrder([...first, ...wanted(seen.rows, order)], order.descending).slice(0, order.keep);
        next = seen.next;
        now = performance.now();
        if (now - began < LOOK_MS.least) count *= 2;
        else if (now - began > LOOK_MS.most) count = Math.ceil(count / 2);
      } while (next !== null && now < until);
      return { total, first, next };
    },
  };
}

interface Among {
  readonly productId: number;
  readonly backwards: boolean;
  readonly select: Select;
}

interface Look {
  readonly rows: readonly Row[];
  readonly next: number | null;
}

interface Select {
  readonly sql: string;
  readonly values: readonly Value[];
}

/** Ends in a condition, to which others can be added. */
function select({ sql, values, needsState }: FilterCondition, sort: string): Select {
  const key = sort === "_docid" ? { sql: "NULL", values: [] } : keyOf(thingField(sort));
  // CROSS JOIN: from the Thing to its state and not the other way.
  const states = needsState || isOfState(sort) ? " CROSS JOIN device_state s ON s.device_id = t.id" : "";
  return {
    sql: `SELECT t.doc_id, ${key.sql} AS key FROM thing t${states} WHERE ${sql}`,
    values: [...key.values, ...values],
  };
}

function keyOf(field: ThingField): Select {
  if (field.kind === "tags") return { sql: "t.tags ->> 0", values: [] };
  if (field.kind === "text") return { sql: `substr(${field.sql}, 1, ${KEY_LENGTH})`, values: [] };
  if (field.kind !== "json") return { sql: field.sql, values: [] };
  return {
    sql: `(SELECT CASE v.type WHEN 'text' THEN substr(v.atom, 1, ${KEY_LENGTH}) ELSE v.atom END
           FROM json_each(${field.column}, ?) v WHERE typeof(v.key) <> 'text' LIMIT 1)`,
    values: [field.path],
  };
}

function counted(rows: readonly Row[], order: ThingOrder): ThingHits {
  return { total: rows.length, first: inOrder(wanted(rows, order), order.descending).slice(0, order.keep) };
}

function wanted(rows: readonly Row[], { from, descending }: ThingOrder): readonly ThingHit[] {
  const hits = rows.map(toHit);
  return from === null ? hits : hits.filter((hit) => compareHits(hit, from, descending) > 0);
}

function toHit(row: Row): ThingHit {
  return { docId: docIdOf(row), key: row["key"] ?? null };
}

function docIdOf(row: Row): number {
  return Number(row["doc_id"]);
}
