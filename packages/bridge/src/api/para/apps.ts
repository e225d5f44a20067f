/** Apps as objects: an app sees itself, the root app all that it made. */
import type { FastifyInstance } from "fastify";
import type { JsonObject } from "../../core/json.ts";
import type { Product } from "../../core/product.ts";
import type { ApiError } from "../api-error.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { visibleApp } from "./app-directory.ts";
import { appJson } from "./app-json.ts";
import { paraCaller } from "./authentication.ts";
import type { ParaCaller } from "./authentication.ts";
import { paraError } from "./para-error.ts";

interface OfApp {
  Params: { app: string };
}

type Needs = Pick<ApiDependencies, "directory" | "appKeys" | "thingRecords" | "log">;

const tags = ["para"];
const MAX_NAME = 100;

/** The object of an app that the caller may see, by `app:{slug}`; `null`: there is none. */
export async function appObject(
  { directory, appKeys }: Pick<Needs, "directory" | "appKeys">,
  caller: ParaCaller,
  id: string,
): Promise<JsonObject | null> {
  const product = await visibleApp(directory, caller, id);
  return product === null ? null : appJson(product, (await appKeys.rootApp())?.slug ?? caller.product.slug);
}

export function registerParaApps(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { directory, log } = dependencies;

  for (const path of ["/v1/app", "/v1/apps"]) {
    const route = (summary: string): object => ({ schema: { summary, tags, hide: path === "/v1/apps" } });

    app.get<OfApp>(`${path}/:app`, route("One app"), async (request) => {
      return shown(paraCaller(request), request.params.app);
    });

    app.patch<OfApp>(`${path}/:app`, route("Change an app's name"), async (request) => {
      const caller = paraCaller(request);
      const { id, slug } = await one(caller, request.params.app);
      const name = nameIn(request.body);
      if (name !== null) await directory.updateProduct(id, { name });
      return shown(await current(caller), `app:${slug}`);
    });

    app.delete<OfApp>(`${path}/:app`, route("End an app"), async (request, reply) => {
      const caller = paraCaller(request);
      const product = await one(caller, request.params.app);
      if (caller.isRoot && product.id === caller.product.id) {
        throw paraError(403, "The root app cannot be deleted.", { error: "root_app" });
      }
      const inUse = await useOf(dependencies, product);
      if (inUse !== null) throw inUse;
      const outcome = await directory.deleteProduct(product.id);
      if (outcome === "unknown") throw notThere();
      if (outcome !== "deleted") throw stillUsed(outcome.slice("has_".length), null);
      log.info({ productId: product.id }, "app.deleted");
      return reply.code(200).send();
    });

    const make = async (): Promise<never> => {
      throw paraError(400, "An app is made by the root app with GET /v1/_setup/NAME, which shows its keys.", {
        error: "use_setup",
      });
    };
    app.post(path, { schema: { hide: true } }, make);
    app.put(`${path}/:app`, { schema: { hide: true } }, make);
  }

  async function shown(caller: ParaCaller, id: string): Promise<JsonObject> {
    const found = await appObject(dependencies, caller, id);
    if (found === null) throw notThere();
    return found;
  }

  async function one(caller: ParaCaller, id: string): Promise<Product> {
    const product = await visibleApp(directory, caller, id);
    if (product === null) throw notThere();
    return product;
  }

  /** With its product as it is now. */
  async function current(caller: ParaCaller): Promise<ParaCaller> {
    return { ...caller, product: (await directory.product(caller.product.slug)) ?? caller.product };
  }
}

/** What keeps an app from being deleted, with how many there are. */
async function useOf({ directory, thingRecords }: Needs, { id }: Product): Promise<ApiError | null> {
  const things = await thingRecords.countThings(id);
  if (things > 0) return stillUsed("things", things);
  const integrations = (await directory.integrationsIn({ kind: "product", productId: id })).length;
  if (integrations > 0) return stillUsed("integrations", integrations);
  const { total } = await directory.devicesIn(id, { page: 1, perPage: 1 });
  return total > 0 ? stillUsed("devices", total) : null;
}

function stillUsed(what: string, count: number | null): ApiError {
  const many = count === null ? what : `${count} ${count === 1 ? what.slice(0, -1) : what}`;
  return paraError(409, `The app has ${many}.`, {
    error: `has_${what}`,
    nextStep: `Delete its ${what} first.`,
  });
}

function notThere(): ApiError {
  return paraError(404, "Not Found", { error: "not_found" });
}

/** Clients send all fields back; of an app none but the name changes. */
function nameIn(body: unknown): string | null {
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw paraError(400, "The body must be a JSON object.");
  }
  const { name } = body as { name?: unknown };
  if (name === undefined || name === null || name === "") return null;
  if (typeof name !== "string" || name.trim() === "") throw paraError(400, "'name' must not be blank");
  if (name.length > MAX_NAME) throw paraError(400, `'name' must have 1 to ${MAX_NAME} characters`);
  if (/\p{Cc}|\p{Cs}/u.test(name)) throw paraError(400, "'name' must not hold control characters");
  return name.trim();
}
