/** Devices, their tokens, and their place in products. */
import type { Approval, Device, DeviceChange } from "../../core/device.ts";
import type { DeviceQuery } from "../../core/directory.ts";
import type { CountDevices } from "./device-counts.ts";
import { deviceRemoval } from "./device-removal.ts";
import type { Row } from "./driver.ts";
import type { LastHeard } from "./last-heard.ts";
import { stateRows } from "./state-rows.ts";
import type { Transaction } from "./transaction.ts";

export interface DeviceOperations {
  device(id: string): Device | null;
  devicesOf(ownerId: string): Device[];
  deviceByName(ownerId: string, name: string): Device | null;
  claimDevice(ownerId: string, id: string, at: number): "claimed" | "taken";
  unclaimDevice(id: string, at: number): null;
  updateDevice(id: string, change: DeviceChange, at: number): "updated" | "name_taken" | "unknown";
  createDeviceToken(hash: string, deviceId: string, at: number): null;
  deviceIdByToken(hash: string): string | null;
  revokeDeviceTokens(deviceId: string): number;
  devicesIn(productId: number, query: DeviceQuery): { devices: Device[]; total: number };
  addToProduct(productId: number, ids: readonly string[], at: number): { added: string[]; nonmember: string[] };
  admitToProduct(productId: number, id: string, at: number): Device | null;
  setApproval(deviceId: string, approval: Approval): null;
  removeFromProduct(productId: number, deviceId: string, at: number): null;
}

const ORDER = { deviceId: "id", firmwareVersion: "firmware_version", lastConnection: "last_heard" } as const;

export function deviceOperations(
  transaction: Transaction,
  heard: LastHeard,
  countDevices: CountDevices,
): DeviceOperations {
  const { db } = transaction;
  const { forget, leaveProduct, endTransfers } = deviceRemoval(transaction);
  const states = stateRows(transaction);
  const byId = db.prepare("SELECT * FROM device WHERE id = ?");
  const byOwner = db.prepare("SELECT * FROM device WHERE owner_id = ? ORDER BY last_heard DESC, id");
  const byName = db.prepare("SELECT * FROM device WHERE owner_id = ? AND name = ?");
  const insert = db.prepare(
    `INSERT INTO device (id, owner_id, product_id, approval, created_at) VALUES (?, ?, ?, ?, ?)`,
  );
  const setOwner = db.prepare("UPDATE device SET owner_id = ? WHERE id = ?");
  const setProduct = db.prepare("UPDATE device SET product_id = ?, approval = ? WHERE id = ?");
  const update = db.prepare(
    `UPDATE device SET name = ?, notes = ?, firmware_version = ?, serial_number = ?, desired_firmware_version = ?, development = ?
      WHERE id = ?`,
  );
  const clearName = db.prepare("UPDATE device SET name = NULL WHERE id = ?");
  const setApproval = db.prepare("UPDATE device SET approval = ? WHERE id = ?");
  const product = db.prepare("SELECT owner_id, quarantine FROM product WHERE id = ?");
  const leaveGroups = db.prepare("DELETE FROM device_group WHERE device_id = ?");
  const makeGroup = db.prepare(
    "INSERT INTO product_group (product_id, name, description, created_at) VALUES (?, ?, '', ?) ON CONFLICT DO NOTHING",
  );
  const joinGroup = db.prepare(
    "INSERT INTO device_group (device_id, product_id, name) VALUES (?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const thing = db.prepare(
    "SELECT id FROM thing WHERE id = ?1 UNION ALL SELECT id FROM noted_thing WHERE id = ?1 LIMIT 1",
  );
  const renameThing = db.prepare(
    "UPDATE thing SET name = ?, updated = ?, revision = revision + 1 WHERE id = ? AND name <> ?",
  );
  const insertToken = db.prepare("INSERT INTO device_token (hash, device_id, created_at) VALUES (?, ?, ?)");
  const selectToken = db.prepare("SELECT device_id FROM device_token WHERE hash = ?");
  const removeTokens = db.prepare("DELETE FROM device_token WHERE device_id = ?");

  const find = (id: string): Device | null => {
    const row = byId.get(id);
    if (row === undefined) return null;
    const device = toDevice(row);
    return { ...device, lastHeard: heard.of(id) ?? device.lastHeard };
  };
  // Also while its device is being made in the hub.
  const isThing = (id: string): boolean => thing.get(id) !== undefined;
  const place = (device: Device | null, id: string, productId: number, approval: Approval, at: number): void => {
    if (device === null) insert.run(id, null, productId, approval, at);
    else setProduct.run(productId, approval, id);
    if (device !== null && device.productId !== productId) states.leaveHub(id);
  };
  /** A Thing is never without a name. */
  const nameOfThing = (id: string, change: DeviceChange): DeviceChange =>
    change.name === null && isThing(id) ? { ...change, name: `ParaObject ${id}` } : change;
  const setGroups = (id: string, productId: number, groups: readonly string[], at: number): void => {
    leaveGroups.run(id);
    for (const name of groups) {
      makeGroup.run(productId, name, at);
      joinGroup.run(id, productId, name);
    }
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
      if (isThing(id)) return "taken";
      const device = find(id);
      if (device === null) insert.run(id, ownerId, null, "approved", at);
      else if (device.ownerId !== null && device.ownerId !== ownerId) return "taken";
      else if (device.ownerId === null) {
        // Names are unique per owner only: a product device may bring one that its new owner already uses.
        if (device.name !== null && byName.get(ownerId, device.name) !== undefined) clearName.run(id);
        setOwner.run(ownerId, id);
      }
      return "claimed";
    },
    unclaimDevice(id, at) {
      const device = find(id);
      if (device === null) return null;
      endTransfers(id);
      if (device.productId === null) forget(id, at);
      else setOwner.run(null, id);
      return null;
    },
    updateDevice(id, change, at) {
      const row = byId.get(id);
      if (row === undefined) return "unknown";
      const { ownerId, productId } = toDevice(row);
      const { name = row["name"] as string | null } = nameOfThing(id, change);
      if (name !== null && ownerId !== null) {
        const other = byName.get(ownerId, name);
        if (other !== undefined && other["id"] !== id) return "name_taken";
      }
      const {
        notes = row["notes"] as string | null,
        firmwareVersion = row["firmware_version"] as number | null,
        serialNumber = row["serial_number"] as string | null,
        desiredFirmwareVersion = row["desired_firmware_version"] as number | null,
        development = row["development"] === 1,
      } = change;
      update.run(name, notes, firmwareVersion, serialNumber, desiredFirmwareVersion, development ? 1 : 0, id);
      if (name !== null) renameThing.run(name, at, id, name);
      if (change.groups !== undefined && productId !== null) setGroups(id, productId, change.groups, at);
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
      const isPlain = [query.deviceId, query.deviceName, query.serialNumber, query.groups].every(
        (one) => one === undefined,
      );
      const total = isPlain
        ? countDevices(`WHERE ${where}`, ...values)
        : Number(db.prepare(`SELECT count(*) AS n FROM device WHERE ${where}`).get(...values)?.["n"] ?? 0);
      const page = db.prepare(`SELECT * FROM device WHERE ${where} ORDER BY ${order} LIMIT ? OFFSET ?`);
      const rows = page.all(...values, query.perPage, (query.page - 1) * query.perPage);
      return { devices: rows.map(toDevice), total };
    },
    addToProduct(productId, ids, at) {
      const added: string[] = [];
      const nonmember: string[] = [];
      for (const id of ids) {
        const device = find(id);
        const isElsewhere = device !== null && device.productId !== null && device.productId !== productId;
        if (isElsewhere || (device === null && isThing(id))) {
          nonmember.push(id);
          continue;
        }
        place(device, id, productId, "approved", at);
        added.push(id);
      }
      return { added, nonmember };
    },
    admitToProduct(productId, id, at) {
      const device = find(id);
      if (device?.productId === productId) return device;
      const home = product.get(productId);
      if (home === undefined || (device !== null && device.productId !== null)) return null;
      if (device === null && isThing(id)) return null;
      if (device !== null && device.ownerId !== null && device.ownerId !== home["owner_id"]) return null;
      place(device, id, productId, home["quarantine"] === 1 ? "quarantined" : "approved", at);
      return find(id);
    },
    setApproval(deviceId, approval) {
      setApproval.run(approval, deviceId);
      return null;
    },
    removeFromProduct(productId, deviceId, at) {
      const device = find(deviceId);
      if (device?.productId !== productId) return null;
      if (device.ownerId === null) forget(deviceId, at);
      else leaveProduct(deviceId);
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
    ["serial_number", query.serialNumber],
  ] as const) {
    if (text === undefined) continue;
    clauses.push(`instr(lower(${column}), lower(?)) > 0`);
    values.push(text);
  }
  if (query.groups !== undefined) {
    clauses.push(
      "id IN (SELECT device_id FROM device_group WHERE product_id = ? AND name IN (SELECT value FROM json_each(?)))",
    );
    values.push(productId, JSON.stringify(query.groups));
  }
  return [clauses.join(" AND "), values];
}

export function toDevice(row: Row): Device {
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
