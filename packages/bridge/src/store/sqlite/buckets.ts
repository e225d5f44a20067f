/**
 * Counts over time: by minute for two days, then by quarter of an hour. Gathered in memory and written every two
 * seconds: a crash may lose that much of a curve, of the ledger it may lose nothing.
 */
import type { SeriesPoint, SeriesQuery } from "../../core/delivery-history.ts";
import type { Transaction } from "./transaction.ts";

const WRITE_EVERY_MS = 2_000;
const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;

type Kind = "accepted" | "delivered" | "failed";
type Counts = Record<Kind, number>;

interface Bucket extends Counts {
  readonly subject: string;
  readonly start: number;
}

export interface Buckets {
  /** `subject` is an integration's id, or `product/` and a product's. */
  add(subject: string, at: number, kind: Kind, by: number): void;
  /** Brings the table up to date. */
  write(): void;
  /** Empty intervals are left out. */
  series(subject: string, query: SeriesQuery): SeriesPoint[];
  /** One step: minutes before `before` become quarters of an hour. Returns how many rows it took. */
  merge(before: number, limit: number): number;
  /** One step of forgetting what began before `before`. Returns how many rows went. */
  forget(before: number, limit: number): number;
}

export function createBuckets({ db, beforeCommit, onRollback }: Transaction): Buckets {
  const upsert = db.prepare(
    `INSERT INTO bucket (subject, start, accepted, delivered, failed) VALUES (?, ?, ?, ?, ?)
     ON CONFLICT (subject, start) DO UPDATE SET accepted = accepted + excluded.accepted,
       delivered = delivered + excluded.delivered, failed = failed + excluded.failed`,
  );
  const select = db.prepare(
    `SELECT start - start % ?1 AS time, sum(accepted) AS accepted, sum(delivered) AS delivered, sum(failed) AS failed
     FROM bucket WHERE subject = ?2 AND start >= ?3 AND start < ?4 GROUP BY time ORDER BY time`,
  );
  // The conditions of the partial indexes, word for word.
  const minutes = db.prepare(`SELECT * FROM bucket WHERE start < ? AND start % 900000 <> 0 LIMIT ?`);
  const remove = db.prepare("DELETE FROM bucket WHERE subject = ? AND start = ?");
  const removeOld = db.prepare(
    "DELETE FROM bucket WHERE (subject, start) IN (SELECT subject, start FROM bucket WHERE start < ? AND start % 900000 = 0 LIMIT ?)",
  );
  const waiting = new Map<string, Bucket>();
  let writtenAt = 0;

  function write(): void {
    for (const { subject, start, accepted, delivered, failed } of waiting.values()) {
      upsert.run(subject, start, accepted, delivered, failed);
    }
    waiting.clear();
  }

  beforeCommit(() => {
    const now = Date.now();
    if (waiting.size === 0 || now - writtenAt < WRITE_EVERY_MS) return;
    writtenAt = now;
    write();
  });
  // Also when the disk is full: what waits here would keep every later group from committing.
  onRollback(() => waiting.clear());

  return {
    add(subject, at, kind, by) {
      const start = at - (at % MINUTE_MS);
      const key = `${subject} ${start}`;
      let bucket = waiting.get(key);
      if (bucket === undefined) {
        bucket = { subject, start, accepted: 0, delivered: 0, failed: 0 };
        waiting.set(key, bucket);
      }
      bucket[kind] += by;
    },
    write,
    series(subject, { from, to, bucketMs }) {
      write();
      return select.all(bucketMs, subject, from, to).map((row) => ({
        time: Number(row["time"]),
        accepted: Number(row["accepted"]),
        success: Number(row["delivered"]),
        failure: Number(row["failed"]),
      }));
    },
    merge(before, limit) {
      const rows = minutes.all(before, limit);
      for (const row of rows) {
        const [subject, start] = [String(row["subject"]), Number(row["start"])];
        const counts = [Number(row["accepted"]), Number(row["delivered"]), Number(row["failed"])];
        remove.run(subject, start);
        upsert.run(subject, start - (start % QUARTER_MS), ...counts);
      }
      return rows.length;
    },
    forget: (before, limit) => removeOld.run(before, limit).changes,
  };
}
