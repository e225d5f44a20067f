/** A product as Para's clients read it: an app. */
import type { JsonObject } from "../../core/json.ts";
import type { Product } from "../../core/product.ts";
import { accessKeyOf } from "./access-key.ts";

/** Life of the tokens that Para's servers make for users, in seconds. There are none here; clients read the field. */
const TOKEN_SECONDS = 86_400;

/** `rootSlug`: apps are objects of the root app. Never a secret. */
export function appJson(product: Product, rootSlug: string): JsonObject {
  const id = accessKeyOf(product);
  return {
    id,
    timestamp: product.createdAt,
    type: "app",
    appid: rootSlug,
    name: product.name,
    votes: 0,
    version: 0,
    stored: true,
    indexed: true,
    cached: true,
    appIdentifier: product.slug,
    active: true,
    readOnly: false,
    sharingIndex: false,
    sharingTable: false,
    tokenValiditySec: TOKEN_SECONDS,
    // What Para keeps here are types and rules of the user's own; there is one type, and who has the keys may do all.
    datatypes: {},
    resourcePermissions: {},
    validationConstraints: {},
    plural: "apps",
    objectURI: `/app/${encodeURIComponent(id)}`,
  };
}
