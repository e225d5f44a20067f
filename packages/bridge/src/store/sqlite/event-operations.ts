/** Appending events with their pending deliveries: the hot path of the store. */
import type { DeviceEvent } from "../../core/device-event.ts";
import type { Counters } from "./counters.ts";
import type { Transaction } from "./transaction.ts";

/** Lanes whose last sequence number is kept in memory; beyond it they are read again from the table. */
const MAX_CACHED_LANES = 200_000;

/** How often `last_heard` of devices is written: it may be lost in a crash, the events may not. */
const HEARD_EVERY_MS = 2_000;

export interface EventOperations {
  /** Returns delivery id and lane sequence number for each integration, flat: `[id, seq, id, seq, …]`. */
  appendEvent(event: DeviceEvent, integrationIds: readonly string[]): number[];
}

export function eventOperations({ db, beforeCommit, onRollback }: Transaction, counters: Counters): EventOperations {
  const insertEvent = db.prepare(
    `INSERT INTO event (id, name, data, content_type, device_id, product_id, firmware_version, published_at, received_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const insertDelivery = db.prepare(
    `INSERT INTO delivery (event_seq, integration_id, device_id, seq, state, attempts, accepted_at) VALUES (?, ?, ?, ?, 0, 0, ?)`,
  );
  const selectLane = db.prepare("SELECT last_seq FROM lane WHERE integration_id = ? AND device_id = ?");
  const upsertLane = db.prepare(
    `INSERT INTO lane (integration_id, device_id, last_seq) VALUES (?, ?, ?)
     ON CONFLICT (integration_id, device_id) DO UPDATE SET last_seq = excluded.last_seq`,
  );
  const updateHeard = db.prepare("UPDATE device SET last_heard = ? WHERE id = ?");

  interface Lane {
    readonly integrationId: string;
    readonly deviceId: string;
    lastSeq: number;
    dirty: boolean;
  }
  const lanes = new Map<string, Lane>();
  let dirty: Lane[] = [];
  const heard = new Map<string, number>();
  let heardWrittenAt = 0;

  function laneOf(integrationId: string, deviceId: string): Lane {
    const key = `${integrationId} ${deviceId}`;
    let lane = lanes.get(key);
    if (lane === undefined) {
      if (lanes.size >= MAX_CACHED_LANES) {
        writeLanes();
        lanes.clear();
      }
      const lastSeq = Number(selectLane.get(integrationId, deviceId)?.["last_seq"] ?? 0);
      lane = { integrationId, deviceId, lastSeq, dirty: false };
      lanes.set(key, lane);
    }
    return lane;
  }

  function writeLanes(): void {
    for (const lane of dirty) {
      upsertLane.run(lane.integrationId, lane.deviceId, lane.lastSeq);
      lane.dirty = false;
    }
    dirty = [];
  }

  beforeCommit(() => {
    writeLanes();
    const now = Date.now();
    if (heard.size === 0 || now - heardWrittenAt < HEARD_EVERY_MS) return;
    for (const [deviceId, at] of heard) updateHeard.run(at, deviceId);
    heard.clear();
    heardWrittenAt = now;
  });
  onRollback(() => {
    lanes.clear();
    dirty = [];
  });

  return {
    appendEvent(event, integrationIds) {
      const { lastInsertRowid } = insertEvent.run(
        event.id,
        event.name,
        event.data,
        event.contentType,
        event.deviceId,
        event.productId,
        event.firmwareVersion,
        event.publishedAt,
        event.receivedAt,
      );
      if (event.deviceId === null) return [];
      heard.set(event.deviceId, event.receivedAt);
      const placed: number[] = [];
      for (const integrationId of integrationIds) {
        const lane = laneOf(integrationId, event.deviceId);
        lane.lastSeq += 1;
        if (!lane.dirty) {
          lane.dirty = true;
          dirty.push(lane);
        }
        const delivery = insertDelivery.run(
          lastInsertRowid,
          integrationId,
          event.deviceId,
          lane.lastSeq,
          event.receivedAt,
        );
        counters.add(integrationId, event.receivedAt, "accepted");
        placed.push(delivery.lastInsertRowid, lane.lastSeq);
      }
      return placed;
    },
  };
}
