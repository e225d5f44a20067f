/**
 * Events that may come twice, appended once: what a source calls an event is remembered for a while, in the transaction of
 * the event itself. Numbers only grow, so the oldest are the first rows, and forgetting costs a glance at them now and then.
 */
import type { DeviceEvent } from "../../core/device-event.ts";
import type { EventOperations } from "./event-operations.ts";
import type { Transaction } from "./transaction.ts";

/** As long as the senders of webhooks are known to repeat themselves, with a day's room. */
const KEEP_MS = 24 * 3_600_000;
/** Bounds the table whatever comes in: about a gigabyte. */
const MAX_KEPT = 5_000_000;
/** Every so many appends, twice as many rows are looked at: the table shrinks faster than it grows. */
const FORGET_EVERY = 64;

export interface SeenOperations {
  /**
   * As `appendEvent`, unless one of the prints is remembered: then the id of the event that came first, and nothing is
   * stored. `prints` are short hashes of what the source calls the event.
   */
  appendEventOnce(
    event: DeviceEvent,
    integrationIds: readonly string[],
    prints: readonly string[],
  ): { readonly placed: number[] } | { readonly firstId: string };
}

export function seenOperations(
  { db }: Transaction,
  { appendEvent }: EventOperations,
  { keepMs = KEEP_MS, maxKept = MAX_KEPT }: { readonly keepMs?: number; readonly maxKept?: number } = {},
): SeenOperations {
  const find = db.prepare("SELECT event_id, at FROM seen_event WHERE print = ?");
  const remember = db.prepare(
    `INSERT INTO seen_event (print, event_id, at) VALUES (?, ?, ?)
     ON CONFLICT (print) DO UPDATE SET event_id = excluded.event_id, at = excluded.at`,
  );
  const oldest = db.prepare("SELECT seq, at FROM seen_event ORDER BY seq LIMIT ?");
  const newest = db.prepare("SELECT max(seq) AS seq FROM seen_event");
  const forgetUpTo = db.prepare("DELETE FROM seen_event WHERE seq <= ?");
  let appended = 0;

  function forget(now: number): void {
    const tooMany = Number(newest.get()?.["seq"] ?? 0) - maxKept;
    const over = oldest
      .all(FORGET_EVERY * 2)
      .findLast((row) => Number(row["at"]) < now - keepMs || Number(row["seq"]) <= tooMany);
    if (over !== undefined) forgetUpTo.run(Number(over["seq"]));
  }

  return {
    appendEventOnce(event, integrationIds, prints) {
      for (const print of prints) {
        const row = find.get(print);
        if (row !== undefined && Number(row["at"]) >= event.receivedAt - keepMs) {
          return { firstId: String(row["event_id"]) };
        }
      }
      const placed = appendEvent(event, integrationIds);
      for (const print of prints) remember.run(print, event.id, event.receivedAt);
      appended += 1;
      if (appended % FORGET_EVERY === 0) forget(event.receivedAt);
      return { placed };
    },
  };
}
