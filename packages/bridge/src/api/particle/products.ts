/** Products: fleets with devices and integrations of their own. */
import type { FastifyInstance } from "fastify";
import type { ProductChange } from "../../core/directory.ts";
import type { Product } from "../../core/product.ts";
import { ApiError, badRequest, notFound, refusal } from "../api-error.ts";
import { requireTokenPlacement } from "../authentication.ts";
import type { Authentication } from "../authentication.ts";
import { fieldsOf, optionalFlag, optionalText, requiredText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownProduct, ownProducts } from "../ownership.ts";
import { isoTime } from "./iso-time.ts";

interface OfProduct {
  Params: { product: string };
  Querystring: Record<string, unknown>;
}

const tags = ["products"];
const SLUG = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
/** How many numbered variants of a slug made from a name are tried. */
const MAX_VARIANTS = 50;

export function registerProducts(
  app: FastifyInstance,
  { directory, thingRecords, log }: ApiDependencies,
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
    throw slugTaken();
  });

  app.get<OfProduct>("/v1/products/:product", route("One product"), async (request) => {
    const caller = await authentication.account(request, "products:get");
    return { product: productJson(await ownProduct(directory, caller, request.params.product)) };
  });

  app.put<OfProduct>("/v1/products/:product", route("Change a product"), async (request) => {
    const caller = await authentication.account(request, "account");
    const product = await ownProduct(directory, caller, request.params.product);
    const outcome = await directory.updateProduct(product.id, productChangeIn(productFields(fieldsOf(request))));
    if (outcome === "unknown") throw notFound("Product");
    if (outcome === "slug_taken") throw slugTaken();
    return { product: productJson(await ownProduct(directory, caller, String(product.id))) };
  });

  app.delete<OfProduct>("/v1/products/:product", route("End a product"), async (request, reply) => {
    const caller = await authentication.account(request, "account");
    const product = await ownProduct(directory, caller, request.params.product);
    await refuseWithThings(product);
    if (!isConfirmed(fieldsOf(request), request.query)) await refuseWithDevices(product);
    const outcome = await directory.deleteProduct(product.id);
    if (outcome === "unknown") throw notFound("Product");
    if (outcome !== "deleted") throw stillInUse(outcome);
    log.info({ productId: product.id }, "product.deleted");
    return reply.code(204).send();
  });

  async function refuseWithThings({ id }: Product): Promise<void> {
    const total = await thingRecords.countThings(id);
    if (total === 0) return;
    throw new ApiError(409, {
      ok: false,
      error: `The product has ${total} ${total === 1 ? "Thing" : "Things"}`,
      code: "product_has_things",
      next_step: "Delete its Things first: each is deleted in its hub too.",
    });
  }

  async function refuseWithDevices({ id }: Product): Promise<void> {
    const { total } = await directory.devicesIn(id, { page: 1, perPage: 1 });
    if (total === 0) return;
    throw new ApiError(409, {
      ok: false,
      error: `The product has ${total} ${total === 1 ? "device" : "devices"}`,
      code: "product_has_devices",
      next_step: "Send confirm=true to end it with them: those that nobody has claimed are forgotten, the others stay.",
    });
  }
}

/** Clients put `confirm` into the body or the query. */
function isConfirmed(body: Fields, query: Fields): boolean {
  return optionalFlag(body, "confirm") === true || optionalFlag(query, "confirm") === true;
}

const STILL_THERE = { has_integrations: "integrations", has_sources: "sources", has_things: "Things" } as const;

function stillInUse(outcome: keyof typeof STILL_THERE): ApiError {
  const what = STILL_THERE[outcome];
  return new ApiError(409, {
    ok: false,
    error: `The product has ${what}`,
    code: `product_${outcome}`,
    next_step: `Delete its ${what} first: what still waits is told there.`,
  });
}

/** The slug is a name in URLs: changing it breaks those that have it, and the id stays. */
function productChangeIn(fields: Fields): ProductChange {
  const slug = optionalText(fields, "slug", 63);
  const name = fields["name"] === undefined ? null : requiredText(fields, "name", 100).trim();
  const quarantine = quarantineIn(fields);
  const change: ProductChange = {
    ...(name !== null && { name }),
    ...(slug !== null && { slug: requireSlug(slug) }),
    ...(fields["description"] !== undefined && { description: optionalText(fields, "description", 1000) ?? "" }),
    ...(quarantine !== null && { quarantine }),
  };
  if (Object.keys(change).length === 0) throw badRequest("Give name, slug, description or settings.quarantine");
  return change;
}

function quarantineIn(fields: Fields): boolean | null {
  const settings = fields["settings"];
  if (settings === undefined || settings === null) return null;
  if (typeof settings !== "object" || Array.isArray(settings)) throw badRequest("settings must be an object");
  return optionalFlag(settings as Fields, "quarantine");
}

function productFields(body: Fields): Fields {
  const product = body["product"];
  if (typeof product !== "object" || product === null || Array.isArray(product)) {
    throw badRequest("Give an object product with name, and slug and description if you like");
  }
  return product as Fields;
}

function requireSlug(slug: string): string {
  if (SLUG.test(slug) && !/^\d+$/.test(slug)) return slug;
  throw badRequest("slug must be lower-case letters, digits and dashes, with a letter, at most 63 characters");
}

/** The slug that was asked for, or candidates made from the name. Numbers alone would be mistaken for ids. */
function slugsFor(name: string, asked: string | null): readonly string[] {
  if (asked !== null) {
    return [requireSlug(asked)];
  }
  const plain = name
    .normalize("NFKD")
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, "-");
  const base = plain.slice(0, 50).replaceAll(/^-+|-+$/g, "");
  const first = base === "" || /^\d+$/.test(base) ? `product${base === "" ? "" : `-${base}`}` : base;
  return [first, ...Array.from({ length: MAX_VARIANTS }, (_, index) => `${first}-${index + 2}`)];
}

function slugTaken(): ApiError {
  return refusal(409, "That slug is taken: choose another one");
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
    settings: { quarantine: product.quarantine },
  };
}
