/** Appending events with their pending deliveries: the hot path of the store. */
import type { DeviceEvent } from "../../core/device-event.ts";
import type { Counters } from "./counters.ts";
import type { EventNumbers } from "./event-numbers.ts";
import type { LastHeard } from "./last-heard.ts";
import { createLanes } from "./lanes.ts";
import type { Transaction } from "./transaction.ts";

export interface EventOperations {
  /** Returns delivery id and lane sequence number for each integration, flat: `[id, seq, id, seq, …]`. */
  appendEvent(event: DeviceEvent, integrationIds: readonly string[]): number[];
}

export function eventOperations(
  transaction: Transaction,
  counters: Counters,
  heard: LastHeard,
  numbers: EventNumbers,
): EventOperations {
  const { db } = transaction;
  const insertEvent = db.prepare(
    `INSERT INTO event (seq, id, name, data, content_type, device_id, product_id, firmware_version, published_at, received_at, account_id)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertDelivery = db.prepare(
    `INSERT INTO delivery (id, event_seq, integration_id, device_id, seq, state, attempts, accepted_at)
     VALUES (?, ?, ?, ?, ?, 0, 0, ?)`,
  );
  const lanes = createLanes(transaction);

  return {
    appendEvent(event, integrationIds) {
      const { deviceId, productId, receivedAt } = event;
      const eventSeq = numbers.nextEvent();
      insertEvent.run(
        eventSeq,
        event.id,
        event.name,
        event.data,
        event.contentType,
        deviceId,
        productId,
        event.firmwareVersion,
        event.publishedAt,
        receivedAt,
        event.accountId ?? null,
      );
      if (productId !== null) counters.buckets.add(`product/${productId}`, receivedAt, "accepted", 1);
      if (deviceId === null) return [];
      heard.note(deviceId, receivedAt);
      const placed: number[] = [];
      for (const integrationId of integrationIds) {
        const seq = lanes.next(integrationId, deviceId);
        const id = numbers.nextDelivery();
        insertDelivery.run(id, eventSeq, integrationId, deviceId, seq, receivedAt);
        counters.add(integrationId, receivedAt, "accepted");
        placed.push(id, seq);
      }
      return placed;
    },
  };
}
