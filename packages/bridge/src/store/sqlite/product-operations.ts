import type { Product } from "../../core/product.ts";
import type { Row } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

export interface ProductOperations {
  createProduct(input: Omit<Product, "id">): Product | null;
  productsOf(ownerId: string): Product[];
  product(idOrSlug: string): Product | null;
}

export function productOperations({ db }: Transaction): ProductOperations {
  const insert = db.prepare(
    "INSERT INTO product (slug, name, description, owner_id, created_at) VALUES (?, ?, ?, ?, ?)",
  );
  const byOwner = db.prepare("SELECT * FROM product WHERE owner_id = ? ORDER BY id");
  const byId = db.prepare("SELECT * FROM product WHERE id = ?");
  const bySlug = db.prepare("SELECT * FROM product WHERE slug = ?");

  return {
    createProduct(input) {
      if (bySlug.get(input.slug) !== undefined) return null;
      const { lastInsertRowid } = insert.run(input.slug, input.name, input.description, input.ownerId, input.createdAt);
      return { ...input, id: lastInsertRowid };
    },
    productsOf: (ownerId) => byOwner.all(ownerId).map(toProduct),
    product(idOrSlug) {
      const row = /^\d+$/.test(idOrSlug) ? byId.get(Number(idOrSlug)) : bySlug.get(idOrSlug);
      return row === undefined ? null : toProduct(row);
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
    createdAt: Number(row["created_at"]),
  };
}
