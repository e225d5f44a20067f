/**
 * Things: noted before their device is made in the hub, there once that is done, and never in the way of another device
 * of the same id. A Thing's device is a row among the product's devices, under the same name.
 */
import type { DeviceState, StateChange } from "../../core/device-state.ts";
import type { Thing, ThingWithState } from "../../core/thing.ts";
import type { Lane } from "./delivery-rows.ts";
import { deviceRemoval } from "./device-removal.ts";
import { hubRemovalNotes } from "./hub-removal-operations.ts";
import type { ThingDeliveries } from "./thing-deliveries.ts";
import type { Row } from "./driver.ts";
import { propertiesText, thingRows, toThing, type UnplacedThing } from "./thing-rows.ts";
import type { Transaction } from "./transaction.ts";

export interface ThingOperations {
  /** `run`: of the process that notes it. */
  noteThing(thing: UnplacedThing, connectionId: string, run: string): "noted" | "taken";
  confirmThing(id: string, state: StateChange): ThingWithState | null;
  dropThing(id: string, isToBeRemoved: boolean, at: number): null;
  /** Those of other runs. */
  dropUnconfirmedThings(run: string, at: number): number;
  things(ids: readonly string[]): ThingWithState[];
  /** In the order of the docIds. */
  thingsAt(docIds: readonly number[]): ThingWithState[];
  saveThing(thing: Thing, state: StateChange | null): "saved" | "stale" | "unknown";
  /** `null`: there was none. Else the lanes that held deliveries of it. */
  deleteThing(id: string, at: number): { lanes: (Lane & { integrationId: string })[] } | null;
  countThings(productId: number): number;
}

/** What is kept of states, inside the same transaction. */
export interface ThingStates {
  /** Returns the ids of those that are stale. */
  saveStates(changes: readonly StateChange[]): readonly string[];
  deviceStates(deviceIds: readonly string[]): readonly DeviceState[];
}

export interface ThingParts {
  readonly states: ThingStates;
  readonly deliveries: ThingDeliveries;
}

export function thingOperations(transaction: Transaction, { states, deliveries }: ThingParts): ThingOperations {
  const { db } = transaction;
  const rows = thingRows(transaction);
  const { forget } = deviceRemoval(transaction);
  const removals = hubRemovalNotes(transaction);
  const device = db.prepare("SELECT id FROM device WHERE id = ?");
  const removal = db.prepare("SELECT 1 FROM hub_removal WHERE connection_id = ? AND hub_device_id = ?");
  const note = db.prepare(
    "INSERT OR IGNORE INTO noted_thing (id, product_id, connection_id, thing, run) VALUES (?, ?, ?, ?, ?)",
  );
  const noted = db.prepare("SELECT * FROM noted_thing WHERE id = ?");
  const notedBefore = db.prepare("SELECT * FROM noted_thing WHERE run <> ?");
  const dropNote = db.prepare("DELETE FROM noted_thing WHERE id = ?");
  const insertDevice = db.prepare(
    "INSERT INTO device (id, name, owner_id, product_id, approval, created_at) VALUES (?, ?, NULL, ?, 'approved', ?)",
  );
  const renameDevice = db.prepare("UPDATE device SET name = ? WHERE id = ?");
  const byIds = db.prepare("SELECT * FROM thing WHERE id IN (SELECT value FROM json_each(?))");
  const idAt = db.prepare("SELECT id FROM thing WHERE doc_id = ?");
  const revision = db.prepare("SELECT revision FROM thing WHERE id = ?");
  const count = db.prepare("SELECT count(*) AS n FROM thing WHERE product_id = ?");

  function read(ids: readonly string[]): ThingWithState[] {
    const found = new Map(byIds.all(JSON.stringify(ids)).map((row) => [String(row["id"]), toThing(row)]));
    const stateOf = new Map(states.deviceStates([...found.keys()]).map((state) => [state.deviceId, state]));
    return ids.flatMap((id) => {
      const [thing, state] = [found.get(id), stateOf.get(id)];
      return thing === undefined || state === undefined ? [] : [{ thing, state }];
    });
  }

  function remove(note: Row, at: number): void {
    removals.note({
      connectionId: String(note["connection_id"]),
      hubDeviceId: String(note["id"]),
      productId: Number(note["product_id"]),
      at,
    });
  }

  return {
    noteThing(thing, connectionId, run) {
      propertiesText(thing.properties);
      // A removal that is still to be done would take the new device along.
      const isTaken = device.get(thing.id) !== undefined || removal.get(connectionId, thing.id) !== undefined;
      if (isTaken) return "taken";
      const { changes } = note.run(thing.id, thing.productId, connectionId, JSON.stringify(thing), run);
      return changes === 1 ? "noted" : "taken";
    },
    confirmThing(id, state) {
      const row = noted.get(id);
      if (row === undefined) return null;
      const thing = JSON.parse(String(row["thing"])) as UnplacedThing;
      dropNote.run(id);
      insertDevice.run(id, thing.name, thing.productId, thing.timestamp);
      rows.insert(thing);
      if (states.saveStates([state]).length > 0) throw new Error(`The device ${id} has a state already.`);
      return read([id])[0] ?? null;
    },
    dropThing(id, isToBeRemoved, at) {
      const row = noted.get(id);
      dropNote.run(id);
      if (row !== undefined && isToBeRemoved) remove(row, at);
      return null;
    },
    dropUnconfirmedThings(run, at) {
      const left = notedBefore.all(run);
      for (const row of left) {
        dropNote.run(String(row["id"]));
        remove(row, at);
      }
      return left.length;
    },
    things: read,
    thingsAt: (docIds) => read(docIds.flatMap((docId) => idAt.all(docId).map((row) => String(row["id"])))),
    saveThing(thing, state) {
      const stored = revision.get(thing.id)?.["revision"];
      if (stored === undefined) return "unknown";
      if (stored !== thing.revision - 1) return "stale";
      // First, because it may be stale: nothing is written then.
      if (state !== null && states.saveStates([state]).length > 0) return "stale";
      rows.update(thing);
      renameDevice.run(thing.name, thing.id);
      return "saved";
    },
    deleteThing(id, at) {
      if (revision.get(id) === undefined) return null;
      const lanes = deliveries.end(id, at);
      forget(id, at);
      return { lanes };
    },
    countThings: (productId) => Number(count.get(productId)?.["n"] ?? 0),
  };
}
