/** What the dispatcher reads: devices and deliveries that wait, live ones and replayed ones each in their own order. */
import { integrationOfQueue, isReplayQueue, type PendingDelivery } from "../../core/delivery.ts";
import { EVENT_COLUMNS, toPending } from "./delivery-rows.ts";
import type { Database, Statement } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

export interface DeliveryOperations {
  devicesWithPending(queue: string, after: string, limit: number): string[];
  pending(queue: string, deviceId: string, afterSeq: number, limit: number): PendingDelivery[];
}

interface Waiting {
  readonly devices: Statement;
  readonly page: Statement;
}

export function deliveryOperations({ db }: Transaction): DeliveryOperations {
  const live = waiting(db, "IS NULL");
  const replayed = waiting(db, "IS NOT NULL");
  const of = (queue: string): Waiting => (isReplayQueue(queue) ? replayed : live);
  return {
    devicesWithPending: (queue, after, limit) =>
      of(queue)
        .devices.all(integrationOfQueue(queue), after, limit)
        .map((row) => String(row["device_id"])),
    pending: (queue, deviceId, afterSeq, limit) =>
      of(queue)
        .page.all(integrationOfQueue(queue), deviceId, afterSeq, limit)
        .map((row) => toPending(row, queue)),
  };
}

/** Statements along the partial index of live or of replayed deliveries. */
function waiting(db: Database, replay: "IS NULL" | "IS NOT NULL"): Waiting {
  const those = `state = 0 AND replay_id ${replay}`;
  return {
    // Steps from device to device along the index: DISTINCT would read every pending delivery of a backlog.
    devices: db.prepare(
      `WITH RECURSIVE waiting (device_id) AS (
         SELECT min(device_id) FROM delivery WHERE integration_id = ?1 AND ${those} AND device_id > ?2
         UNION ALL
         SELECT (SELECT min(device_id) FROM delivery WHERE integration_id = ?1 AND ${those} AND device_id > waiting.device_id)
         FROM waiting WHERE waiting.device_id IS NOT NULL
       )
       SELECT device_id FROM waiting WHERE device_id IS NOT NULL LIMIT ?3`,
    ),
    page: db.prepare(
      `SELECT d.id, d.seq, d.attempts, ${EVENT_COLUMNS} FROM delivery d JOIN event e ON e.seq = d.event_seq
       WHERE d.integration_id = ? AND d.device_id = ? AND d.state = 0 AND d.replay_id ${replay} AND d.seq > ?
       ORDER BY d.seq LIMIT ?`,
    ),
  };
}
