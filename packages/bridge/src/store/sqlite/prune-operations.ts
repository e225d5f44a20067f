/**
 * Forgetting what is over: settled deliveries and the events nobody waits for.
 *
 * Deliveries are appended in the order of their events, so one walk along delivery ids meets each event's deliveries
 * together: whatever event of the walked range no remaining delivery names can go. The walk takes small steps, because
 * the worker also has events to append, and starts anew when it has caught up.
 */
import type { Transaction } from "./transaction.ts";

export interface PruneOperations {
  /** One step; `done` when all that is older than `before` has been seen. */
  prune(before: number, limit: number): { removed: number; done: boolean };
}

export function pruneOperations({ db, onRollback }: Transaction): PruneOperations {
  const window = db.prepare("SELECT id, event_seq, accepted_at FROM delivery WHERE id > ? ORDER BY id LIMIT ?");
  const removeSettled = db.prepare(
    "DELETE FROM delivery WHERE id > ? AND id <= ? AND state IN (1, 3) AND settled_at < ?",
  );
  const removeEvents = db.prepare(
    `DELETE FROM event WHERE seq > ?1 AND seq < ?2 AND received_at < ?3
     AND seq NOT IN (SELECT event_seq FROM delivery WHERE id > ?4 AND id <= ?5)`,
  );
  const lastEvent = db.prepare("SELECT coalesce(max(seq), 0) AS seq FROM event WHERE seq <= ?");
  let cursor = { deliveryId: 0, eventSeq: 0 };
  onRollback(() => {
    cursor = { deliveryId: 0, eventSeq: 0 };
  });

  return {
    prune(before, limit) {
      const rows = window.all(cursor.deliveryId, limit);
      const last = rows.at(-1);
      const lastId = Number(last?.["id"] ?? cursor.deliveryId);
      // Without deliveries ahead all further events are free; in small steps too.
      const eventEnd =
        last === undefined
          ? Number(lastEvent.get(cursor.eventSeq + limit)?.["seq"] ?? 0) + 1
          : Number(last["event_seq"]);
      let removed = removeSettled.run(cursor.deliveryId, lastId, before).changes;
      const fromId = cursor.deliveryId;
      removed += removeEvents.run(cursor.eventSeq, eventEnd, before, fromId, lastId).changes;
      const done = last === undefined ? eventEnd <= cursor.eventSeq + 1 : Number(last["accepted_at"]) >= before;
      cursor = done
        ? { deliveryId: 0, eventSeq: 0 }
        : { deliveryId: lastId, eventSeq: Math.max(cursor.eventSeq, eventEnd - 1) };
      return { removed, done };
    },
  };
}
