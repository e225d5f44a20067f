/** `app:{slug}`: how an app is named to Para's clients, which sign their requests with it. */
import type { Product } from "../../core/product.ts";

const PREFIX = "app:";

export function accessKeyOf({ slug }: Pick<Product, "slug">): string {
  return PREFIX + slug;
}

/** The slug that an access key or an app's name means: without prefix, ASCII, lower case, dashes for whatever else. */
export function appIdentifier(text: string): string {
  const bare = text.startsWith(PREFIX) ? text.slice(PREFIX.length) : text;
  const ascii = bare.normalize("NFKD").replaceAll(/[^\u0020-\u007e]/g, "");
  return ascii
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-")
    .replaceAll(/^-+|-+$/g, "");
}
