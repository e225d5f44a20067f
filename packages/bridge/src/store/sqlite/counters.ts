/** Daily counters per integration, added up in memory and written once per group. The ledger is their sum. */
import type { Transaction } from "./transaction.ts";

export type Counter = "accepted" | "delivered" | "parked" | "expired" | "erased" | "failed";

const NAMES: readonly Counter[] = ["accepted", "delivered", "parked", "expired", "erased", "failed"];

export interface Counters {
  /** `by` may be negative: a parked delivery that is retried leaves the parked ones. */
  add(integrationId: string, at: number, counter: Counter, by?: number): void;
}

export function createCounters({ db, beforeCommit, onRollback }: Transaction): Counters {
  const deltas = new Map<string, Record<Counter, number>>();
  const upsert = db.prepare(
    `INSERT INTO integration_day (integration_id, day, ${NAMES.join(", ")}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (integration_id, day) DO UPDATE SET ${NAMES.map((n) => `${n} = ${n} + excluded.${n}`).join(", ")}`,
  );
  let today = { start: 0, end: 0, day: "" };

  // Formatting a date costs more than the rest of an append: once per day is enough.
  function dayOf(at: number): string {
    if (at < today.start || at >= today.end) {
      const start = Math.floor(at / 86_400_000) * 86_400_000;
      today = { start, end: start + 86_400_000, day: new Date(start).toISOString().slice(0, 10) };
    }
    return today.day;
  }

  beforeCommit(() => {
    for (const [key, delta] of deltas) {
      const [integrationId = "", day = ""] = key.split(" ");
      upsert.run(integrationId, day, ...NAMES.map((name) => delta[name]));
    }
    deltas.clear();
  });
  onRollback(() => deltas.clear());

  return {
    add(integrationId, at, counter, by = 1) {
      if (by === 0) return;
      const key = `${integrationId} ${dayOf(at)}`;
      let delta = deltas.get(key);
      if (delta === undefined) {
        delta = { accepted: 0, delivered: 0, parked: 0, expired: 0, erased: 0, failed: 0 };
        deltas.set(key, delta);
      }
      delta[counter] += by;
    },
  };
}
