/** Pages of a product's Things. */
import type { Transaction } from "./transaction.ts";

/** Orders that have an index. */
export const INDEXED_ORDERS = { _docid: "doc_id", timestamp: "timestamp" } as const;

export interface ThingPage {
  readonly sort: keyof typeof INDEXED_ORDERS;
  readonly descending: boolean;
  readonly limit: number;
  readonly skip: number;
}

export interface ThingSearchOperations {
  /** Ids of the page, of all Things of the product. */
  thingIds(productId: number, page: ThingPage): string[];
  /** Goes on after a Thing, in the order of making. */
  thingIdsAfter(productId: number, docId: number, descending: boolean, limit: number): string[];
}

export function thingSearchOperations({ db }: Transaction): ThingSearchOperations {
  const idsOf = (rows: ReturnType<typeof db.once>): string[] => rows.map((row) => String(row["id"]));
  return {
    thingIds(productId, { sort, descending, limit, skip }) {
      const direction = descending ? "DESC" : "ASC";
      const page = db.prepare(
        `SELECT id FROM thing WHERE product_id = ? ORDER BY ${INDEXED_ORDERS[sort]} ${direction}, doc_id ${direction} LIMIT ? OFFSET ?`,
      );
      return idsOf(page.all(productId, limit, skip));
    },
    thingIdsAfter(productId, docId, descending, limit) {
      const after = descending ? "doc_id < ? ORDER BY doc_id DESC" : "doc_id > ? ORDER BY doc_id";
      return idsOf(
        db.prepare(`SELECT id FROM thing WHERE product_id = ? AND ${after} LIMIT ?`).all(productId, docId, limit),
      );
    },
  };
}
