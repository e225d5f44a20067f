/** Products: fleets with devices and integrations of their own. */
import type { FastifyInstance } from "fastify";
import type { Product } from "../../core/product.ts";
import { badRequest, refusal } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import { fieldsOf, optionalText, requiredText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownProduct, ownProducts } from "../ownership.ts";
import { isoTime } from "./iso-time.ts";

const tags = ["products"];
const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** How many numbered variants of a slug made from a name are tried. */
const MAX_VARIANTS = 50;

export function registerProducts(
  app: FastifyInstance,
  { directory }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  app.get("/v1/products", route("Own products"), async (request) => {
    const caller = await authentication.account(request, "products:list");
    return { products: (await ownProducts(directory, caller)).map(productJson) };
  });

  app.post("/v1/products", route("Make a product"), async (request, reply) => {
    const { accountId } = await authentication.account(request, "account");
    const fields = productFields(fieldsOf(request));
    const name = requiredText(fields, "name", 100).trim();
    const description = optionalText(fields, "description", 1000) ?? "";
    for (const slug of slugsFor(name, optionalText(fields, "slug", 63))) {
      const product = await directory.createProduct({ ownerId: accountId, name, slug, description });
      if (product !== null) return reply.code(201).send({ product: productJson(product) });
    }
    throw refusal(409, "That slug is taken: choose another one");
  });

  app.get<{ Params: { product: string } }>("/v1/products/:product", route("One product"), async (request) => {
    const caller = await authentication.account(request, "products:get");
    return { product: productJson(await ownProduct(directory, caller, request.params.product)) };
  });
}

function productFields(body: Fields): Fields {
  const product = body["product"];
  if (typeof product !== "object" || product === null || Array.isArray(product)) {
    throw badRequest("Give an object product with name, and slug and description if you like");
  }
  return product as Fields;
}

/** The slug that was asked for, or candidates made from the name. Numbers alone would be mistaken for ids. */
function slugsFor(name: string, asked: string | null): readonly string[] {
  if (asked !== null) {
    if (!SLUG.test(asked) || /^\d+$/.test(asked)) {
      throw badRequest("slug must be lower-case letters, digits and dashes, with a letter, at most 63 characters");
    }
    return [asked];
  }
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-");
  const base = plain.slice(0, 50).replaceAll(/^-+|-+$/g, "");
  const first = base === "" || /^\d+$/.test(base) ? `product${base === "" ? "" : `-${base}`}` : base;
  return [first, ...Array.from({ length: MAX_VARIANTS }, (_, index) => `${first}-${index + 2}`)];
}

function productJson(product: Product): Record<string, unknown> {
  return {
    id: product.id,
    slug: product.slug,
    name: product.name,
    description: product.description,
    user: product.ownerId,
    platform_id: 3,
    created_at: isoTime(product.createdAt),
    settings: { quarantine: false },
  };
}
