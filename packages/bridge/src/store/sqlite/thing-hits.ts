/** Things that a search found, in its order, before they are read. */
import type { Value } from "./driver.ts";

export interface ThingHit {
  readonly docId: number;
  /** What it is ordered by. `null`: it has none, and stands last either way. */
  readonly key: Value;
}

/** How many, and the first ones of them in order. */
export interface ThingHits {
  readonly total: number;
  readonly first: readonly ThingHit[];
}

/** By key, numbers before texts; of equal ones by the order of making. */
export function inOrder(hits: readonly ThingHit[], descending: boolean): ThingHit[] {
  return hits.toSorted((a, b) => compareHits(a, b, descending));
}

/** Less than 0: `a` stands before `b`. */
export function compareHits(a: ThingHit, b: ThingHit, descending: boolean): number {
  const sign = descending ? -1 : 1;
  if (a.key === null || b.key === null) {
    if (a.key !== b.key) return a.key === null ? 1 : -1;
    return sign * (a.docId - b.docId);
  }
  return sign * (compareValues(a.key, b.key) || a.docId - b.docId);
}

function compareValues(a: number | string, b: number | string): number {
  if (typeof a !== typeof b) return typeof a === "number" ? -1 : 1;
  return a < b ? -1 : Number(a > b);
}
