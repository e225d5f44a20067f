/**
 * Device states by device, by hub, and by what waits. They leave the worker as rows: their long texts are read by who asked,
 * so that a look at ten thousand of them does not hold up those who wait for a flush.
 */
import type { StateChange, StateConflict } from "../../core/device-state.ts";
import type { Scope } from "../../core/integration.ts";
import type { StateConnectionCount } from "../../core/state-store.ts";
import type { Row } from "./driver.ts";
import { createStateConnectionCounts } from "./state-connection-counts.ts";
import { stateRows, toConflict } from "./state-rows.ts";
import type { Transaction } from "./transaction.ts";

export interface StateOperations {
  deviceState(deviceId: string): Row | null;
  deviceStates(deviceIds: readonly string[]): Row[];
  statesInHub(connectionId: string, hubDeviceIds: readonly string[]): Row[];
  /** Returns the ids of those that were not written. */
  saveStates(changes: readonly StateChange[]): string[];
  statesToPush(connectionId: string, options: { readonly dueAt: number; readonly limit: number }): Row[];
  statesOf(connectionId: string, options: { readonly after: string; readonly limit: number }): Row[];
  conflictsOf(deviceId: string): StateConflict[];
  conflictsIn(scope: Scope, limit: number): StateConflict[];
  stateConnections(): StateConnectionCount[];
}

export function stateOperations(transaction: Transaction): StateOperations {
  const { db } = transaction;
  const rows = stateRows(transaction);
  const inHub = db.prepare("SELECT * FROM device_state WHERE connection_id = ? AND hub_device_id = ?");
  const toPush = db.prepare(
    `SELECT * FROM device_state WHERE connection_id = ? AND pending_since IS NOT NULL AND due_at <= ?
     ORDER BY pending_since LIMIT ?`,
  );
  const ofConnection = db.prepare(
    "SELECT * FROM device_state WHERE connection_id = ? AND device_id > ? ORDER BY device_id LIMIT ?",
  );
  const conflictsOf = db.prepare("SELECT * FROM state_conflict WHERE device_id = ? ORDER BY id DESC");
  // CROSS JOIN: from the newest conflict on, and no further than the limit.
  const conflictsWhere = (condition: string): string =>
    `SELECT c.* FROM state_conflict c CROSS JOIN device d ON d.id = c.device_id WHERE ${condition} ORDER BY c.id DESC LIMIT ?`;
  const ofProduct = db.prepare(conflictsWhere("d.product_id = ?"));
  const ofSandbox = db.prepare(conflictsWhere("d.owner_id = ? AND d.product_id IS NULL"));

  return {
    deviceState: (id) => rows.row(id) ?? null,
    deviceStates: (ids) => ids.map((id) => rows.row(id)).filter((row) => row !== undefined),
    statesInHub: (connectionId, ids) => ids.flatMap((id) => inHub.all(connectionId, id)),
    saveStates: (changes) => changes.filter((change) => !rows.save(change)).map(({ next }) => next.deviceId),
    statesToPush: (connectionId, { dueAt, limit }) => toPush.all(connectionId, dueAt, limit),
    statesOf: (connectionId, { after, limit }) => ofConnection.all(connectionId, after, limit),
    conflictsOf: (deviceId) => conflictsOf.all(deviceId).map(toConflict),
    conflictsIn: (scope, limit) =>
      (scope.kind === "product" ? ofProduct.all(scope.productId, limit) : ofSandbox.all(scope.accountId, limit)).map(
        toConflict,
      ),
    stateConnections: createStateConnectionCounts(transaction),
  };
}
