/** What became of twins: the newest changes of each device, for a while. Goes with the device. */
import {
  KEPT_TWIN_CHANGES,
  type KeptTwinChange,
  type TwinChangeInHub,
  type TwinHistory,
} from "../../core/twin-history.ts";
import type { Row } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

export interface TwinChangeOperations {
  saveTwinChanges(changes: readonly TwinChangeInHub[]): null;
  twinChanges(query: Parameters<TwinHistory["twinChanges"]>[0]): readonly KeptTwinChange[];
  forgetTwinChanges(before: number, limit: number): number;
}

/** A longer patch is kept as a change whose words are lost. */
const LONGEST_PATCH = 8_192;
/** Two tell of the same version within that time; afterwards the number belongs to a twin that was made anew. */
const SAME_VERSION_MS = 10 * 60_000;

export function twinChangeOperations({ db }: Transaction): TwinChangeOperations {
  const toldAlready = db.prepare(
    `SELECT id, by_kind FROM twin_change WHERE device_id = ? AND host_name = ? AND hub_device_id = ? AND section = ?
     AND version = ? AND at > ? ORDER BY id DESC LIMIT 1`,
  );
  // Only for devices that are there: one that is being erased must leave nothing behind.
  const insert = db.prepare(
    `INSERT INTO twin_change (device_id, host_name, hub_device_id, at, by_kind, by_name, section, patch, version)
     SELECT id, ?, ?, ?, ?, ?, ?, ?, ? FROM device WHERE id = ?`,
  );
  const setAuthor = db.prepare("UPDATE twin_change SET by_kind = ?, by_name = ? WHERE id = ?");
  const dropOld = db.prepare(
    `DELETE FROM twin_change WHERE device_id = ?1 AND section = ?2 AND id <=
     (SELECT id FROM twin_change WHERE device_id = ?1 AND section = ?2 ORDER BY id DESC LIMIT 1 OFFSET ?3)`,
  );
  const select = db.prepare(
    `SELECT * FROM twin_change WHERE device_id = ? AND host_name = ? AND hub_device_id = ? AND id < ? ORDER BY id DESC LIMIT ?`,
  );
  const forget = db.prepare("DELETE FROM twin_change WHERE id IN (SELECT id FROM twin_change WHERE at < ? LIMIT ?)");

  function save({ deviceId, hostName, hubDeviceId, at, by, section, patch, version }: TwinChangeInHub): void {
    const told =
      version === null
        ? undefined
        : toldAlready.get(deviceId, hostName, hubDeviceId, section, version, at - SAME_VERSION_MS);
    if (told !== undefined) {
      // Who saw it from outside did not know whose it was.
      if (told["by_kind"] === "hub") setAuthor.run(by.kind, by.name, Number(told["id"]));
      return;
    }
    const text = JSON.stringify(patch);
    const kept = text.length > LONGEST_PATCH ? "null" : text;
    insert.run(hostName, hubDeviceId, at, by.kind, by.name, section, kept, version, deviceId);
  }

  return {
    saveTwinChanges(changes) {
      for (const change of changes) save(change);
      const touched = new Map(changes.map((change) => [`${change.section} ${change.deviceId}`, change]));
      for (const { deviceId, section } of touched.values()) dropOld.run(deviceId, section, KEPT_TWIN_CHANGES[section]);
      return null;
    },
    twinChanges({ deviceId, hostName, hubDeviceId, before, limit }) {
      const rows = select.all(deviceId, hostName, hubDeviceId, before ?? Number.MAX_SAFE_INTEGER, limit);
      return rows.map(toChange);
    },
    forgetTwinChanges: (before, limit) => forget.run(before, limit).changes,
  };
}

function toChange(row: Row): KeptTwinChange {
  return {
    id: Number(row["id"]),
    deviceId: String(row["device_id"]),
    hostName: String(row["host_name"]),
    hubDeviceId: String(row["hub_device_id"]),
    at: Number(row["at"]),
    by: { kind: row["by_kind"] as TwinChangeInHub["by"]["kind"], name: row["by_name"] as string | null },
    section: row["section"] as TwinChangeInHub["section"],
    patch: JSON.parse(String(row["patch"])) as TwinChangeInHub["patch"],
    version: row["version"] as number | null,
  };
}
