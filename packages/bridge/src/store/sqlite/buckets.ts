/**
 * Counts over time: by minute for two days, then by quarter of an hour. Gathered in memory and written every two
 * seconds: a crash may lose that much of a curve, of the ledger it may lose nothing.
 */
import type { SeriesPoint, SeriesQuery } from "../../core/delivery-history.ts";
import type { Transaction } from "./transaction.ts";

const WRITE_EVERY_MS = 2_000;
const MINUTE_MS = 60_000;
const QUARTER_MS = 15 * MINUTE_MS;
const HOUR_MS = 4 * QUARTER_MS;
/** Curves by the hour that are kept, of a day each. */
const MAX_KEPT = 2_000;

type Kind = "accepted" | "delivered" | "failed";
type Counts = Record<Kind, number>;

interface Bucket extends Counts {
  readonly subject: string;
  readonly start: number;
}

/** Hours that are over, of one subject. */
interface PastHours {
  readonly from: number;
  readonly to: number;
  readonly points: readonly SeriesPoint[];
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
  // Lists of integrations show a day of each by the hour, and ask every few seconds.
  const past = new Map<string, PastHours>();
  let writtenAt = 0;

  function write(): void {
    for (const { subject, start, accepted, delivered, failed } of waiting.values()) {
      if (start < (past.get(subject)?.to ?? 0)) past.delete(subject);
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
  onRollback(() => {
    waiting.clear();
    past.clear();
  });

  function read(subject: string, from: number, to: number, bucketMs: number): SeriesPoint[] {
    return select.all(bucketMs, subject, from, to).map((row) => ({
      time: Number(row["time"]),
      accepted: Number(row["accepted"]),
      success: Number(row["delivered"]),
      failure: Number(row["failed"]),
    }));
  }

  /** What is over is read once; minutes that are merged stay in their hour. */
  function hours(subject: string, from: number, to: number): SeriesPoint[] {
    const edge = Math.max(from, Math.min(to, Date.now() - (Date.now() % HOUR_MS)));
    let known = past.get(subject);
    if (known?.from !== from || known.to !== edge) {
      known = { from, to: edge, points: read(subject, from, edge, HOUR_MS) };
      if (past.size >= MAX_KEPT) past.clear();
      past.set(subject, known);
    }
    return [...known.points, ...read(subject, edge, to, HOUR_MS)];
  }

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
      const isHourly = bucketMs === HOUR_MS && from % HOUR_MS === 0 && to - from <= 25 * HOUR_MS;
      return isHourly ? hours(subject, from, to) : read(subject, from, to, bucketMs);
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
