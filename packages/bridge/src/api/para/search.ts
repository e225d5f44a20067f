/** Lists of Things and every way to search for them. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { JsonObject } from "../../core/json.ts";
import type { ThingFilter } from "../../core/thing-query.ts";
import type { ThingWithState } from "../../core/thing.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { searchApps } from "./app-search.ts";
import { paraCaller } from "./authentication.ts";
import { batchIds } from "./batch-body.ts";
import { pageJson, pagerOf } from "./pager.ts";
import { paraError } from "./para-error.ts";
import { queryFlag, queryText, queryTexts } from "./query-parameters.ts";
import { blank, searchFilter } from "./search-filters.ts";
import { forThings, ownThings, requireThings } from "./thing-lookup.ts";
import { shown } from "./things.ts";

interface Search {
  Params: { queryType?: string };
  Querystring: Record<string, unknown>;
}

const tags = ["para"];

export function registerSearch(app: FastifyInstance, dependencies: ApiDependencies): void {
  const { thingRecords } = dependencies;

  forThings((root, route) => {
    app.get<Search>(root, route("List things, a page at a time"), search);
    app.get<Search>(`${root}/search`, route("Search by a query string"), search);
    app.get<Search>(`${root}/search/:queryType`, route("Search in the way that queryType names"), search);
  });
  app.get<Search>("/v1/search", { schema: { summary: "Search by a query string", tags } }, searchAny);
  app.get<Search>("/v1/search/:queryType", { schema: { summary: "Search among all objects", tags } }, searchAny);

  /** Of all types that there could be, Things are searched for; apps where they are asked for. */
  async function searchAny(request: FastifyRequest<Search>): Promise<JsonObject> {
    const type = queryText(request.query, "type") ?? "thing";
    if (type === "app" || type === "apps") return searchApps(dependencies, request);
    requireThings(type);
    return search(request);
  }

  async function search(request: FastifyRequest<Search>): Promise<JsonObject> {
    const { queryType = "default" } = request.params;
    if (queryType === "id" || queryType === "ids") return named(request, queryType);
    const parsed = searchFilter(queryType === "count" ? "default" : queryType, request.query);
    if (parsed.kind === "blank") return nothingAsked(request, parsed.message);
    if (parsed.kind === "fault") throw paraError(400, parsed.message, { error: "invalid_query" });
    const { filter } = parsed;
    if (queryType === "count") return counted(request, filter);
    const countsOnly = queryType === "terms" && queryFlag(request.query, "count", false);
    return countsOnly ? counted(request, filter) : found(request, filter);
  }

  async function found(request: FastifyRequest<Search>, filter: ThingFilter): Promise<JsonObject> {
    const pager = pagerOf(request.query);
    const { product } = paraCaller(request);
    const page = await thingRecords.searchThings(product.id, { filter, ...pager.part });
    return pageJson(pager, page, (thing) => shown(request, thing));
  }

  async function counted(request: FastifyRequest<Search>, filter: ThingFilter): Promise<JsonObject> {
    const pager = pagerOf(request.query);
    const { product } = paraCaller(request);
    const { total } = await thingRecords.searchThings(product.id, { filter, ...pager.part, skip: 0, limit: 1 });
    return { items: [], page: pager.page, totalHits: total };
  }

  /** By ids, in their order. All on one page. */
  async function named(request: FastifyRequest<Search>, queryType: "id" | "ids"): Promise<JsonObject> {
    const { query } = request;
    if (queryTexts(query, queryType).every((id) => id === "")) return nothingAsked(request, blank(queryType));
    const ids = queryType === "ids" ? batchIds(query) : [queryText(query, "id")].filter((id) => id !== null);
    const things: readonly ThingWithState[] = [...(await ownThings(thingRecords, paraCaller(request), ids)).values()];
    return { items: things.map((thing) => shown(request, thing)), page: pagerOf(query).page, totalHits: things.length };
  }
}

/** An empty list finds nothing, and Para's clients expect no error; whoever wrote the address by hand is told why. */
function nothingAsked(request: FastifyRequest<Search>, message: string): JsonObject {
  return { items: [], page: pagerOf(request.query).page, totalHits: 0, message };
}
