/** Where an integration is: in the sandbox, or in a product. Who gives only its id need not know. */
import { pathOf } from "../api-client.ts";
import type { ApiClient } from "../api-client.ts";
import { CommandFailure } from "../command-failure.ts";
import { textOption } from "../command-runner.ts";
import type { Options } from "../command-runner.ts";

export const PRODUCT_OPTION = ["-p, --product <id or slug>", "in a product instead of your sandbox"] as const;

export function rootPath(options: Options): string {
  const product = textOption(options, "product");
  return product === undefined ? "/v1/integrations" : pathOf`/v1/products/${product}/integrations`;
}

/** Looks into the products too when the sandbox does not have it and no product is named. */
export async function itemPath(api: ApiClient, options: Options, id: string): Promise<string> {
  const path = rootPath(options) + pathOf`/${id}`;
  if (textOption(options, "product") !== undefined || (await isThere(api, path))) return path;
  const { products } = await api.call("GET", "/v1/products");
  for (const product of products as readonly { id: number }[]) {
    const inProduct = pathOf`/v1/products/${String(product.id)}/integrations/${id}`;
    if (await isThere(api, inProduct)) return inProduct;
  }
  throw new CommandFailure(
    "http_404",
    "You have no such integration, neither in your sandbox nor in a product.",
    "See what there is: isthmus integrations list, and with --product PRODUCT those of a product.",
  );
}

async function isThere(api: ApiClient, path: string): Promise<boolean> {
  try {
    await api.call("GET", path);
    return true;
  } catch (error) {
    if (error instanceof CommandFailure && error.code === "http_404") return false;
    throw error;
  }
}
