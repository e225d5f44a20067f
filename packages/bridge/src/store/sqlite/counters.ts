/**
 * Counters per integration: added up in memory and written once per group, by day. The ledger is their sum, kept in
 * memory too, so that reading it for a thousand integrations costs nothing.
 */
import type { ExpiryReason, Ledger } from "../../core/delivery.ts";
import { endOfUtcDay, utcDay } from "../../core/utc-day.ts";
import { createBuckets, type Buckets } from "./buckets.ts";
import type { Transaction } from "./transaction.ts";

export type Counter = "accepted" | "delivered" | "parked" | "expired" | "erased" | "failed";

type Counts = Record<Counter, number>;

const NAMES: readonly Counter[] = ["accepted", "delivered", "parked", "expired", "erased", "failed"];
const SERIES: Readonly<Partial<Record<Counter, "accepted" | "delivered" | "failed">>> = {
  accepted: "accepted",
  delivered: "delivered",
  failed: "failed",
};

export interface Counters {
  readonly buckets: Buckets;
  /** `by` may be negative: a parked delivery that is retried leaves the parked ones. */
  add(integrationId: string, at: number, counter: Counter, by?: number): void;
  /** Deliveries that end without being delivered. */
  expire(integrationId: string, at: number, reason: ExpiryReason, by: number): void;
  ledger(integrationId: string): Ledger;
  /** Integrations that have ever counted anything. */
  integrations(): IterableIterator<string>;
  /** Of the day of `at`, UTC. */
  ofDay(integrationId: string, at: number): { readonly success: number; readonly error: number };
  expiredBy(integrationId: string): Partial<Record<ExpiryReason, number>>;
}

export function createCounters(transaction: Transaction): Counters {
  const { db, beforeCommit, onRollback } = transaction;
  const buckets = createBuckets(transaction);
  const deltas = new Map<string, Counts>();
  const upsert = db.prepare(
    `INSERT INTO integration_day (integration_id, day, ${NAMES.join(", ")}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)
     ON CONFLICT (integration_id, day) DO UPDATE SET ${NAMES.map((n) => `${n} = ${n} + excluded.${n}`).join(", ")}`,
  );
  const sums = db.prepare(
    `SELECT integration_id, ${NAMES.map((n) => `sum(${n}) AS ${n}`).join(", ")} FROM integration_day GROUP BY integration_id`,
  );
  const selectDay = db.prepare("SELECT delivered, failed FROM integration_day WHERE integration_id = ? AND day = ?");
  const addReason = db.prepare(
    `INSERT INTO expired_by (integration_id, reason, count) VALUES (?, ?, ?)
     ON CONFLICT (integration_id, reason) DO UPDATE SET count = count + excluded.count`,
  );
  const selectReasons = db.prepare("SELECT integration_id, reason, count FROM expired_by");
  let today = { start: 0, end: 0, day: "" };
  let totals: Map<string, Counts> | undefined;
  let reasons: Map<string, Partial<Record<ExpiryReason, number>>> | undefined;

  // Formatting a date costs more than the rest of an append: once per day is enough.
  function dayOf(at: number): string {
    if (at < today.start || at >= today.end) {
      const day = utcDay(at);
      today = { start: Date.parse(day), end: endOfUtcDay(at), day };
    }
    return today.day;
  }

  // Read before the first count is added, so that nothing is counted twice.
  function loaded(): Map<string, Counts> {
    totals ??= new Map(
      sums
        .all()
        .map((row) => [
          String(row["integration_id"]),
          Object.fromEntries(NAMES.map((name) => [name, Number(row[name])])) as Counts,
        ]),
    );
    return totals;
  }

  /** Kept as the sums are: ledgers of all integrations are read every few seconds. */
  function loadedReasons(): NonNullable<typeof reasons> {
    if (reasons !== undefined) return reasons;
    reasons = new Map();
    for (const row of selectReasons.all()) {
      const id = String(row["integration_id"]);
      reasons.set(id, { ...reasons.get(id), [String(row["reason"])]: Number(row["count"]) });
    }
    return reasons;
  }

  function countsOf(counts: Map<string, Counts>, key: string): Counts {
    let found = counts.get(key);
    if (found === undefined) {
      found = { accepted: 0, delivered: 0, parked: 0, expired: 0, erased: 0, failed: 0 };
      counts.set(key, found);
    }
    return found;
  }

  beforeCommit(() => {
    for (const [key, delta] of deltas) {
      const [integrationId = "", day = ""] = key.split(" ");
      upsert.run(integrationId, day, ...NAMES.map((name) => delta[name]));
    }
    deltas.clear();
  });
  onRollback(() => {
    deltas.clear();
    totals = undefined;
    reasons = undefined;
  });

  function add(integrationId: string, at: number, counter: Counter, by = 1): void {
    if (by === 0) return;
    countsOf(loaded(), integrationId)[counter] += by;
    countsOf(deltas, `${integrationId} ${dayOf(at)}`)[counter] += by;
    const kind = SERIES[counter];
    if (kind !== undefined) buckets.add(integrationId, at, kind, by);
  }

  return {
    buckets,
    add,
    expire(integrationId, at, reason, by) {
      if (by === 0) return;
      add(integrationId, at, "expired", by);
      const known = loadedReasons().get(integrationId);
      addReason.run(integrationId, reason, by);
      loadedReasons().set(integrationId, { ...known, [reason]: (known?.[reason] ?? 0) + by });
    },
    ledger(integrationId) {
      const counts = loaded().get(integrationId);
      if (counts === undefined) return { accepted: 0, delivered: 0, pending: 0, parked: 0, expired: 0, erased: 0 };
      const { accepted, delivered, parked, expired, erased } = counts;
      const pending = accepted - delivered - parked - expired - erased;
      return { accepted, delivered, pending, parked, expired, erased };
    },
    integrations: () => loaded().keys(),
    ofDay(integrationId, at) {
      const row = selectDay.get(integrationId, dayOf(at));
      const unwritten = deltas.get(`${integrationId} ${dayOf(at)}`);
      return {
        success: Number(row?.["delivered"] ?? 0) + (unwritten?.delivered ?? 0),
        error: Number(row?.["failed"] ?? 0) + (unwritten?.failed ?? 0),
      };
    },
    expiredBy: (integrationId) => loadedReasons().get(integrationId) ?? {},
  };
}
