/** Which apps a caller may see: itself, and the root app those of its own owner. Others are as if they were not there. */
import type { Product } from "../../core/product.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { appIdentifier } from "./access-key.ts";
import type { ParaCaller } from "./authentication.ts";

const MAX_REFERENCE = 256;

type Products = Pick<ApiDependencies["directory"], "product" | "productsOf">;

/** Oldest first. */
export async function visibleApps(directory: Products, { product, isRoot }: ParaCaller): Promise<readonly Product[]> {
  if (!isRoot) return [product];
  return (await directory.productsOf(product.ownerId)).toSorted((a, b) => a.id - b.id);
}

/** By access key, with or without `app:`. */
export async function visibleApp(directory: Products, caller: ParaCaller, id: string): Promise<Product | null> {
  const slug = id.length > MAX_REFERENCE ? "" : appIdentifier(id);
  if (slug === caller.product.slug) return caller.product;
  if (!caller.isRoot || slug === "") return null;
  const found = await directory.product(slug);
  return found !== null && found.slug === slug && found.ownerId === caller.product.ownerId ? found : null;
}
