/** Devices that are gone here and are still to be deleted in their hub. */
import type { HubRemoval } from "../../core/state-store.ts";
import type { Row } from "./driver.ts";
import { hubConnections } from "./hub-connections.ts";
import type { Transaction } from "./transaction.ts";

export interface HubRemovalOperations {
  hubRemoval(connectionId: string, hubDeviceId: string): HubRemoval | null;
  hubRemovals(options: {
    readonly dueAt: number;
    readonly limit: number;
    readonly without?: readonly string[];
  }): HubRemoval[];
  hubRemovalDone(connectionId: string, hubDeviceId: string): null;
  /** Of one that is still to be done. */
  hubRemovalFailed(removal: HubRemoval): null;
  hubRemovalCount(connectionId: string | null): number;
}

/** What is to be deleted. `productId`: whose it was, so that it follows the product's settings to another key of the same hub. */
export interface RemovalNote {
  readonly connectionId: string;
  readonly hubDeviceId: string;
  readonly productId: number | null;
  /** Unix milliseconds. */
  readonly at: number;
}

export interface HubRemovalNotes {
  /** Due at once. */
  note(removal: RemovalNote): void;
}

export function hubRemovalNotes({ db }: Transaction): HubRemovalNotes {
  const insert = db.prepare(
    `INSERT INTO hub_removal (connection_id, hub_device_id, product_id, since, attempts, retry_at)
     VALUES (?, ?, ?, ?, 0, 0) ON CONFLICT DO NOTHING`,
  );
  return {
    note: ({ connectionId, hubDeviceId, productId, at }) => void insert.run(connectionId, hubDeviceId, productId, at),
  };
}

export function hubRemovalOperations(transaction: Transaction): HubRemovalOperations {
  const { db } = transaction;
  const connections = hubConnections(transaction);
  const one = db.prepare("SELECT * FROM hub_removal WHERE connection_id = ? AND hub_device_id = ?");
  const due = db.prepare(
    `SELECT * FROM hub_removal WHERE retry_at <= ? AND connection_id NOT IN (SELECT value FROM json_each(?))
     ORDER BY retry_at LIMIT ?`,
  );
  const remove = db.prepare("DELETE FROM hub_removal WHERE connection_id = ? AND hub_device_id = ?");
  const fail = db.prepare(
    "UPDATE hub_removal SET attempts = ?, retry_at = ?, reason = ? WHERE connection_id = ? AND hub_device_id = ?",
  );
  const count = db.prepare("SELECT count(*) AS n FROM hub_removal");
  const countOf = db.prepare("SELECT count(*) AS n FROM hub_removal WHERE connection_id = ?");

  return {
    hubRemoval(connectionId, hubDeviceId) {
      const row = one.get(connectionId, hubDeviceId);
      return row === undefined ? null : toRemoval(row);
    },
    hubRemovals: ({ dueAt, limit, without = [] }) => due.all(dueAt, JSON.stringify(without), limit).map(toRemoval),
    hubRemovalDone(connectionId, hubDeviceId) {
      remove.run(connectionId, hubDeviceId);
      connections.dropIfUnused(connectionId);
      return null;
    },
    hubRemovalFailed({ connectionId, hubDeviceId, attempts, retryAt, reason }) {
      fail.run(attempts, retryAt, reason, connectionId, hubDeviceId);
      return null;
    },
    hubRemovalCount(connectionId) {
      const row = connectionId === null ? count.get() : countOf.get(connectionId);
      return Number(row?.["n"] ?? 0);
    },
  };
}

function toRemoval(row: Row): HubRemoval {
  return {
    connectionId: String(row["connection_id"]),
    hubDeviceId: String(row["hub_device_id"]),
    since: Number(row["since"]),
    attempts: Number(row["attempts"]),
    retryAt: Number(row["retry_at"]),
    reason: row["reason"] as string | null,
  };
}
