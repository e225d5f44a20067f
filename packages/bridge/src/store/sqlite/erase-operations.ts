/**
 * Erases what a device has said, for good: the database overwrites what is deleted. In steps. What had not been
 * delivered becomes erased in the ledger; what had been stays delivered there, because it was.
 */
import type { Books } from "./books.ts";
import { countBy, lanesOf, type Lane } from "./delivery-rows.ts";
import type { EventNumbers } from "./event-numbers.ts";
import { stateRows } from "./state-rows.ts";
import type { Transaction } from "./transaction.ts";

export interface EraseOperations {
  /**
   * The next deliveries of the device; `done` after the last. `lanes` are those that may hold some of them. Its state goes
   * too; a Thing's goes when the Thing is deleted, which cannot be without it.
   */
  eraseDeliveries(
    deviceId: string,
    at: number,
    limit: number,
  ): { count: number; lanes: (Lane & { integrationId: string })[]; done: boolean };
  /** The device's events among the next `limit` of all; `nextAfter` is `null` after the last. */
  eraseEvents(deviceId: string, after: number, limit: number): { count: number; nextAfter: number | null };
}

export function eraseOperations(transaction: Transaction, books: Books, numbers: EventNumbers): EraseOperations {
  const { db } = transaction;
  const states = stateRows(transaction);
  const { counters, causes, logs, replays } = books;
  const nextIntegration = db.prepare("SELECT min(integration_id) AS id FROM delivery WHERE integration_id > ?");
  const ofDevice = db.prepare(
    "SELECT id, device_id, state, code, replay_id FROM delivery WHERE integration_id = ? AND device_id = ? ORDER BY id LIMIT ?",
  );
  const removeTwinChanges = db.prepare("DELETE FROM twin_change WHERE device_id = ?");
  const logged = db.prepare("SELECT DISTINCT integration_id FROM integration_log");
  const removeDelivery = db.prepare("DELETE FROM delivery WHERE id = ?");
  const removeAttempts = db.prepare("DELETE FROM attempt WHERE delivery_id = ?");
  const lastOfStep = db.prepare(
    "SELECT max(seq) AS seq, count(*) AS n FROM (SELECT seq FROM event WHERE seq > ? ORDER BY seq LIMIT ?)",
  );
  const removeEvents = db.prepare("DELETE FROM event WHERE seq > ? AND seq <= ? AND device_id = ?");

  function eraseOf(
    integrationId: string,
    deviceId: string,
    at: number,
    limit: number,
  ): { count: number; lanes: Lane[] } {
    const rows = ofDevice.all(integrationId, deviceId, limit);
    const parked = rows.filter((row) => row["state"] === 2);
    const pending = rows.filter((row) => row["state"] === 0);
    for (const row of rows) {
      removeDelivery.run(Number(row["id"]));
      removeAttempts.run(Number(row["id"]));
      causes.erase(integrationId, Number(row["id"]));
    }
    counters.add(integrationId, at, "parked", -parked.length);
    counters.add(integrationId, at, "erased", parked.length + pending.length);
    for (const [code, count] of countBy(parked, (row) => row["code"])) causes.left(integrationId, code, count);
    replays.expired(pending);
    return { count: rows.length, lanes: lanesOf(pending) };
  }

  return {
    eraseDeliveries(deviceId, at, limit) {
      numbers.keep();
      if (states.find(deviceId)?.reach === "bridge") states.forget(deviceId, at);
      removeTwinChanges.run(deviceId);
      for (const row of logged.all()) logs.erase(String(row["integration_id"]), deviceId);
      let count = 0;
      const lanes: (Lane & { integrationId: string })[] = [];
      let id = nextIntegration.get("")?.["id"] ?? null;
      while (id !== null && count < limit) {
        const integrationId = String(id);
        const erased = eraseOf(integrationId, deviceId, at, limit - count);
        count += erased.count;
        lanes.push(...erased.lanes.map((lane) => ({ ...lane, integrationId })));
        id = nextIntegration.get(id)?.["id"] ?? null;
      }
      return { count, lanes, done: count < limit };
    },
    eraseEvents(deviceId, after, limit) {
      const step = lastOfStep.get(after, limit);
      if (step === undefined || step["seq"] === null) return { count: 0, nextAfter: null };
      const last = Number(step["seq"]);
      const { changes } = removeEvents.run(after, last, deviceId);
      return { count: changes, nextAfter: Number(step["n"]) < limit ? null : last };
    },
  };
}
