import type { Transaction } from "./transaction.ts";

/**
 * The first delivery accepted at a time or later, found by halving: numbers are given in the order of acceptance, so no
 * index over times is needed. A clock that was set back makes it inexact by as much.
 */
export function createIdsByTime({ db }: Transaction): (at: number) => number {
  const bounds = db.prepare("SELECT (SELECT min(id) FROM delivery) AS low, (SELECT max(id) FROM delivery) AS high");
  const next = db.prepare("SELECT id, accepted_at FROM delivery WHERE id >= ? ORDER BY id LIMIT 1");
  return (at) => {
    const row = bounds.get();
    if (row === undefined || row["low"] === null) return 1;
    let [low, high] = [Number(row["low"]), Number(row["high"]) + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const found = next.get(middle);
      if (found === undefined || Number(found["accepted_at"]) >= at) high = middle;
      else low = Number(found["id"]) + 1;
    }
    return low;
  };
}
