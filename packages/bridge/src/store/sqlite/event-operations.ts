/** Appending events with their pending deliveries: the hot path of the store. */
import type { DeviceEvent } from "../../core/device-event.ts";
import type { Counters } from "./counters.ts";
import type { LastHeard } from "./last-heard.ts";
import { createLanes } from "./lanes.ts";
import type { Transaction } from "./transaction.ts";

export interface EventOperations {
  /** Returns delivery id and lane sequence number for each integration, flat: `[id, seq, id, seq, …]`. */
  appendEvent(event: DeviceEvent, integrationIds: readonly string[]): number[];
}

export function eventOperations(transaction: Transaction, counters: Counters, heard: LastHeard): EventOperations {
  const { db, onRollback } = transaction;
  const insertEvent = db.prepare(
    `INSERT INTO event (seq, id, name, data, content_type, device_id, product_id, firmware_version, published_at, received_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertDelivery = db.prepare(
    `INSERT INTO delivery (id, event_seq, integration_id, device_id, seq, state, attempts, accepted_at)
     VALUES (?, ?, ?, ?, ?, 0, 0, ?)`,
  );
  const selectLast = db.prepare(
    "SELECT coalesce((SELECT max(seq) FROM event), 0) AS event, coalesce((SELECT max(id) FROM delivery), 0) AS delivery",
  );
  const lanes = createLanes(transaction);
  // Counted here and not by SQLite, which would give the numbers of removed rows again: pruning relies on their order.
  let last: { event: number; delivery: number } | undefined;
  onRollback(() => {
    last = undefined;
  });

  function readLast(): { event: number; delivery: number } {
    const row = selectLast.get();
    return { event: Number(row?.["event"]), delivery: Number(row?.["delivery"]) };
  }

  return {
    appendEvent(event, integrationIds) {
      const { deviceId, receivedAt } = event;
      last ??= readLast();
      last.event += 1;
      insertEvent.run(
        last.event,
        event.id,
        event.name,
        event.data,
        event.contentType,
        deviceId,
        event.productId,
        event.firmwareVersion,
        event.publishedAt,
        receivedAt,
      );
      if (deviceId === null) return [];
      heard.note(deviceId, receivedAt);
      const placed: number[] = [];
      for (const integrationId of integrationIds) {
        const seq = lanes.next(integrationId, deviceId);
        last.delivery += 1;
        insertDelivery.run(last.delivery, last.event, integrationId, deviceId, seq, receivedAt);
        counters.add(integrationId, receivedAt, "accepted");
        placed.push(last.delivery, seq);
      }
      return placed;
    },
  };
}
