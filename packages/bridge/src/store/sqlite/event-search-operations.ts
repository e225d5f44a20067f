/** Paging back through events, and what became of one. The table has no index for it: events are walked, newest first. */
import type { EventQuery, EventTrace, EventView } from "../../core/recent-events.ts";
import type { DeviceEvent } from "../../core/device-event.ts";
import { EVENT_COLUMNS, RECORD_COLUMNS, toEvent, toRecord } from "./delivery-rows.ts";
import { createFindEvent } from "./find-event.ts";
import type { Transaction } from "./transaction.ts";

export interface EventSearchOperations {
  /** Looks at no more than `scan` events; `next` says where to go on. */
  eventPage(view: EventView, query: EventQuery & { scan: number }): { events: DeviceEvent[]; next: number | null };
  eventTrace(id: string): EventTrace | null;
}

export function eventSearchOperations(transaction: Transaction): EventSearchOperations {
  const { db } = transaction;
  const find = createFindEvent(transaction);
  const lastLookedAt = db.prepare(
    "SELECT min(seq) AS low, count(*) AS n FROM (SELECT seq FROM event WHERE seq < ? ORDER BY seq DESC LIMIT ?)",
  );
  const page = db.prepare(
    `SELECT e.seq, ${EVENT_COLUMNS} FROM event e LEFT JOIN device d ON d.id = e.device_id
     WHERE e.seq < ?1 AND e.seq >= ?2 AND e.replayed IS NULL
       AND (d.owner_id = ?3 OR d.product_id IN (SELECT value FROM json_each(?4))
         OR e.device_id IS NULL AND (e.account_id = ?3 OR e.product_id IN (SELECT value FROM json_each(?4))))
       AND (?5 = '' OR substr(e.name, 1, length(?5)) = ?5) AND (?6 = '' OR e.device_id = ?6)
     ORDER BY e.seq DESC LIMIT ?7`,
  );
  const deliveryBounds = db.prepare(
    "SELECT (SELECT min(id) FROM delivery) AS low, (SELECT max(id) FROM delivery) AS high",
  );
  const nextDelivery = db.prepare(
    "SELECT id, event_seq, integration_id FROM delivery WHERE id >= ? ORDER BY id LIMIT 1",
  );
  const record = db.prepare(
    `SELECT ${RECORD_COLUMNS} FROM delivery d JOIN event e ON e.seq = d.event_seq WHERE d.id = ?`,
  );

  /** Deliveries are numbered in the order of their events, so that the first one of an event is found by halving. */
  function firstDelivery(eventSeq: number): number {
    const row = deliveryBounds.get();
    if (row === undefined || row["low"] === null) return 1;
    let [low, high] = [Number(row["low"]), Number(row["high"]) + 1];
    while (low < high) {
      const middle = Math.floor((low + high) / 2);
      const found = nextDelivery.get(middle);
      if (found === undefined || Number(found["event_seq"]) >= eventSeq) high = middle;
      else low = Number(found["id"]) + 1;
    }
    return low;
  }

  function deliveriesOf(eventSeq: number): EventTrace["deliveries"] {
    const found: EventTrace["deliveries"][number][] = [];
    for (let id = firstDelivery(eventSeq); ;) {
      const row = nextDelivery.get(id);
      if (row === undefined || row["event_seq"] !== eventSeq) return found;
      found.push({ integrationId: String(row["integration_id"]), record: toRecord(record.get(Number(row["id"]))!) });
      id = Number(row["id"]) + 1;
    }
  }

  return {
    eventPage(
      { accountId, productIds },
      { limit, prefix = "", deviceId = "", before = Number.MAX_SAFE_INTEGER, scan },
    ) {
      const seen = lastLookedAt.get(before, scan);
      if (seen === undefined || seen["low"] === null) return { events: [], next: null };
      const low = Number(seen["low"]);
      const products = JSON.stringify(productIds);
      const rows = page.all(before, low, accountId, products, prefix, deviceId, limit);
      const isThrough = Number(seen["n"]) < scan;
      const next = rows.length === limit ? Number(rows.at(-1)?.["seq"]) : isThrough ? null : low;
      return { events: rows.map(toEvent), next };
    },
    eventTrace(id) {
      const row = find(id);
      return row === undefined ? null : { event: toEvent(row), deliveries: deliveriesOf(Number(row["seq"])) };
    },
  };
}
