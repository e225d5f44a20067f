/**
 * Replays: deliveries that are made once more from those that were delivered in a time window. Each gets a copy of its
 * event, because pruning relies on deliveries standing in the order of their events; the event's id, and so the message
 * id, stays the same, and so does the sequence number.
 */
import type { Replay, ReplayWindow } from "../../core/delivery-history.ts";
import type { Counters } from "./counters.ts";
import type { Row } from "./driver.ts";
import type { EventNumbers } from "./event-numbers.ts";
import { createIdsByTime } from "./ids-by-time.ts";
import type { Endings } from "./endings.ts";
import type { Transaction } from "./transaction.ts";

export interface ReplayOperations {
  /** `null` while another one of the integration runs. */
  createReplay(id: string, integrationId: string, window: ReplayWindow, at: number): Replay | null;
  replays(integrationId: string): Replay[];
  runningReplays(): Replay[];
  /**
   * Looks at the next `scan` delivered ones and makes at most `room` deliveries, less what waits already. The replay is
   * done when it has seen all and none waits.
   */
  replayStep(
    id: string,
    step: { scan: number; room: number; at: number },
  ): { deviceIds: string[]; state: Replay["state"]; full: boolean };
  /** One step of ending what a replay has queued. `done` after the last. */
  cancelReplay(id: string, at: number, limit: number): { deviceIds: string[]; done: boolean } | null;
}

const KEPT_REPLAYS = 50;

export function replayOperations(
  transaction: Transaction,
  counters: Counters,
  endings: Endings,
  numbers: EventNumbers,
): ReplayOperations {
  const { db } = transaction;
  const firstIdAt = createIdsByTime(transaction);
  const byId = db.prepare("SELECT * FROM replay WHERE id = ?");
  const ofIntegration = db.prepare(
    "SELECT * FROM replay WHERE integration_id = ? ORDER BY created_at DESC, id LIMIT 50",
  );
  const running = db.prepare("SELECT * FROM replay WHERE state = 'running' ORDER BY created_at");
  const insert = db.prepare(
    `INSERT INTO replay (id, integration_id, from_at, to_at, device_id, event, state, position, last_id, queued, delivered, parked,
     expired, created_at) VALUES (?, ?, ?, ?, ?, ?, 'running', ?, ?, 0, 0, 0, 0, ?)`,
  );
  const forget = db.prepare(
    `DELETE FROM replay WHERE integration_id = ?1 AND id IN
       (SELECT id FROM replay WHERE integration_id = ?1 ORDER BY created_at DESC LIMIT -1 OFFSET ${KEPT_REPLAYS})`,
  );
  const delivered = db.prepare(
    `SELECT d.id, d.event_seq, d.device_id, d.seq, d.accepted_at, d.replay_id, e.name
     FROM delivery d JOIN event e ON e.seq = d.event_seq
     WHERE d.integration_id = ? AND d.state = 1 AND d.id > ? AND d.id < ? ORDER BY d.id LIMIT ?`,
  );
  const copyEvent = db.prepare(
    `INSERT INTO event (seq, id, name, data, content_type, device_id, product_id, firmware_version, published_at, received_at, replayed)
     SELECT ?, id, name, data, content_type, device_id, product_id, firmware_version, published_at, received_at, 1
     FROM event WHERE seq = ?`,
  );
  const insertDelivery = db.prepare(
    `INSERT INTO delivery (id, event_seq, integration_id, device_id, seq, state, attempts, accepted_at, replay_id)
     VALUES (?, ?, ?, ?, ?, 0, 0, ?, ?)`,
  );
  const move = db.prepare("UPDATE replay SET position = ?, queued = queued + ? WHERE id = ?");
  const finish = db.prepare("UPDATE replay SET state = ?, ended_at = ? WHERE id = ?");
  const waiting = db.prepare(
    `SELECT id, device_id, state, code, replay_id FROM delivery
     WHERE integration_id = ? AND state = 0 AND replay_id IS NOT NULL AND replay_id = ? LIMIT ?`,
  );

  function matches(row: Row, replay: Replay): boolean {
    const acceptedAt = Number(row["accepted_at"]);
    return (
      row["replay_id"] === null &&
      acceptedAt >= replay.from &&
      acceptedAt < replay.to &&
      (replay.deviceId === null || row["device_id"] === replay.deviceId) &&
      (replay.event === null || String(row["name"]).startsWith(replay.event))
    );
  }

  /** Makes deliveries of these rows again. */
  function queue({ id, integrationId }: Replay, rows: readonly Row[], at: number): string[] {
    for (const row of rows) {
      const event = numbers.nextEvent();
      copyEvent.run(event, Number(row["event_seq"]));
      const deviceId = String(row["device_id"]);
      insertDelivery.run(numbers.nextDelivery(), event, integrationId, deviceId, Number(row["seq"]), at, id);
    }
    counters.add(integrationId, at, "accepted", rows.length);
    return [...new Set(rows.map((row) => String(row["device_id"])))];
  }

  return {
    createReplay(id, integrationId, { from, to, deviceId, event }, at) {
      if (running.all().some((row) => row["integration_id"] === integrationId)) return null;
      insert.run(id, integrationId, from, to, deviceId, event, firstIdAt(from) - 1, firstIdAt(to), at);
      forget.run(integrationId);
      return toReplay(byId.get(id)!);
    },
    replays: (integrationId) => ofIntegration.all(integrationId).map(toReplay),
    runningReplays: () => running.all().map(toReplay),
    replayStep(id, { scan, room, at }) {
      const row = byId.get(id);
      if (row === undefined || row["state"] !== "running") return { deviceIds: [], state: "done", full: false };
      const replay = toReplay(row);
      const underWay = waiting.all(replay.integrationId, id, room).length;
      if (underWay >= room) return { deviceIds: [], state: "running", full: true };
      const seen = delivered.all(replay.integrationId, Number(row["position"]), Number(row["last_id"]), scan);
      const fitting = seen.filter((one) => matches(one, replay));
      const taken = fitting.slice(0, room - underWay);
      const isThrough = seen.length < scan && taken.length === fitting.length;
      const last = taken.length < fitting.length ? taken.at(-1) : seen.at(-1);
      const deviceIds = queue(replay, taken, at);
      move.run(Number(last?.["id"] ?? row["position"]), taken.length, id);
      if (!isThrough || underWay + taken.length > 0) return { deviceIds, state: "running", full: isThrough };
      finish.run("done", at, id);
      return { deviceIds, state: "done", full: false };
    },
    cancelReplay(id, at, limit) {
      const row = byId.get(id);
      if (row === undefined || row["state"] === "done") return null;
      const replay = toReplay(row);
      const rows = waiting.all(replay.integrationId, id, limit);
      endings.expire(replay.integrationId, rows, { at, kind: "replay_cancelled", note: null });
      if (replay.state === "running") finish.run("cancelled", at, id);
      return { deviceIds: [...new Set(rows.map((one) => String(one["device_id"])))], done: rows.length < limit };
    },
  };
}

function toReplay(row: Row): Replay {
  return {
    id: String(row["id"]),
    integrationId: String(row["integration_id"]),
    from: Number(row["from_at"]),
    to: Number(row["to_at"]),
    deviceId: row["device_id"] as string | null,
    event: row["event"] as string | null,
    state: row["state"] as Replay["state"],
    queued: Number(row["queued"]),
    delivered: Number(row["delivered"]),
    parked: Number(row["parked"]),
    expired: Number(row["expired"]),
    createdAt: Number(row["created_at"]),
    endedAt: row["ended_at"] as number | null,
  };
}
