import type { Product } from "../../core/product.ts";
import type { ProductChange } from "../../core/directory.ts";
import { deviceRemoval } from "./device-removal.ts";
import type { Row } from "./driver.ts";
import { stateSettingsOperations } from "./state-settings-operations.ts";
import type { Transaction } from "./transaction.ts";

export interface ProductOperations {
  createProduct(input: Omit<Product, "id">): Product | null;
  productsOf(ownerId: string): Product[];
  product(idOrSlug: string): Product | null;
  updateProduct(id: number, change: ProductChange): "updated" | "slug_taken" | "unknown";
  deleteProduct(id: number, at: number): ProductDeletion;
}

/** With the ids of the devices and the API users that it had. */
export type ProductDeletion =
  | { readonly outcome: "deleted"; readonly deviceIds: readonly string[]; readonly apiUserIds: readonly string[] }
  | { readonly outcome: "has_integrations" | "has_sources" | "has_things" | "unknown" };

export function productOperations(transaction: Transaction): ProductOperations {
  const { db } = transaction;
  const removal = deviceRemoval(transaction);
  const settings = stateSettingsOperations(transaction);
  const insert = db.prepare(
    "INSERT INTO product (slug, name, description, owner_id, quarantine, created_at) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const byOwner = db.prepare("SELECT * FROM product WHERE owner_id = ? ORDER BY id");
  const byId = db.prepare("SELECT * FROM product WHERE id = ?");
  const bySlug = db.prepare("SELECT * FROM product WHERE slug = ?");
  const update = db.prepare("UPDATE product SET slug = ?, name = ?, description = ?, quarantine = ? WHERE id = ?");
  const integrations = db.prepare("SELECT id FROM integration WHERE scope_kind = 'product' AND scope_id = ? LIMIT 1");
  const sources = db.prepare("SELECT id FROM source WHERE product_id = ? LIMIT 1");
  const things = db.prepare(
    "SELECT id FROM thing WHERE product_id = ? UNION ALL SELECT id FROM noted_thing WHERE product_id = ? LIMIT 1",
  );
  const removeAppKey = db.prepare("DELETE FROM app_key WHERE id = ?");
  const devices = db.prepare("SELECT id, owner_id FROM device WHERE product_id = ?");
  const apiUsers = db.prepare("SELECT id FROM api_user WHERE product_id = ?");
  const endTokens = db.prepare("DELETE FROM access_token WHERE account_id = ?");
  const removeApiUsers = db.prepare("DELETE FROM api_user WHERE product_id = ?");
  const removeGroups = db.prepare("DELETE FROM product_group WHERE product_id = ?");
  const remove = db.prepare("DELETE FROM product WHERE id = ?");

  return {
    createProduct(input) {
      if (bySlug.get(input.slug) !== undefined) return null;
      const { lastInsertRowid } = insert.run(
        input.slug,
        input.name,
        input.description,
        input.ownerId,
        input.quarantine ? 1 : 0,
        input.createdAt,
      );
      return { ...input, id: lastInsertRowid };
    },
    productsOf: (ownerId) => byOwner.all(ownerId).map(toProduct),
    product(idOrSlug) {
      const row = /^\d+$/.test(idOrSlug) ? byId.get(Number(idOrSlug)) : bySlug.get(idOrSlug);
      return row === undefined ? null : toProduct(row);
    },
    updateProduct(id, change) {
      const row = byId.get(id);
      if (row === undefined) return "unknown";
      const { slug, name, description, quarantine } = { ...toProduct(row), ...change };
      const other = bySlug.get(slug);
      if (other !== undefined && other["id"] !== id) return "slug_taken";
      update.run(slug, name, description, quarantine ? 1 : 0, id);
      return "updated";
    },
    deleteProduct(id, at) {
      if (byId.get(id) === undefined) return { outcome: "unknown" };
      if (integrations.get(String(id)) !== undefined) return { outcome: "has_integrations" };
      if (sources.get(id) !== undefined) return { outcome: "has_sources" };
      if (things.get(id, id) !== undefined) return { outcome: "has_things" };
      const members = devices.all(id);
      for (const { id: deviceId, owner_id: ownerId } of members) {
        if (ownerId === null) removal.forget(String(deviceId), at);
        else removal.leaveProduct(String(deviceId));
      }
      const apiUserIds = apiUsers.all(id).map((row) => String(row["id"]));
      for (const apiUserId of apiUserIds) endTokens.run(apiUserId);
      removeApiUsers.run(id);
      removeGroups.run(id);
      removeAppKey.run(id);
      settings.deleteStateSettings({ kind: "product", productId: id });
      remove.run(id);
      return { outcome: "deleted", deviceIds: members.map((row) => String(row["id"])), apiUserIds };
    },
  };
}

function toProduct(row: Row): Product {
  return {
    id: Number(row["id"]),
    slug: String(row["slug"]),
    name: String(row["name"]),
    description: String(row["description"]),
    ownerId: String(row["owner_id"]),
    quarantine: row["quarantine"] === 1,
    createdAt: Number(row["created_at"]),
  };
}
