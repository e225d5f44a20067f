/** Devices that are gone here and are still to be deleted in their hub. */
import type { HubRemoval } from "../../core/state-store.ts";
import type { Row } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

export interface HubRemovalOperations {
  hubRemovals(options: { readonly dueAt: number; readonly limit: number }): HubRemoval[];
  hubRemovalDone(connectionId: string, hubDeviceId: string): null;
  /** Of one that is still to be done. */
  hubRemovalFailed(removal: HubRemoval): null;
  hubRemovalCount(): number;
}

/** What is to be deleted. `productId`: whose it was, so that a changed key of the product's hub is used for it. */
export interface RemovalNote {
  readonly connectionId: string;
  readonly hubDeviceId: string;
  readonly productId: number | null;
  readonly since: number;
}

/** Notes that a hub's device is to be deleted. Due at once. */
export function removalNotes({ db }: Transaction): (note: RemovalNote) => void {
  const insert = db.prepare(
    `INSERT INTO hub_removal (connection_id, hub_device_id, product_id, since, attempts, retry_at)
     VALUES (?, ?, ?, ?, 0, 0) ON CONFLICT DO NOTHING`,
  );
  return ({ connectionId, hubDeviceId, productId, since }) =>
    void insert.run(connectionId, hubDeviceId, productId, since);
}

export function hubRemovalOperations({ db }: Transaction): HubRemovalOperations {
  const due = db.prepare("SELECT * FROM hub_removal WHERE retry_at <= ? ORDER BY retry_at LIMIT ?");
  const remove = db.prepare("DELETE FROM hub_removal WHERE connection_id = ? AND hub_device_id = ?");
  const fail = db.prepare(
    "UPDATE hub_removal SET attempts = ?, retry_at = ?, reason = ? WHERE connection_id = ? AND hub_device_id = ?",
  );
  const count = db.prepare("SELECT count(*) AS n FROM hub_removal");

  return {
    hubRemovals: ({ dueAt, limit }) => due.all(dueAt, limit).map(toRemoval),
    hubRemovalDone(connectionId, hubDeviceId) {
      remove.run(connectionId, hubDeviceId);
      return null;
    },
    hubRemovalFailed({ connectionId, hubDeviceId, attempts, retryAt, reason }) {
      fail.run(attempts, retryAt, reason, connectionId, hubDeviceId);
      return null;
    },
    hubRemovalCount: () => Number(count.get()?.["n"] ?? 0),
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
