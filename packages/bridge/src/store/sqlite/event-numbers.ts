/**
 * Numbers of events and deliveries. Counted here and not by SQLite, which would give the numbers of removed rows again:
 * pruning and paging rely on their order. The row in `numbers` says how far they had come when rows were removed, or
 * when a start found a high-water mark beyond the rows.
 */
import type { Transaction } from "./transaction.ts";

export interface Numbers {
  readonly event: number;
  readonly delivery: number;
}

export interface EventNumbers {
  nextEvent(): number;
  nextDelivery(): number;
  /** The last ones given. */
  last(): Numbers;
  /** Called when rows are removed: the numbers that were given are kept. */
  keep(): void;
  /** Goes on from here if it is further. */
  advance(to: Numbers): void;
}

export function createEventNumbers({ db, onRollback }: Transaction): EventNumbers {
  const select = db.prepare(
    `SELECT max(event, coalesce((SELECT max(seq) FROM event), 0)) AS event,
            max(delivery, coalesce((SELECT max(id) FROM delivery), 0)) AS delivery FROM numbers`,
  );
  const save = db.prepare("UPDATE numbers SET event = ?, delivery = ?");
  let read: { event: number; delivery: number } | undefined;
  onRollback(() => {
    read = undefined;
  });

  function numbers(): { event: number; delivery: number } {
    if (read === undefined) {
      const row = select.get();
      read = { event: Number(row?.["event"]), delivery: Number(row?.["delivery"]) };
    }
    return read;
  }

  return {
    nextEvent: () => (numbers().event += 1),
    nextDelivery: () => (numbers().delivery += 1),
    last: () => ({ ...numbers() }),
    keep() {
      const { event, delivery } = numbers();
      save.run(event, delivery);
    },
    advance(to) {
      const known = numbers();
      read = { event: Math.max(known.event, to.event), delivery: Math.max(known.delivery, to.delivery) };
      save.run(read.event, read.delivery);
    },
  };
}
