/** The root app of Para's face: a product whose keys make other apps. Made at the first start. */
import type { Products } from "./core/directory.ts";
import { newAppSecret } from "./core/ids.ts";
import type { Product } from "./core/product.ts";
import type { AppKeys } from "./core/thing-store.ts";

/** What programs sign with. */
export interface AppKeyPair {
  readonly accessKey: string;
  readonly secretKey: string;
}

export interface RootAppOptions {
  readonly store: Products & AppKeys;
  readonly ownerId: string;
  /** What was written down at an earlier start. */
  readonly known: AppKeyPair | null;
  /** What the operator wants the secret to be; `null`: one is made. */
  readonly secret: string | null;
}

/** The second where somebody had a product of that name before there were apps. */
const SLUGS = ["para", "para-root"];

/**
 * Makes it when it is not there. Its keys stay what they were, also where the file that told them is gone as after a
 * restore, unless the operator wants others.
 */
export async function ensureRootApp({ store, ownerId, known, secret }: RootAppOptions): Promise<AppKeyPair> {
  const root = (await store.rootApp()) ?? (await makeRootApp(store, ownerId));
  const kept = await store.appSecret(root.id);
  if (kept !== null && known !== null && (secret === null || secret === known.secretKey)) return known;
  const secretKey = secret ?? kept ?? newAppSecret();
  if (secretKey !== kept) await store.renewAppSecret(root.id, secretKey);
  return { accessKey: `app:${root.slug}`, secretKey };
}

async function makeRootApp(store: Products & AppKeys, ownerId: string): Promise<Product> {
  for (const slug of SLUGS) {
    const product =
      (await store.createProduct({ ownerId, name: "Para", slug, description: "The root app of Para's API" })) ??
      (await ownProduct(store, ownerId, slug));
    if (product === null) continue;
    await store.setRootApp(product.id);
    return product;
  }
  throw new Error(`The root app cannot be made: products of other accounts are called ${SLUGS.join(" and ")}.`);
}

// A start that was killed in between has made the product.
async function ownProduct(store: Products, ownerId: string, slug: string): Promise<Product | null> {
  const product = await store.product(slug);
  return product?.ownerId === ownerId ? product : null;
}
