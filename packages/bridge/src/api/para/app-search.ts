/** Lists of apps and searches for them: the same ways as for Things, among the apps that the caller may see. */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { JsonObject } from "../../core/json.ts";
import type { ThingFilter } from "../../core/thing-query.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { visibleApps } from "./app-directory.ts";
import { appJson } from "./app-json.ts";
import { paraCaller } from "./authentication.ts";
import { compareValues, fieldOf, fits } from "./object-filter.ts";
import { pagerOf } from "./pager.ts";
import { paraError } from "./para-error.ts";
import { queryFlag, queryText, queryTexts } from "./query-parameters.ts";
import { searchFilter } from "./search-filters.ts";
import { selection } from "./select.ts";

interface Search {
  Params: { queryType?: string };
  Querystring: Record<string, unknown>;
}

type Needs = Pick<ApiDependencies, "directory" | "appKeys">;

/** An app with what stands for its place in the order of making. */
interface Found {
  readonly app: JsonObject;
  readonly place: number;
}

const tags = ["para"];

export function registerAppSearch(app: FastifyInstance, dependencies: ApiDependencies): void {
  for (const root of ["/v1/app", "/v1/apps"]) {
    const route = (summary: string): object => ({ schema: { summary, tags, hide: root === "/v1/apps" } });
    const search = (request: FastifyRequest<Search>): Promise<JsonObject> => searchApps(dependencies, request);
    app.get<Search>(root, route("List apps, a page at a time"), search);
    app.get<Search>(`${root}/search`, route("Search among apps by a query string"), search);
    app.get<Search>(`${root}/search/:queryType`, route("Search among apps in the way that queryType names"), search);
  }
}

export async function searchApps(needs: Needs, request: FastifyRequest<Search>): Promise<JsonObject> {
  const { query } = request;
  const { queryType = "default" } = request.params;
  const pager = pagerOf(query);
  const hits = (await visible(needs, request)).filter(({ app }) => fits(app, filterOf(queryType, query)));
  const { page } = pager;
  if (queryType === "count" || (queryType === "terms" && queryFlag(query, "count", false))) {
    return { items: [], page, totalHits: hits.length };
  }
  const part = partOf(hits, pager.part);
  const last = part.at(-1);
  const select = selection(query);
  return {
    items: part.map(({ app }) => select(app)),
    page,
    totalHits: hits.length,
    ...(last !== undefined && { lastKey: String(last.place) }),
  };
}

async function visible({ directory, appKeys }: Needs, request: FastifyRequest): Promise<readonly Found[]> {
  const caller = paraCaller(request);
  const rootSlug = (await appKeys.rootApp())?.slug ?? caller.product.slug;
  const products = await visibleApps(directory, caller);
  return products.map((product) => ({ app: appJson(product, rootSlug), place: product.id }));
}

function partOf(
  hits: readonly Found[],
  { sort, descending, limit, skip, afterDocId }: ReturnType<typeof pagerOf>["part"],
): readonly Found[] {
  const direction = descending ? -1 : 1;
  const byPlace = (a: Found, b: Found): number => direction * (a.place - b.place);
  const byField = (a: Found, b: Found): number =>
    direction * compareValues(fieldOf(a.app, sort), fieldOf(b.app, sort)) || byPlace(a, b);
  const last = hits.find(({ place }) => place === afterDocId);
  // After one that is gone the others follow in the order of making.
  const order = sort === "_docid" || (afterDocId !== null && last === undefined) ? byPlace : byField;
  const from = afterDocId === null ? null : (last ?? { app: {}, place: afterDocId });
  const following = from === null ? hits : hits.filter((hit) => order(hit, from) > 0);
  return following.toSorted(order).slice(skip, skip + limit);
}

function filterOf(queryType: string, query: Search["Querystring"]): ThingFilter {
  if (queryType === "id" || queryType === "ids") {
    const ids = queryTexts(query, queryType);
    return { kind: "or", of: ids.map((value) => ({ kind: "equals", field: "id", value })) };
  }
  const asked = queryType === "count" && queryText(query, "q") === null ? { ...query, q: "*" } : query;
  const parsed = searchFilter(queryType === "count" ? "default" : queryType, asked);
  if (parsed.kind === "found") return parsed.filter;
  if (parsed.kind === "blank") return { kind: "none" };
  throw paraError(400, parsed.message, { error: "invalid_query" });
}
