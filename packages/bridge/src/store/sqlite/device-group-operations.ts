/** The groups of products, and which devices are in them. */
import type { DeviceGroup } from "../../core/device-group.ts";
import type { Row } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

export interface DeviceGroupOperations {
  groupsIn(productId: number): DeviceGroup[];
  createGroup(productId: number, name: string, description: string, at: number): boolean;
  updateGroup(
    productId: number,
    name: string,
    change: { readonly name?: string; readonly description?: string },
  ): "updated" | "taken" | "unknown";
  deleteGroup(productId: number, name: string): boolean;
}

export function deviceGroupOperations({ db }: Transaction): DeviceGroupOperations {
  const list = db.prepare(
    `SELECT name, description, created_at,
       (SELECT count(*) FROM device_group WHERE device_group.product_id = product_group.product_id
         AND device_group.name = product_group.name) AS devices
       FROM product_group WHERE product_id = ? ORDER BY name`,
  );
  const find = db.prepare("SELECT * FROM product_group WHERE product_id = ? AND name = ?");
  const insert = db.prepare(
    "INSERT INTO product_group (product_id, name, description, created_at) VALUES (?, ?, ?, ?) ON CONFLICT DO NOTHING",
  );
  const update = db.prepare("UPDATE product_group SET name = ?, description = ? WHERE product_id = ? AND name = ?");
  const renameForDevices = db.prepare("UPDATE device_group SET name = ? WHERE product_id = ? AND name = ?");
  const remove = db.prepare("DELETE FROM product_group WHERE product_id = ? AND name = ?");
  const removeForDevices = db.prepare("DELETE FROM device_group WHERE product_id = ? AND name = ?");

  return {
    groupsIn: (productId) => list.all(productId).map(toGroup),
    createGroup: (productId, name, description, at) => insert.run(productId, name, description, at).changes === 1,
    updateGroup(productId, name, change) {
      const group = find.get(productId, name);
      if (group === undefined) return "unknown";
      const next = change.name ?? name;
      if (next !== name && find.get(productId, next) !== undefined) return "taken";
      update.run(next, change.description ?? String(group["description"]), productId, name);
      renameForDevices.run(next, productId, name);
      return "updated";
    },
    deleteGroup(productId, name) {
      removeForDevices.run(productId, name);
      return remove.run(productId, name).changes === 1;
    },
  };
}

function toGroup(row: Row): DeviceGroup {
  return {
    name: String(row["name"]),
    description: String(row["description"]),
    deviceCount: Number(row["devices"]),
    createdAt: Number(row["created_at"]),
  };
}
