/**
 * Forgetting what is over: settled deliveries and the events nobody waits for.
 *
 * Deliveries are appended in the order of their events, and neither number is ever given again. So
 * one walk along both meets each event together with all its deliveries, and an event that no remaining delivery names
 * can go. A step takes whole events only: one whose deliveries reach beyond the step is left for the next. Steps are
 * small, because the worker also has events to append; a walk that has caught up starts anew.
 */
import type { EventNumbers } from "./event-numbers.ts";
import type { Transaction } from "./transaction.ts";

export interface PruneOperations {
  /** One step over at most `limit` events and their deliveries; `done` when all older than `before` has been seen. */
  prune(before: number, limit: number): { removed: number; done: boolean };
}

interface Step {
  /** Events before this number belong to the step. */
  readonly eventEnd: number;
  /** The last delivery of these events. */
  readonly lastDelivery: number;
  readonly done: boolean;
}

export function pruneOperations({ db, onRollback }: Transaction, numbers: EventNumbers): PruneOperations {
  const deliveriesAhead = db.prepare("SELECT id, event_seq FROM delivery WHERE id > ? ORDER BY id LIMIT ?");
  const eventsAhead = db.prepare("SELECT seq, received_at FROM event WHERE seq > ? ORDER BY seq LIMIT ?");
  const removeSettled = db.prepare(
    "DELETE FROM delivery WHERE id > ? AND id <= ? AND state IN (1, 3) AND settled_at < ?",
  );
  const removeEvents = db.prepare(
    `DELETE FROM event WHERE seq > ?1 AND seq < ?2 AND received_at < ?3
     AND seq NOT IN (SELECT event_seq FROM delivery WHERE id > ?4 AND id <= ?5)`,
  );
  const removeAttempts = db.prepare(
    "DELETE FROM attempt WHERE delivery_id > ? AND delivery_id <= ? AND delivery_id NOT IN (SELECT id FROM delivery)",
  );
  const start = { event: 0, delivery: 0 };
  let cursor = start;
  onRollback(() => {
    cursor = start;
  });

  function nextStep(before: number, limit: number): Step {
    const events = eventsAhead.all(cursor.event, limit);
    const deliveries = deliveriesAhead.all(cursor.delivery, limit);
    const lastEvent = Number(events.at(-1)?.["seq"] ?? cursor.event);
    // The last delivery's event may have more of them ahead, unless these are all there are.
    const wholeUntil = deliveries.length < limit ? Infinity : Number(deliveries.at(-1)?.["event_seq"]);
    const eventEnd = Math.min(lastEvent + 1, wholeUntil);
    if (eventEnd <= cursor.event + 1 && events.length > 0) return nextStep(before, limit * 2);
    const lastDelivery = deliveries.findLast((row) => Number(row["event_seq"]) < eventEnd)?.["id"];
    const young = events.every((row) => Number(row["received_at"]) >= before);
    return {
      eventEnd,
      lastDelivery: Number(lastDelivery ?? cursor.delivery),
      done: young || (events.length < limit && eventEnd > lastEvent),
    };
  }

  return {
    prune(before, limit) {
      const { eventEnd, lastDelivery, done } = nextStep(before, limit);
      const { event, delivery } = cursor;
      let removed = removeSettled.run(delivery, lastDelivery, before).changes;
      if (removed > 0) removeAttempts.run(delivery, lastDelivery);
      removed += removeEvents.run(event, eventEnd, before, delivery, lastDelivery).changes;
      if (removed > 0) numbers.keep();
      cursor = done ? start : { event: eventEnd - 1, delivery: lastDelivery };
      return { removed, done };
    },
  };
}
