/** Sequence numbers of lanes: counted in memory, written once per group with the events that took them. */
import type { Transaction } from "./transaction.ts";

/** Lanes whose last number is kept in memory; beyond it they are read again from the table. */
const MAX_CACHED = 200_000;

export interface Lanes {
  /** The next number of a device and integration, gapless from 1. */
  next(integrationId: string, deviceId: string): number;
}

interface Lane {
  readonly integrationId: string;
  readonly deviceId: string;
  lastSeq: number;
  dirty: boolean;
}

export function createLanes({ db, beforeCommit, onRollback }: Transaction, maxCached: number = MAX_CACHED): Lanes {
  const select = db.prepare("SELECT last_seq FROM lane WHERE integration_id = ? AND device_id = ?");
  const upsert = db.prepare(
    `INSERT INTO lane (integration_id, device_id, last_seq) VALUES (?, ?, ?)
     ON CONFLICT (integration_id, device_id) DO UPDATE SET last_seq = excluded.last_seq`,
  );
  const lanes = new Map<string, Lane>();
  let dirty: Lane[] = [];

  function write(): void {
    for (const lane of dirty) {
      upsert.run(lane.integrationId, lane.deviceId, lane.lastSeq);
      lane.dirty = false;
    }
    dirty = [];
  }

  function laneOf(integrationId: string, deviceId: string): Lane {
    const key = `${integrationId} ${deviceId}`;
    let lane = lanes.get(key);
    if (lane === undefined) {
      if (lanes.size >= maxCached) {
        write();
        lanes.clear();
      }
      const lastSeq = Number(select.get(integrationId, deviceId)?.["last_seq"] ?? 0);
      lane = { integrationId, deviceId, lastSeq, dirty: false };
      lanes.set(key, lane);
    }
    return lane;
  }

  beforeCommit(write);
  onRollback(() => {
    lanes.clear();
    dirty = [];
  });

  return {
    next(integrationId, deviceId) {
      const lane = laneOf(integrationId, deviceId);
      if (!lane.dirty) {
        lane.dirty = true;
        dirty.push(lane);
      }
      lane.lastSeq += 1;
      return lane.lastSeq;
    },
  };
}
