/** Deliveries and their events as rows. */
import type { DeliveryRecord, DeliveryState, ExpiryReason, PendingDelivery } from "../../core/delivery.ts";
import type { DeviceEvent } from "../../core/device-event.ts";
import type { Failure } from "../../core/failure.ts";
import type { Row } from "./driver.ts";

/** In the order of the column's numbers. */
export const STATES: readonly DeliveryState[] = ["pending", "delivered", "parked", "expired"];

export const EVENT_COLUMNS = `e.id AS event_id, e.name, e.data, e.content_type, e.device_id AS event_device_id, e.product_id,
  e.firmware_version, e.published_at, e.received_at, e.account_id`;
export const RECORD_COLUMNS = `d.id, d.device_id, d.seq, d.state, d.attempts, d.accepted_at, d.settled_at, d.next_attempt_at,
  d.failure, d.reason, d.replay_id, e.id AS event_id, e.name`;

export function toEvent(row: Row): DeviceEvent {
  return {
    id: String(row["event_id"]),
    name: String(row["name"]),
    data: row["data"] as string | null,
    contentType: String(row["content_type"]),
    deviceId: row["event_device_id"] as string | null,
    ...(typeof row["account_id"] === "string" && { accountId: row["account_id"] }),
    productId: row["product_id"] as number | null,
    firmwareVersion: row["firmware_version"] as number | null,
    publishedAt: Number(row["published_at"]),
    receivedAt: Number(row["received_at"]),
  };
}

/** `queue`: the name under which it was asked for. */
export function toPending(row: Row, queue: string): PendingDelivery {
  return {
    id: Number(row["id"]),
    integrationId: queue,
    seq: Number(row["seq"]),
    attempts: Number(row["attempts"]),
    event: { ...toEvent(row), deviceId: String(row["event_device_id"]) },
  };
}

export function toRecord(row: Row): DeliveryRecord {
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
    failure: toFailure(row),
    reason: toReason(row["reason"]),
    replayId: row["replay_id"] as string | null,
  };
}

export function toFailure(row: Row): Failure | null {
  return row["failure"] === null ? null : (JSON.parse(String(row["failure"])) as Failure);
}

/** Written by `reasonText`; rows that expired before reasons were kept have none. */
function toReason(text: Row[string] | undefined): DeliveryRecord["reason"] {
  if (typeof text !== "string") return null;
  const [kind, note] = JSON.parse(text) as [ExpiryReason, string | null];
  return { kind, note };
}

export function reasonText(kind: ExpiryReason, note: string | null): string {
  return JSON.stringify([kind, note]);
}

/** A lane whose deliveries were changed behind the dispatcher's back. */
export interface Lane {
  readonly isReplayed: boolean;
  readonly deviceId: string;
}

export function lanesOf(rows: readonly Row[]): Lane[] {
  const lanes = new Map<string, Lane>();
  for (const row of rows) {
    const lane = { isReplayed: row["replay_id"] !== null, deviceId: String(row["device_id"]) };
    lanes.set(`${lane.isReplayed} ${lane.deviceId}`, lane);
  }
  return [...lanes.values()];
}

/** How many rows have each text; rows without one are left out. */
export function countBy(rows: readonly Row[], of: (row: Row) => Row[string] | undefined): Map<string, number> {
  const counts = new Map<string, number>();
  for (const row of rows) {
    const text = of(row);
    if (typeof text === "string") counts.set(text, (counts.get(text) ?? 0) + 1);
  }
  return counts;
}
