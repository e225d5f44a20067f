/** Products and their groups in the embedded store. */
import type { DeviceGroup } from "../core/device-group.ts";
import type { DeviceGroups, ProductChange, Products } from "../core/directory.ts";
import type { Product } from "../core/product.ts";
import { Recent } from "../core/recent.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

interface Options {
  readonly worker: GroupCommit;
  readonly now: () => number;
  /** Told which devices and API users a deleted product had. */
  readonly onDeleted: (productId: number, deviceIds: readonly string[], apiUserIds: readonly string[]) => void;
}

export function createProducts({ worker, now, onDeleted }: Options): Products & DeviceGroups {
  // By id and by slug: every publish to a product asks for it.
  const products = new Recent<string, Product>(10_000);
  const forget = (id: number): void => products.deleteWhere((product) => product.id === id);

  return {
    createProduct(input: {
      ownerId: string;
      name: string;
      slug: string;
      description: string;
    }): Promise<Product | null> {
      return worker.call("createProduct", { ...input, quarantine: false, createdAt: now() });
    },

    productsOf(ownerId: string): Promise<readonly Product[]> {
      return worker.call("productsOf", ownerId);
    },

    async product(idOrSlug: string): Promise<Product | null> {
      const cached = products.get(idOrSlug);
      if (cached !== undefined) return cached;
      const found = await worker.call("product", idOrSlug);
      if (found !== null) products.set(idOrSlug, found);
      return found;
    },

    async updateProduct(id: number, change: ProductChange): Promise<"updated" | "slug_taken" | "unknown"> {
      const outcome = await worker.call("updateProduct", id, change);
      forget(id);
      return outcome;
    },

    async deleteProduct(id: number): ReturnType<Products["deleteProduct"]> {
      const deletion = await worker.call("deleteProduct", id, now());
      forget(id);
      if (deletion.outcome === "deleted") onDeleted(id, deletion.deviceIds, deletion.apiUserIds);
      return deletion.outcome;
    },

    groupsIn(productId: number): Promise<readonly DeviceGroup[]> {
      return worker.call("groupsIn", productId);
    },

    createGroup(productId: number, { name, description }: { name: string; description: string }): Promise<boolean> {
      return worker.call("createGroup", productId, name, description, now());
    },

    updateGroup(
      productId: number,
      name: string,
      change: { name?: string; description?: string },
    ): Promise<"updated" | "taken" | "unknown"> {
      return worker.call("updateGroup", productId, name, change);
    },

    deleteGroup(productId: number, name: string): Promise<boolean> {
      return worker.call("deleteGroup", productId, name);
    },
  };
}
