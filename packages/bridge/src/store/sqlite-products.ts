import type { Products } from "../core/directory.ts";
import type { Product } from "../core/product.ts";
import { Recent } from "./recent.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

export function createProducts({
  worker,
  now,
}: {
  readonly worker: GroupCommit;
  readonly now: () => number;
}): Products {
  // By id and by slug. Products do not change once made, and every publish to one asks for it.
  const products = new Recent<string, Product>(10_000);

  return {
    createProduct(input: {
      ownerId: string;
      name: string;
      slug: string;
      description: string;
    }): Promise<Product | null> {
      return worker.call("createProduct", { ...input, createdAt: now() });
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
  };
}
