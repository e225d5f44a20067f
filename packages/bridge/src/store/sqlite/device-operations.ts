/** Devices, their tokens, and their place in products. */
import type { Approval, Device } from "../../core/device.ts";
import type { DeviceQuery } from "../../core/directory.ts";
import type { Row } from "./driver.ts";
import type { LastHeard } from "./last-heard.ts";
import type { Transaction } from "./transaction.ts";

export interface DeviceChange {
  name?: string | null;
  notes?: string | null;
  firmwareVersion?: number | null;
}

export interface DeviceOperations {
  device(id: string): Device | null;
  devicesOf(ownerId: string): Device[];
  deviceByName(ownerId: string, name: string): Device | null;
  claimDevice(ownerId: string, id: string, at: number): "claimed" | "taken";
  unclaimDevice(id: string): null;
  updateDevice(id: string, change: DeviceChange): "updated" | "name_taken" | "unknown";
  createDeviceToken(hash: string, deviceId: string, at: number): null;
  deviceIdByToken(hash: string): string | null;
  revokeDeviceTokens(deviceId: string): number;
  devicesIn(productId: number, query: DeviceQuery): { devices: Device[]; total: number };
  addToProduct(productId: number, ids: readonly string[], at: number): { added: string[]; nonmember: string[] };
  setApproval(deviceId: string, approval: Approval): null;
  removeFromProduct(productId: number, deviceId: string): null;
}

const ORDER = { deviceId: "id", firmwareVersion: "firmware_version", lastConnection: "last_heard" } as const;

export function deviceOperations({ db }: Transaction, heard: LastHeard): DeviceOperations {
  const byId = db.prepare("SELECT * FROM device WHERE id = ?");
  const byOwner = db.prepare("SELECT * FROM device WHERE owner_id = ? ORDER BY last_heard DESC, id");
  const byName = db.prepare("SELECT * FROM device WHERE owner_id = ? AND name = ?");
  const insert = db.prepare(
    `INSERT INTO device (id, owner_id, product_id, approval, created_at) VALUES (?, ?, ?, 'approved', ?)`,
  );
  const setOwner = db.prepare("UPDATE device SET owner_id = ? WHERE id = ?");
  const setProduct = db.prepare("UPDATE device SET product_id = ?, approval = ? WHERE id = ?");
  const update = db.prepare("UPDATE device SET name = ?, notes = ?, firmware_version = ? WHERE id = ?");
  const clearName = db.prepare("UPDATE device SET name = NULL WHERE id = ?");
  const setApproval = db.prepare("UPDATE device SET approval = ? WHERE id = ?");
  const remove = db.prepare("DELETE FROM device WHERE id = ?");
  const insertToken = db.prepare("INSERT INTO device_token (hash, device_id, created_at) VALUES (?, ?, ?)");
  const selectToken = db.prepare("SELECT device_id FROM device_token WHERE hash = ?");
  const removeTrace = db.prepare("DELETE FROM device_trace WHERE device_id = ?");
  const removeTokens = db.prepare("DELETE FROM device_token WHERE device_id = ?");

  const find = (id: string): Device | null => {
    const row = byId.get(id);
    if (row === undefined) return null;
    const device = toDevice(row);
    return { ...device, lastHeard: heard.of(id) ?? device.lastHeard };
  };
  const forget = (id: string): void => {
    removeTokens.run(id);
    removeTrace.run(id);
    remove.run(id);
  };

  return {
    device: find,
    devicesOf(ownerId) {
      heard.write();
      return byOwner.all(ownerId).map(toDevice);
    },
    deviceByName(ownerId, name) {
      const row = byName.get(ownerId, name);
      return row === undefined ? null : find(String(row["id"]));
    },
    claimDevice(ownerId, id, at) {
      const device = find(id);
      if (device === null) insert.run(id, ownerId, null, at);
      else if (device.ownerId !== null && device.ownerId !== ownerId) return "taken";
      else if (device.ownerId === null) {
        // Names are unique per owner only: a product device may bring one that its new owner already uses.
        if (device.name !== null && byName.get(ownerId, device.name) !== undefined) clearName.run(id);
        setOwner.run(ownerId, id);
      }
      return "claimed";
    },
    unclaimDevice(id) {
      const device = find(id);
      if (device === null) return null;
      if (device.productId === null) forget(id);
      else setOwner.run(null, id);
      return null;
    },
    updateDevice(id, change) {
      const device = find(id);
      if (device === null) return "unknown";
      const name = change.name === undefined ? device.name : change.name;
      if (name !== null && device.ownerId !== null) {
        const other = byName.get(device.ownerId, name);
        if (other !== undefined && other["id"] !== id) return "name_taken";
      }
      const notes = change.notes === undefined ? device.notes : change.notes;
      const firmware = change.firmwareVersion === undefined ? device.firmwareVersion : change.firmwareVersion;
      update.run(name, notes, firmware, id);
      return "updated";
    },
    createDeviceToken(hash, deviceId, at) {
      insertToken.run(hash, deviceId, at);
      return null;
    },
    deviceIdByToken: (hash) => (selectToken.get(hash)?.["device_id"] as string | undefined) ?? null,
    revokeDeviceTokens: (deviceId) => removeTokens.run(deviceId).changes,
    devicesIn(productId, query) {
      heard.write();
      const [where, values] = filter(productId, query);
      const order = `${ORDER[query.sortBy ?? "deviceId"]} ${query.descending ? "DESC" : "ASC"}, id`;
      const total = Number(db.prepare(`SELECT count(*) AS n FROM device WHERE ${where}`).get(...values)?.["n"] ?? 0);
      const page = db.prepare(`SELECT * FROM device WHERE ${where} ORDER BY ${order} LIMIT ? OFFSET ?`);
      const rows = page.all(...values, query.perPage, (query.page - 1) * query.perPage);
      return { devices: rows.map(toDevice), total };
    },
    addToProduct(productId, ids, at) {
      const added: string[] = [];
      const nonmember: string[] = [];
      for (const id of ids) {
        const device = find(id);
        if (device !== null && device.productId !== null && device.productId !== productId) {
          nonmember.push(id);
          continue;
        }
        if (device === null) insert.run(id, null, productId, at);
        else setProduct.run(productId, "approved", id);
        added.push(id);
      }
      return { added, nonmember };
    },
    setApproval(deviceId, approval) {
      setApproval.run(approval, deviceId);
      return null;
    },
    removeFromProduct(productId, deviceId) {
      const device = find(deviceId);
      if (device?.productId !== productId) return null;
      if (device.ownerId === null) forget(deviceId);
      else setProduct.run(null, "approved", deviceId);
      return null;
    },
  };
}

function filter(productId: number, query: DeviceQuery): [string, (string | number)[]] {
  const clauses = ["product_id = ?"];
  const values: (string | number)[] = [productId];
  if (query.quarantined !== undefined)
    clauses.push(query.quarantined ? "approval = 'quarantined'" : "approval <> 'quarantined'");
  for (const [column, text] of [
    ["id", query.deviceId],
    ["name", query.deviceName],
  ] as const) {
    if (text === undefined) continue;
    clauses.push(`instr(lower(${column}), lower(?)) > 0`);
    values.push(text);
  }
  return [clauses.join(" AND "), values];
}

function toDevice(row: Row): Device {
  return {
    id: String(row["id"]),
    name: row["name"] as string | null,
    ownerId: row["owner_id"] as string | null,
    productId: row["product_id"] as number | null,
    approval: row["approval"] as Approval,
    firmwareVersion: row["firmware_version"] as number | null,
    notes: row["notes"] as string | null,
    lastHeard: row["last_heard"] as number | null,
    createdAt: Number(row["created_at"]),
  };
}
