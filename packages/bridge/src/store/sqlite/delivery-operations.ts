/** Reading and settling deliveries. */
import type { DeliveryRecord, DeliveryState, Ledger, PendingDelivery, Settlement } from "../../core/delivery.ts";
import type { Failure } from "../../core/failure.ts";
import type { Counters } from "./counters.ts";
import type { Row } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

const STATES: readonly DeliveryState[] = ["pending", "delivered", "parked", "expired"];

export interface DeliveryOperations {
  devicesWithPending(integrationId: string, after: string, limit: number): string[];
  pending(integrationId: string, deviceId: string, afterSeq: number, limit: number): PendingDelivery[];
  settle(settlement: Settlement): null;
  ledger(integrationId: string): Ledger;
  countersOfDay(integrationId: string, day: string): { success: number; error: number };
  deliveries(integrationId: string, query: { state?: DeliveryState; before?: number; limit: number }): DeliveryRecord[];
}

export function deliveryOperations({ db }: Transaction, counters: Counters): DeliveryOperations {
  const columns = `d.id, d.integration_id, d.device_id, d.seq, d.attempts, d.next_attempt_at, e.id AS event_id, e.name, e.data,
    e.content_type, e.product_id, e.firmware_version, e.published_at, e.received_at`;
  // Steps from device to device along the index: DISTINCT would read every pending delivery of a backlog.
  const selectDevices = db.prepare(
    `WITH RECURSIVE waiting (device_id) AS (
       SELECT min(device_id) FROM delivery WHERE integration_id = ?1 AND state = 0 AND device_id > ?2
       UNION ALL
       SELECT (SELECT min(device_id) FROM delivery WHERE integration_id = ?1 AND state = 0 AND device_id > waiting.device_id)
       FROM waiting WHERE waiting.device_id IS NOT NULL
     )
     SELECT device_id FROM waiting WHERE device_id IS NOT NULL LIMIT ?3`,
  );
  const selectPending = db.prepare(
    `SELECT ${columns} FROM delivery d JOIN event e ON e.seq = d.event_seq
     WHERE d.integration_id = ? AND d.device_id = ? AND d.state = 0 AND d.seq > ? ORDER BY d.seq LIMIT ?`,
  );
  const setDelivered = db.prepare(
    `UPDATE delivery SET state = 1, settled_at = ?, next_attempt_at = NULL, attempts = attempts + 1
     WHERE id = ? AND state = 0`,
  );
  const setParked = db.prepare(
    `UPDATE delivery SET state = 2, settled_at = ?, next_attempt_at = NULL, failure = ?, attempts = attempts + 1
     WHERE id = ? AND state = 0`,
  );
  const setRetry = db.prepare(
    "UPDATE delivery SET next_attempt_at = ?, failure = ?, attempts = ? WHERE id = ? AND state = 0",
  );
  const sumDays = db.prepare(
    `SELECT sum(accepted) AS accepted, sum(delivered) AS delivered, sum(parked) AS parked, sum(expired) AS expired,
     sum(erased) AS erased FROM integration_day WHERE integration_id = ?`,
  );
  const selectDay = db.prepare("SELECT delivered, failed FROM integration_day WHERE integration_id = ? AND day = ?");
  const recordColumns = `d.id, d.device_id, d.seq, d.state, d.attempts, d.accepted_at, d.settled_at, d.next_attempt_at, d.failure, e.id AS event_id, e.name`;
  // State by state along the index: however rare one is among millions, only what is listed is read.
  const newest = (state: number): string =>
    `SELECT * FROM (SELECT id FROM delivery WHERE integration_id = ?1 AND state = ${state} AND id < ?2 ORDER BY id DESC LIMIT ?3)`;
  const records = (ids: string): string =>
    `SELECT ${recordColumns} FROM (${ids}) listed JOIN delivery d ON d.id = listed.id JOIN event e ON e.seq = d.event_seq
     ORDER BY d.id DESC LIMIT ?3`;
  const selectRecordsOfState = STATES.map((_, state) => db.prepare(records(newest(state))));
  const selectRecords = db.prepare(records(STATES.map((_, state) => newest(state)).join(" UNION ALL ")));

  return {
    devicesWithPending: (integrationId, after, limit) =>
      selectDevices.all(integrationId, after, limit).map((row) => String(row["device_id"])),
    pending: (integrationId, deviceId, afterSeq, limit) =>
      selectPending.all(integrationId, deviceId, afterSeq, limit).map(toPending),
    settle(settlement) {
      const { id, integrationId, at } = settlement;
      switch (settlement.kind) {
        case "delivered":
          if (setDelivered.run(at, id).changes > 0) counters.add(integrationId, at, "delivered");
          break;
        case "parked":
          if (setParked.run(at, JSON.stringify(settlement.failure), id).changes > 0) {
            counters.add(integrationId, at, "parked");
            counters.add(integrationId, at, "failed");
          }
          break;
        case "retry":
          if (
            setRetry.run(settlement.nextAttemptAt, JSON.stringify(settlement.failure), settlement.attempts, id)
              .changes > 0
          )
            counters.add(integrationId, at, "failed");
          break;
        case "held":
          counters.add(integrationId, at, "failed");
          break;
      }
      return null;
    },
    ledger(integrationId) {
      const sums = sumDays.get(integrationId);
      const sum = (name: string): number => Number(sums?.[name] ?? 0);
      const [accepted, delivered, parked] = [sum("accepted"), sum("delivered"), sum("parked")];
      const [expired, erased] = [sum("expired"), sum("erased")];
      // Not counted from the rows: a backlog of millions would keep the worker from everything else for a second.
      const pending = accepted - delivered - parked - expired - erased;
      return { accepted, delivered, pending, parked, expired, erased };
    },
    countersOfDay(integrationId, day) {
      const row = selectDay.get(integrationId, day);
      return { success: Number(row?.["delivered"] ?? 0), error: Number(row?.["failed"] ?? 0) };
    },
    deliveries(integrationId, { state, before = Number.MAX_SAFE_INTEGER, limit }) {
      const select = state === undefined ? selectRecords : selectRecordsOfState[STATES.indexOf(state)];
      const rows = select?.all(integrationId, before, limit) ?? [];
      return rows.map(toRecord);
    },
  };
}

function toPending(row: Row): PendingDelivery {
  return {
    id: Number(row["id"]),
    integrationId: String(row["integration_id"]),
    seq: Number(row["seq"]),
    attempts: Number(row["attempts"]),
    event: {
      id: String(row["event_id"]),
      name: String(row["name"]),
      data: row["data"] as string | null,
      contentType: String(row["content_type"]),
      deviceId: String(row["device_id"]),
      productId: row["product_id"] as number | null,
      firmwareVersion: row["firmware_version"] as number | null,
      publishedAt: Number(row["published_at"]),
      receivedAt: Number(row["received_at"]),
    },
  };
}

function toRecord(row: Row): DeliveryRecord {
  return {
    id: Number(row["id"]),
    eventId: String(row["event_id"]),
    event: String(row["name"]),
    deviceId: String(row["device_id"]),
    state: STATES[Number(row["state"])] ?? "pending",
    seq: Number(row["seq"]),
    attempts: Number(row["attempts"]),
    acceptedAt: Number(row["accepted_at"]),
    settledAt: row["settled_at"] as number | null,
    nextAttemptAt: row["next_attempt_at"] as number | null,
    reason: null,
    replayId: null,
    failure: row["failure"] === null ? null : (JSON.parse(String(row["failure"])) as Failure),
  };
}
