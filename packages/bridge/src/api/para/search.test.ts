import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { createParaApp } from "../testing/para-app.ts";
import type { ParaApp } from "../testing/para-app.ts";
import { createTestApi } from "../testing/test-api.ts";
import type { TestApi } from "../testing/test-api.ts";
import { searchFilter } from "./search-filters.ts";

interface Page {
  readonly items: readonly { readonly id: string }[];
  readonly page: number;
  readonly totalHits: number;
  readonly lastKey?: string;
}

let api: TestApi;
let app: ParaApp;

beforeEach(async () => {
  api = createTestApi();
  app = await createParaApp(api, "weather");
});
afterEach(() => api.app.close());

/** Makes Things t1, t2, … */
async function makeThings(count: number): Promise<void> {
  const things = Array.from({ length: count }, (_, i) => ({
    id: `t${i + 1}`,
    serviceBroker: "Azure",
    tags: i % 2 === 0 ? ["even"] : ["odd"],
    deviceState: { level: i },
  }));
  for (const thing of things) await app.call("PUT", `/v1/thing/${thing.id}`, thing);
}

async function page(path: string): Promise<Page> {
  const { status, body } = await app.call("GET", path);
  expect(status).toBe(200);
  return body as Page;
}

const idsOf = ({ items }: Page): string[] => items.map(({ id }) => id);

describe("a list", () => {
  test.each([
    "/v1/thing",
    "/v1/things",
    "/v1/thing/search",
    "/v1/thing/search/default",
    "/v1/search/default",
    "/v1/search",
  ])("is answered at %s, newest first, 30 at a time", async (path) => {
    await makeThings(31);
    const { items, ...rest } = await page(path);
    expect(items).toHaveLength(30);
    expect(items[0]).toMatchObject({ id: "t31", type: "thing", deviceStatus: { sync: "in_step" } });
    expect(rest).toEqual({ page: 0, totalHits: 31, lastKey: expect.any(String) });
  });

  test("is walked with lastKey, as clients do, until a page is empty", async () => {
    await makeThings(5);
    for (const desc of ["true", "false"]) {
      const seen: string[] = [];
      let lastKey: string | undefined;
      do {
        const next = lastKey === undefined ? "" : `&lastKey=${lastKey}`;
        const one = await page(`/v1/thing?sort=_docid&page=1&limit=2&desc=${desc}${next}`);
        expect(one).toMatchObject({ page: 1, totalHits: 5 });
        seen.push(...idsOf(one));
        ({ lastKey } = one);
      } while (lastKey !== undefined);
      expect(seen).toEqual(desc === "true" ? ["t5", "t4", "t3", "t2", "t1"] : ["t1", "t2", "t3", "t4", "t5"]);
    }
  });

  test("is paged by number from the second page on", async () => {
    await makeThings(5);
    expect(idsOf(await page("/v1/thing?page=1&limit=2"))).toEqual(["t5", "t4"]);
    expect(idsOf(await page("/v1/thing?page=2&limit=2"))).toEqual(["t3", "t2"]);
    expect(await page("/v1/thing?page=4&limit=2")).toEqual({ items: [], page: 4, totalHits: 5 });
  });

  test("takes what clients send for a limit: none, zero, too much", async () => {
    await makeThings(3);
    for (const limit of ["", "limit=", "limit=0", "limit=100000"]) {
      expect((await page(`/v1/thing?${limit}`)).items).toHaveLength(3);
    }
  });

  test.each(["limit=-1", "limit=x", "page=1.5", "page=-1", "lastKey=x", "lastKey=-1", "sort=a%00b"])(
    "refuses %s",
    async (query) => {
      const [name] = query.split("=");
      expect(await app.call("GET", `/v1/thing?${query}`)).toMatchObject({
        status: 400,
        body: { code: 400, message: expect.stringContaining(`'${name}' must be`) },
      });
    },
  );

  test("shows the fields that are selected", async () => {
    await makeThings(1);
    expect(await page("/v1/thing?select=id")).toEqual({
      items: [{ id: "t1" }],
      page: 0,
      totalHits: 1,
      lastKey: expect.any(String),
    });
  });
});

describe("a search", () => {
  test.each([
    ["id?id=t2", ["t2"]],
    ["id?id=t9", []],
    ["ids?ids=t3&ids=t9&ids=t1", ["t3", "t1"]],
    ["terms?terms=tags:even", ["t3", "t1"]],
    ["terms?terms=tags:even&terms=deviceState.level:2", ["t3"]],
    ["terms?terms=tags:odd&terms=deviceState.level:2&matchall=false", ["t3", "t2"]],
    ["in?field=id&terms=t1&terms=t3", ["t3", "t1"]],
    ["prefix?field=id&prefix=t", ["t3", "t2", "t1"]],
    ["tagged?tags=even", ["t3", "t1"]],
    ["tagged?tags=even&tags=odd", []],
  ])("by %s finds its Things", async (query, ids) => {
    await makeThings(3);
    for (const root of ["/v1/thing/search", "/v1/things/search", "/v1/search"]) {
      const found = await page(`${root}/${query}`);
      expect(idsOf(found)).toEqual(ids);
      expect(found.totalHits).toBe(ids.length);
    }
  });

  test.each(["count?type=thing", "count?q=*", "terms?count=true&terms=type:thing&terms=tags:x&matchall=false"])(
    "by %s only counts",
    async (query) => {
      await makeThings(3);
      const { items, totalHits } = await page(`/v1/thing/search/${query}`);
      expect(items).toEqual([]);
      expect(totalHits).toBe(query.startsWith("count") ? 3 : 0);
    },
  );

  test("finds nothing of another app's", async () => {
    await makeThings(2);
    const other = await createParaApp(api, "harbour");
    for (const query of ["", "/search/id?id=t1", "/search/ids?ids=t1", "/search/terms?terms=id:t1", "/search/count"]) {
      expect(await other.call("GET", `/v1/thing${query}`)).toMatchObject({ body: { items: [], totalHits: 0 } });
    }
  });

  test.each([
    ["terms?terms=name", "'terms' must be field:value, as in terms=name:Boiler"],
    ["terms?terms=:x", "'terms' must be field:value, as in terms=name:Boiler"],
    [`terms?terms=${"f".repeat(256)}:x`, "A field's name has 1 to 255 characters, none of them a control character"],
    ["nearby?latlng=1,1", /^Things have no address here/],
    ["nested?q=*", /^There are no nested objects here/],
    ["__proto__", /^There is no search of this type: there are id, ids, count, default, terms/],
    ["default?q=name:(", /^Invalid query string syntax in 'q': /],
  ])("by %s is refused", async (query, message) => {
    expect(await app.call("GET", `/v1/thing/search/${query}`)).toMatchObject({
      status: 400,
      body: { code: 400, message: expect.stringMatching(message) },
    });
  });

  // The JavaScript client rejects what is answered 400, and sends an empty list as no parameter, `null` without `=`.
  test.each([
    ["terms", "terms"],
    ["terms?terms=&count=true", "terms"],
    ["in?terms=x", "field"],
    ["in?field=name", "terms"],
    ["prefix?field=name&prefix", "prefix"],
    ["prefix?field&prefix=x", "field"],
    ["tagged?tags=", "tags"],
    ["tagged", "tags"],
    ["wildcard?field=&q=*", "field"],
    ["similar?like&filterid=", "like"],
    ["id?id", "id"],
    ["id", "id"],
    ["ids?ids=", "ids"],
    ["ids", "ids"],
  ])("by %s looks for nothing, finds nothing and says so", async (query, name) => {
    await makeThings(2);
    const message = `'${name}' is blank: there is nothing to look for`;
    expect(await app.call("GET", `/v1/thing/search/${query}`)).toMatchObject({
      status: 200,
      body: { items: [], page: 0, totalHits: 0, message },
    });
  });

  test("for another type is refused", async () => {
    expect(await app.call("GET", "/v1/search/default?q=*&type=user")).toMatchObject({
      status: 400,
      body: { error: "type_not_kept" },
    });
  });
});

describe("the parameters of a search become a filter", () => {
  test.each([
    ["terms", { terms: "votes >=:3" }, { field: "votes", from: 3, to: null, includesFrom: true, includesTo: false }],
    ["terms", { terms: "a<:x" }, { field: "a", from: null, to: "x", includesFrom: false, includesTo: false }],
  ])("%s %j compares", (type, query, range) => {
    expect(searchFilter(type, query)).toEqual({
      kind: "found",
      filter: { kind: "and", of: [{ kind: "range", ...range }] },
    });
  });

  test("wildcard", () => {
    const filter = { kind: "wildcard", field: "name", pattern: "B*" };
    expect(searchFilter("wildcard", { field: "name", q: "B*" })).toEqual({ kind: "found", filter });
    expect(searchFilter("wildcard", { field: "name" })).toEqual({ kind: "found", filter: { ...filter, pattern: "*" } });
  });

  test("similar looks for each word and leaves out what it is compared with", () => {
    const word = (text: string): object => ({ kind: "text", field: "name", text });
    expect(searchFilter("similar", { like: "Old boiler, old!", filterid: "7" })).toEqual({
      kind: "found",
      filter: {
        kind: "and",
        of: [
          { kind: "or", of: [word("Old"), word("boiler"), word("old")] },
          { kind: "not", of: { kind: "equals", field: "id", value: "7" } },
        ],
      },
    });
  });

  test("never so many that they are a burden", () => {
    const terms = Array.from({ length: 501 }, (_, i) => `a:${i}`);
    expect(searchFilter("terms", { terms })).toEqual({ kind: "fault", message: "'terms' must be at most 500" });
    const fields = Array.from({ length: 100 }, (_, i) => `f${i}`);
    const like = Array.from({ length: 300 }, (_, i) => `w${i}`).join(" ");
    expect(searchFilter("similar", { like, fields })).toMatchObject({ filter: { of: { length: 300 } } });
  });
});
