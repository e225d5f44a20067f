/** Things by the admin face: as Para's API, with a token of an account or API user. Ids are the server's own, so one is found by its id alone. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { KeyName } from "../../core/hub-client.ts";
import type { Permission } from "../../core/permission.ts";
import type { Product } from "../../core/product.ts";
import type { ThingFilter } from "../../core/thing-query.ts";
import type { DeviceDetails, ThingWithState } from "../../core/thing.ts";
import { badRequest, notFound } from "../api-error.ts";
import { requireTokenPlacement, type Authentication } from "../authentication.ts";
import { fieldsOf, optionalInteger, optionalText, type Fields } from "../bodies.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { ownProduct } from "../ownership.ts";
import { searchFilter } from "../para/search-filters.ts";
import { newThing, thingChange } from "../para/thing-body.ts";
import { thingJson } from "../para/thing-json.ts";
import { requireRoomIn } from "../para/things.ts";
import { refusedThing } from "./thing-answers.ts";

interface InProduct {
  Params: { product: string };
  Querystring: Record<string, unknown>;
}
interface OfThing {
  Params: { thing: string };
  Querystring: Record<string, unknown>;
}
interface Found {
  readonly found: ThingWithState;
  readonly product: Product;
}

const tags = ["things"];
const MAX_ID_LENGTH = 128;
const MAX_QUERY_LENGTH = 2_000;
const LIST = { usual: 100, most: 1_000 } as const;
/** How long an answer waits for the hub where the caller does not say, and at most. Seconds. */
const WAIT = { usual: 2, longest: 30 } as const;

export function registerThings(
  app: FastifyInstance,
  { directory, things, thingRecords, now }: ApiDependencies,
  authentication: Authentication,
): void {
  const route = (summary: string): object => ({ onRequest: [requireTokenPlacement], schema: { summary, tags } });

  async function productOf(request: FastifyRequest<InProduct>, permission: Permission): Promise<Product> {
    const caller = await authentication.account(request, permission);
    return ownProduct(directory, caller, request.params.product);
  }

  async function thingOf(request: FastifyRequest<OfThing>, permission: Permission): Promise<Found> {
    const caller = await authentication.account(request, permission);
    const { thing: id } = request.params;
    const found = id.length > MAX_ID_LENGTH ? null : await thingRecords.thing(id);
    if (found === null) throw notFound("Thing");
    const product = await ownProduct(directory, caller, String(found.thing.productId)).catch(() => {
      throw notFound("Thing");
    });
    return { found, product };
  }

  async function fresh(id: string, { slug }: Product, details?: DeviceDetails): Promise<Record<string, unknown>> {
    const found = await thingRecords.thing(id);
    if (found === null) throw notFound("Thing");
    return { thing: thingJson(found, slug, details) };
  }

  app.post<InProduct>(
    "/admin/v1/products/:product/things",
    route("Make a Thing; its keys are in this answer only"),
    async (request, reply) => {
      const product = await productOf(request, "devices:import");
      const fields = fieldsOf(request);
      const id = optionalText(fields, "id", MAX_ID_LENGTH);
      const input = newThing({ serviceBroker: "Azure", ...fields }, id ?? undefined);
      const made = await things.create(product, input);
      if (made.kind !== "made") throw refusedThing(made, now());
      return reply.code(201).send({ thing: thingJson(made.made, product.slug, made.details) });
    },
  );

  app.get<InProduct>("/admin/v1/products/:product/things", route("Things of a product"), async (request) => {
    const product = await productOf(request, "devices:list");
    const limit = optionalInteger(request.query, "limit", 1, LIST.most) ?? LIST.usual;
    const page = await thingRecords.searchThings(product.id, {
      filter: thingFilterIn(request.query),
      sort: "_docid",
      descending: false,
      limit,
      skip: 0,
      afterDocId: await placeOf(optionalText(request.query, "after", MAX_ID_LENGTH), product),
    });
    return {
      things: page.things.map((one) => thingJson(one, product.slug)),
      total: page.total,
      next: page.things.length < limit ? null : (page.things.at(-1)?.thing.id ?? null),
    };
  });

  app.get<OfThing>("/admin/v1/things/:thing", route("One Thing"), async (request) => {
    const { found, product } = await thingOf(request, "devices:get");
    return { thing: thingJson(found, product.slug) };
  });

  app.patch<OfThing>("/admin/v1/things/:thing", route("Change a Thing"), async (request) => {
    const { found, product } = await thingOf(request, "devices:update");
    const wait = optionalInteger(request.query, "wait", 0, WAIT.longest) ?? WAIT.usual;
    const change = thingChange(fieldsOf(request));
    requireRoomIn(found, change);
    const updated = await things.update(found.thing.id, change, wait * 1_000);
    if (updated.kind !== "updated") throw refusedThing(updated, now());
    return { thing: thingJson(updated.updated, product.slug) };
  });

  app.delete<OfThing>(
    "/admin/v1/things/:thing",
    route("Delete a Thing, and its device in the hub"),
    async (request, reply) => {
      const { found } = await thingOf(request, "devices:remove");
      if (!(await things.delete(found.thing.id))) throw notFound("Thing");
      return reply.code(204).send();
    },
  );

  app.post<OfThing>(
    "/admin/v1/things/:thing/keys",
    route("Make a new key; it is in this answer only"),
    async (request) => {
      const { found, product } = await thingOf(request, "devices:import");
      const shown = await things.renewKey(found.thing.id, keyIn(request));
      if (shown.kind !== "shown") throw refusedThing(shown, now());
      return fresh(found.thing.id, product, shown.details);
    },
  );

  app.put<OfThing>("/admin/v1/things/:thing/status", route("Let a Thing reach its hub, or not"), async (request) => {
    const { found, product } = await thingOf(request, "devices:update");
    const set = await things.setStatus(found.thing.id, statusIn(request));
    if (set.kind !== "set") throw refusedThing(set, now());
    return fresh(found.thing.id, product);
  });

  async function placeOf(after: string | null, product: Product): Promise<number | null> {
    if (after === null) return null;
    const last = await thingRecords.thing(after);
    if (last === null || last.thing.productId !== product.id) throw badRequest("after must be the id of a Thing");
    return last.thing.docId;
  }
}

/** In the query strings of Para's API. */
export function thingFilterIn(query: Fields): ThingFilter {
  const q = optionalText(query, "q", MAX_QUERY_LENGTH);
  const parsed = searchFilter("default", q === null ? {} : { q });
  if (parsed.kind !== "found") throw badRequest(parsed.message);
  return parsed.filter;
}

function keyIn(request: FastifyRequest): KeyName {
  const key = optionalText(fieldsOf(request), "key", 20) ?? "primary";
  if (key !== "primary" && key !== "secondary") throw badRequest("key must be primary or secondary");
  return key;
}

function statusIn(request: FastifyRequest): "enabled" | "disabled" {
  const status = optionalText(fieldsOf(request), "status", 20);
  if (status !== "enabled" && status !== "disabled") throw badRequest("status must be enabled or disabled");
  return status;
}
