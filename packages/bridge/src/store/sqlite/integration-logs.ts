/**
 * The last tries of each integration, ten that succeeded and ten that failed, with what was sent and answered. Kept in
 * memory and written when an integration's log has not been for a while: a crash may lose some of it.
 */
import type { LogRecord } from "../../core/delivery-history.ts";
import type { Settlement } from "../../core/delivery.ts";
import type { Transaction } from "./transaction.ts";

const KEPT = 10;
const WRITE_AGAIN_AFTER_MS = 5_000;
/** Integrations whose logs are in memory; beyond it they are read again. */
const MAX_CACHED = 2_000;

/** Whether the try failed: 0 or 1, as in the table. */
type Side = 0 | 1;

/** What it was of is looked up when it is read or written: most are pushed out before. */
interface Noted {
  readonly settlement: Settlement | null;
  record: LogRecord | null;
}

interface Log {
  readonly sides: readonly [ok: Noted[], failed: Noted[]];
  dirty: boolean;
  writtenAt: number;
}

export interface IntegrationLogs {
  note(integrationId: string, settlement: Settlement): void;
  /** Both sides together, newest first. */
  of(integrationId: string): LogRecord[];
  /** Brings the table up to date. */
  writeAll(): void;
  /** Forgets what an integration's log says of a device. */
  erase(integrationId: string, deviceId: string): void;
  forget(integrationId: string): void;
}

export function createIntegrationLogs({ db, beforeCommit, onRollback }: Transaction): IntegrationLogs {
  const select = db.prepare("SELECT failed, records FROM integration_log WHERE integration_id = ?");
  const save = db.prepare("INSERT OR REPLACE INTO integration_log (integration_id, failed, records) VALUES (?, ?, ?)");
  const remove = db.prepare("DELETE FROM integration_log WHERE integration_id = ?");
  const lookUp = db.prepare(
    "SELECT d.device_id, e.id, e.name FROM delivery d JOIN event e ON e.seq = d.event_seq WHERE d.id = ?",
  );
  const logs = new Map<string, Log>();
  const dirty = new Map<string, Log>();

  function logOf(integrationId: string): Log {
    let log = logs.get(integrationId);
    if (log !== undefined) return log;
    if (logs.size >= MAX_CACHED) {
      writeAll();
      logs.clear();
    }
    log = { sides: [[], []], dirty: false, writtenAt: 0 };
    for (const row of select.all(integrationId)) {
      const records = JSON.parse(String(row["records"])) as LogRecord[];
      log.sides[Number(row["failed"]) as Side].push(...records.map(noted));
    }
    logs.set(integrationId, log);
    return log;
  }

  function recordsOf(side: Noted[]): LogRecord[] {
    return side.flatMap((one) => {
      if (one.settlement !== null) one.record ??= resolve(one.settlement);
      return one.record ?? [];
    });
  }

  function resolve(settlement: Settlement): LogRecord | null {
    const row = lookUp.get(settlement.id);
    if (row === undefined) return null;
    return {
      deliveryId: settlement.id,
      eventId: String(row["id"]),
      event: String(row["name"]),
      deviceId: String(row["device_id"]),
      at: settlement.at,
      outcome: settlement.kind,
      failure: settlement.kind === "delivered" ? null : settlement.failure,
      exchange: settlement.exchange ?? null,
    };
  }

  function write(integrationId: string, log: Log): void {
    for (const side of [0, 1] as const) save.run(integrationId, side, JSON.stringify(recordsOf(log.sides[side])));
    log.dirty = false;
    log.writtenAt = Date.now();
    dirty.delete(integrationId);
  }

  function writeAll(): void {
    for (const [integrationId, log] of dirty) write(integrationId, log);
  }

  beforeCommit(() => {
    if (dirty.size === 0) return;
    const due = Date.now() - WRITE_AGAIN_AFTER_MS;
    for (const [integrationId, log] of dirty) if (log.writtenAt <= due) write(integrationId, log);
  });
  onRollback(() => {
    logs.clear();
    dirty.clear();
  });

  return {
    note(integrationId, settlement) {
      const log = logOf(integrationId);
      const side = log.sides[settlement.kind === "delivered" ? 0 : 1];
      side.unshift({ settlement, record: null });
      if (side.length > KEPT) side.pop();
      if (log.dirty) return;
      log.dirty = true;
      dirty.set(integrationId, log);
    },
    of(integrationId) {
      const { sides } = logOf(integrationId);
      return sides.flatMap(recordsOf).toSorted((a, b) => b.at - a.at || b.deliveryId - a.deliveryId);
    },
    writeAll,
    erase(integrationId, deviceId) {
      const log = logOf(integrationId);
      for (const side of log.sides) {
        const kept = recordsOf(side).filter((record) => record.deviceId !== deviceId);
        side.splice(0, side.length, ...kept.map(noted));
      }
      write(integrationId, log);
    },
    forget(integrationId) {
      logs.delete(integrationId);
      dirty.delete(integrationId);
      remove.run(integrationId);
    },
  };
}

function noted(record: LogRecord): Noted {
  return { settlement: null, record };
}
