/** A device's state as a row, and the one place where such rows and their conflicts are written and forgotten. */
import type { DeviceState, StateChange, StateConflict } from "../../core/device-state.ts";
import type { Row, Value } from "./driver.ts";
import { hubConnections } from "./hub-connections.ts";
import { hubRemovalNotes } from "./hub-removal-operations.ts";
import type { Transaction } from "./transaction.ts";

/** Conflicts that are kept of a device. */
const KEPT_CONFLICTS = 20;

export interface StateRows {
  find(deviceId: string): DeviceState | null;
  /** As it stands in the table. */
  row(deviceId: string): Row | undefined;
  /** False, and nothing is written, when the row has another revision by now or there is no such device. */
  save(change: StateChange): boolean;
  /** The state and its conflicts. The hub's device of a Thing is noted to be deleted there. */
  forget(deviceId: string, at: number): void;
  /**
   * No hub mirrors the device any more: the next one belongs to somebody else, and is for `state/` to find. Does nothing of
   * a Thing, which stays where it was made.
   */
  leaveHub(deviceId: string): void;
}

export function stateRows(transaction: Transaction): StateRows {
  const { db } = transaction;
  const removals = hubRemovalNotes(transaction);
  const connections = hubConnections(transaction);
  const byId = db.prepare("SELECT * FROM device_state WHERE device_id = ?");
  const insert = db.prepare(
    `INSERT INTO device_state (${COLUMNS.map(({ name }) => name).join(", ")}, device_id)
     SELECT ${COLUMNS.map((_, i) => `?${i + 1}`).join(", ")}, id FROM device WHERE id = ?${COLUMNS.length + 1}
     ON CONFLICT (device_id) DO NOTHING`,
  );
  const update = db.prepare(
    `UPDATE device_state SET ${COLUMNS.map(({ name }) => `${name} = ?`).join(", ")} WHERE device_id = ? AND revision = ?`,
  );
  const insertConflict = db.prepare(
    `INSERT INTO state_conflict (device_id, at, path, ours, theirs, their_source, kept, rule)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const dropOldConflicts = db.prepare(
    `DELETE FROM state_conflict WHERE device_id = ?1 AND id <=
     (SELECT id FROM state_conflict WHERE device_id = ?1 ORDER BY id DESC LIMIT 1 OFFSET ${KEPT_CONFLICTS})`,
  );
  const inHubOf = db.prepare(
    `SELECT s.connection_id, s.reach, s.hub_device_id, d.product_id FROM device_state s LEFT JOIN device d ON d.id = s.device_id
     WHERE s.device_id = ? AND s.connection_id IS NOT NULL`,
  );
  const remove = db.prepare("DELETE FROM device_state WHERE device_id = ?");
  const leave = db.prepare(
    `UPDATE device_state SET revision = revision + 1, connection_id = NULL, pending_since = NULL, message_pending = 0,
     trouble = NULL, due_at = 0, generation_id = '', status = 'enabled', connection_state = 'disconnected', missing_since = NULL
     WHERE device_id = ? AND reach = 'bridge' AND connection_id IS NOT NULL`,
  );
  const removeConflicts = db.prepare("DELETE FROM state_conflict WHERE device_id = ?");

  function keep({ deviceId, at, path, ours, theirs, theirSource, kept, rule }: StateConflict): void {
    insertConflict.run(deviceId, at, path, JSON.stringify(ours), JSON.stringify(theirs), theirSource, kept, rule);
  }

  return {
    row: (deviceId) => byId.get(deviceId),
    find(deviceId) {
      const row = byId.get(deviceId);
      return row === undefined ? null : toDeviceState(row);
    },
    save({ next, conflicts }) {
      const values = COLUMNS.map(({ of }) => of(next));
      const { changes } =
        next.revision === 1
          ? insert.run(...values, next.deviceId)
          : update.run(...values, next.deviceId, next.revision - 1);
      if (changes === 0) return false;
      for (const conflict of conflicts.slice(-KEPT_CONFLICTS)) keep(conflict);
      if (conflicts.length > 0) dropOldConflicts.run(next.deviceId);
      return true;
    },
    forget(deviceId, at) {
      const inHub = inHubOf.get(deviceId);
      remove.run(deviceId);
      removeConflicts.run(deviceId);
      if (inHub === undefined) return;
      const connectionId = String(inHub["connection_id"]);
      const hubDeviceId = String(inHub["hub_device_id"]);
      const productId = inHub["product_id"] as number | null;
      if (inHub["reach"] === "itself") removals.note({ connectionId, hubDeviceId, productId, at });
      else connections.dropIfUnused(connectionId);
    },
    leaveHub(deviceId) {
      const connectionId = inHubOf.get(deviceId)?.["connection_id"] ?? null;
      if (leave.run(deviceId).changes > 0) connections.dropIfUnused(String(connectionId));
    },
  };
}

/** All columns but the id, with what stands in them. */
const COLUMNS: readonly { readonly name: string; readonly of: (state: DeviceState) => Value }[] = [
  { name: "revision", of: ({ revision }) => revision },
  { name: "reach", of: ({ reach }) => reach },
  { name: "connection_id", of: ({ connectionId }) => connectionId },
  { name: "hub_device_id", of: ({ hubDeviceId }) => hubDeviceId },
  { name: "pending_since", of: ({ pendingSince }) => pendingSince },
  { name: "due_at", of: ({ trouble }) => trouble?.retryAt ?? 0 },
  { name: "message_pending", of: ({ messageFor }) => messageFor ?? 0 },
  { name: "missing_since", of: ({ standing }) => standing.missingSince },
  { name: "etag", of: ({ etag }) => etag },
  { name: "generation_id", of: ({ standing }) => standing.generationId },
  { name: "status", of: ({ standing }) => standing.status },
  { name: "connection_state", of: ({ standing }) => standing.connectionState },
  { name: "last_activity", of: ({ standing }) => standing.lastActivity },
  { name: "conflicts", of: ({ conflicts }) => conflicts },
  { name: "changed_at", of: ({ changedAt }) => changedAt },
  { name: "trouble", of: ({ trouble }) => (trouble === null ? null : JSON.stringify(trouble)) },
  { name: "state", of: ({ state }) => JSON.stringify(state) },
  { name: "desired", of: ({ desired }) => JSON.stringify(desired) },
  { name: "reported", of: ({ reported }) => JSON.stringify(reported) },
  { name: "stamps", of: ({ stamps }) => JSON.stringify(stamps) },
];

export function toDeviceState(row: Row): DeviceState {
  return {
    deviceId: String(row["device_id"]),
    reach: row["reach"] as DeviceState["reach"],
    connectionId: row["connection_id"] as string | null,
    hubDeviceId: String(row["hub_device_id"]),
    state: parsed(row["state"]),
    stamps: parsed(row["stamps"]),
    desired: parsed(row["desired"]),
    reported: parsed(row["reported"]),
    pendingSince: row["pending_since"] as number | null,
    messageFor: row["message_pending"] === 0 ? null : (row["message_pending"] as number),
    etag: row["etag"] as string | null,
    standing: {
      generationId: String(row["generation_id"]),
      status: row["status"] as DeviceState["standing"]["status"],
      connectionState: row["connection_state"] as DeviceState["standing"]["connectionState"],
      lastActivity: row["last_activity"] as number | null,
      missingSince: row["missing_since"] as number | null,
    },
    trouble: row["trouble"] === null ? null : parsed(row["trouble"]),
    conflicts: Number(row["conflicts"]),
    changedAt: Number(row["changed_at"]),
    revision: Number(row["revision"]),
  };
}

export function toConflict(row: Row): StateConflict {
  return {
    deviceId: String(row["device_id"]),
    at: Number(row["at"]),
    path: String(row["path"]),
    ours: parsed(row["ours"]),
    theirs: parsed(row["theirs"]),
    theirSource: row["their_source"] as StateConflict["theirSource"],
    kept: row["kept"] as StateConflict["kept"],
    rule: row["rule"] as StateConflict["rule"],
  };
}

function parsed<T>(text: Value | undefined): T {
  return JSON.parse(String(text)) as T;
}
