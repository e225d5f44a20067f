/** What every store must find among Things. */
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { JsonObject } from "../../core/json.ts";
import type { Thing } from "../../core/thing.ts";
import type { ThingFilter, ThingQuery } from "../../core/thing-query.ts";
import type { OpenStore, Store, StoreUnderTest } from "./store-under-test.ts";
import { newThing, stateOf } from "./thing-samples.ts";

const HUB = "hub-1";
const ALL: ThingQuery = {
  filter: { kind: "all" },
  sort: "_docid",
  descending: false,
  limit: 100,
  skip: 0,
  afterDocId: null,
};

const SAMPLES: readonly (Partial<Thing> & { readonly id: string; readonly state?: JsonObject })[] = [
  {
    id: "a",
    name: "Boiler room",
    tags: ["Red", "hot"],
    timestamp: 30,
    votes: 2,
    properties: { serial: "AB-12", floor: 3, labels: ["x", 7], note: 'it\'s 100% "quoted"' },
    state: { temp: 21.5, on: true, fan: { speed: 3, mode: "Eco" } },
  },
  {
    id: "b",
    name: "Äpfel * Keller",
    tags: ["blue"],
    timestamp: 10,
    updated: 1_767_225_600_000,
    parentId: "p-1",
    properties: { serial: "AB-123", floor: "3", labels: [], since: "2026-03-01" },
    state: { temp: 5, on: false, fan: { speed: 12 } },
  },
  {
    id: "c",
    name: "boiler",
    timestamp: 20,
    version: 4,
    properties: { serial: "CD", floor: -1, where: { room: "attic" }, 'odd"key': 1, __proto__safe: true },
    state: { mode: "eco" },
  },
];

const eq = (field: string, value: string | number | boolean | null): ThingFilter => ({ kind: "equals", field, value });
const text = (field: string | null, phrase: string): ThingFilter => ({ kind: "text", field, text: phrase });
const wild = (field: string | null, pattern: string): ThingFilter => ({ kind: "wildcard", field, pattern });
const range = (field: string, from: string | number | null, to: string | number | null, edges = "[]"): ThingFilter => ({
  kind: "range",
  field,
  from,
  to,
  includesFrom: edges.startsWith("["),
  includesTo: edges.endsWith("]"),
});

/** What is asked, and the ids that are found. */
const FINDS: readonly (readonly [string, ThingFilter, string])[] = [
  ["all", { kind: "all" }, "abc"],
  ["none", { kind: "none" }, ""],
  ["an id", eq("id", "b"), "b"],
  ["a name as it is", eq("name", "boiler"), "c"],
  ["a tag", eq("tags", "hot"), "a"],
  ["no such tag", eq("tags", "ho"), ""],
  ["the type of all", eq("type", "thing"), "abc"],
  ["the app of all", eq("appid", "fleet"), "abc"],
  ["another app", eq("appid", "other"), ""],
  ["a parent", eq("parentid", "p-1"), "b"],
  ["a number", eq("votes", 2), "a"],
  ["a number by its text", eq("votes", "2"), "a"],
  ["a time", eq("timestamp", 10), "b"],
  ["a date", eq("updated", "2026-01-01"), "b"],
  ["a field of the user's own", eq("properties.serial", "AB-12"), "a"],
  ["one without the prefix", eq("serial", "AB-12"), "a"],
  ["a number, where some wrote a text", eq("properties.floor", 3), "ab"],
  ["a nested field", eq("properties.where.room", "attic"), "c"],
  ["one of an array", eq("properties.labels", "x"), "a"],
  ["a number of an array", eq("properties.labels", "7"), "a"],
  ["no key of an object", eq("properties.where", "attic"), ""],
  ["an odd key", eq('properties.odd"key', 1), "c"],
  ["a quoted value", eq("properties.note", 'it\'s 100% "quoted"'), "a"],
  ["a state", eq("deviceState.fan.speed", 3), "a"],
  ["a state that is true", eq("deviceState.on", true), "a"],
  ["a state that is false", eq("deviceState.on", "false"), "b"],
  ["a field that is missing", eq("properties.where", null), "ab"],
  ["what would be SQL", eq("properties.x') OR 1=1 --", "1"), ""],
  ["a path that is none", eq("properties.$[0]..", "1"), ""],
  ["a beginning", { kind: "prefix", field: "properties.serial", prefix: "ab-12" }, "ab"],
  ["a beginning with signs", { kind: "prefix", field: "name", prefix: "äpfel *" }, "b"],
  ["a pattern", wild("properties.serial", "?b-12?"), "b"],
  ["a pattern in a name, in any letter case", wild("name", "*BOIL*"), "ac"],
  ["a pattern with a star that is one", wild("name", "ä*\\**"), "b"],
  ["a pattern over numbers", wild("deviceState.fan.speed", "1*"), "b"],
  ["a pattern in a tag", wild("tags", "re?"), "a"],
  ["a pattern that is any", wild("deviceState.fan", "*"), "ab"],
  ["a pattern anywhere", wild(null, "att*"), "c"],
  ["a pattern with a character that ends texts", wild("name", "\0*"), ""],
  ["such a beginning", { kind: "prefix", field: "name", prefix: "\0" }, ""],
  ["such a word", text(null, "\0"), ""],
  ["brackets as they are", wild("name", "[a-z]*"), ""],
  ["a word", text("name", "BOILER"), "ac"],
  ["a phrase", text("name", "boiler room"), "a"],
  ["no part of a word", text("name", "boil"), ""],
  ["a word in any script", text("name", "ÄPFEL"), "b"],
  ["a number as a word", text("deviceState.temp", "21.5"), "a"],
  ["true as a word", text("deviceState.on", "true"), "a"],
  ["a value with signs, whole", text("properties.serial", "ab-12"), "a"],
  ["a word anywhere: a name", text(null, "keller"), "b"],
  ["a word anywhere: a tag", text(null, "red"), "a"],
  ["a word anywhere: an id", text(null, "c"), "c"],
  ["a word anywhere: a state", text(null, "eco"), "ac"],
  ["a word anywhere: a nested field", text(null, "attic"), "c"],
  ["a range", range("deviceState.temp", 5, 21.5), "ab"],
  ["a range without its ends", range("deviceState.temp", 5, 21.5, "{}"), ""],
  ["a range that is open", range("votes", "1", null), "a"],
  ["a range of texts", range("properties.since", "2026-01-01", "2026-12-31"), "b"],
  ["a range of dates", range("updated", "2025-12-31", "2026-01-02"), "b"],
  ["any range", range("updated", null, null), "b"],
  ["existing", { kind: "exists", field: "deviceState.fan" }, "ab"],
  ["existing tags", { kind: "exists", field: "tags" }, "ab"],
  ["existing columns", { kind: "exists", field: "parentid" }, "b"],
  ["not", { kind: "not", of: eq("parentid", "p-1") }, "ac"],
  ["not, of a field that some have not", { kind: "not", of: eq("deviceState.fan.speed", 3) }, "bc"],
  ["and", { kind: "and", of: [text("name", "boiler"), eq("votes", 2)] }, "a"],
  ["or", { kind: "or", of: [eq("id", "c"), eq("serial", "AB-12"), eq("serial", "AB-123")] }, "abc"],
  ["nothing of and is all", { kind: "and", of: [] }, "abc"],
  ["nothing of or is none", { kind: "or", of: [] }, ""],
  ["many", { kind: "or", of: Array.from({ length: 900 }, (_, i) => wild("name", `none ${i}*`)) }, ""],
];

function anyText(): fc.Arbitrary<string> {
  const odd = fc.constantFrom(
    "",
    "boiler",
    "3",
    "-1e9",
    "true",
    "*",
    "?*[",
    "]^-",
    "'",
    '"',
    "\\",
    "%",
    "\0",
    "\ud800",
    "ß",
    "İ",
  );
  return fc.oneof(odd, fc.string({ unit: "binary", maxLength: 12 }));
}

function anyField(): fc.Arbitrary<string> {
  const known = fc.constantFrom("id", "name", "tags", "timestamp", "updated", "votes", "stored", "appid", "parentid");
  const own = fc.constantFrom("properties", "deviceState", "properties.labels", "deviceState.fan", "_docid", "serial");
  const nested = anyText().map((text) => `deviceState.${text}`);
  return fc.oneof(known, own, nested, anyText());
}

function anyFilter(): fc.Arbitrary<ThingFilter> {
  const field = anyField();
  const anywhere = fc.option(field);
  const value = fc.oneof(anyText(), fc.double(), fc.boolean());
  const bound = fc.option(fc.oneof(anyText(), fc.double()));
  const { filter } = fc.letrec<{ filter: ThingFilter }>((tie) => ({
    filter: fc.oneof(
      { depthSize: "small" },
      fc.record({ kind: fc.constant("equals" as const), field, value: fc.option(value) }),
      fc.record({ kind: fc.constant("prefix" as const), field, prefix: anyText() }),
      fc.record({ kind: fc.constant("wildcard" as const), field: anywhere, pattern: anyText() }),
      fc.record({ kind: fc.constant("text" as const), field: anywhere, text: anyText() }),
      fc.record({
        kind: fc.constant("range" as const),
        field,
        from: bound,
        to: bound,
        includesFrom: fc.boolean(),
        includesTo: fc.boolean(),
      }),
      fc.record({ kind: fc.constant("exists" as const), field }),
      fc.record({
        kind: fc.constantFrom("and" as const, "or" as const),
        of: fc.array(tie("filter"), { maxLength: 4 }),
      }),
      fc.record({ kind: fc.constant("not" as const), of: tie("filter") }),
    ),
  }));
  return filter;
}

export function describeThingSearch(open: OpenStore): void {
  describe("searching Things", () => {
    let under: StoreUnderTest;
    let store: Store;
    let fleet: number;

    async function make(productId: number, { state = {}, ...thing }: (typeof SAMPLES)[number]): Promise<void> {
      await store.noteThing(newThing(thing.id, productId, thing), HUB);
      await store.confirmThing(thing.id, { next: stateOf(thing.id, HUB, state), conflicts: [] });
    }

    beforeEach(async () => {
      under = await open();
      store = under.store;
      const [mine, other] = await Promise.all(
        ["fleet", "strangers"].map((slug) =>
          store.createProduct({ ownerId: "ada", name: slug, slug, description: "" }),
        ),
      );
      fleet = mine!.id;
      for (const sample of SAMPLES) await make(fleet, sample);
      await make(other!.id, { ...SAMPLES[0]!, id: "z" });
    });
    afterEach(() => under.dispose());

    async function ids(query: Partial<ThingQuery>): Promise<string> {
      const { things } = await store.searchThings(fleet, { ...ALL, ...query });
      return things.map(({ thing }) => thing.id).join("");
    }

    test("each filter finds what it says, and only among the product's own", async () => {
      for (const [what, filter, expected] of FINDS) {
        const { total } = await store.searchThings(fleet, { ...ALL, filter, limit: 1 });
        const twice: ThingFilter = { kind: "not", of: { kind: "not", of: filter } };
        const found = { what, ids: await ids({ filter }), total, notNot: await ids({ filter: twice }) };
        expect(found).toEqual({ what, ids: expected, total: expected.length, notNot: expected });
      }
    });

    test("the order is by any field, those that have none last, equal ones by their making", async () => {
      expect(await ids({ sort: "timestamp" })).toBe("bca");
      expect(await ids({ sort: "timestamp", descending: true })).toBe("acb");
      expect(await ids({ sort: "timestamp", filter: wild("name", "*e*") })).toBe("bca");
      expect(await ids({ sort: "name" })).toBe("acb");
      expect(await ids({ sort: "updated", descending: true })).toBe("bca");
      expect(await ids({ sort: "properties.floor" })).toBe("cab");
      expect(await ids({ sort: "deviceState.temp" })).toBe("bac");
      expect(await ids({ sort: "deviceState.temp", descending: true })).toBe("abc");
      expect(await ids({ sort: "tags" })).toBe("abc");
      expect(await ids({ sort: "_docid", descending: true })).toBe("cba");
      expect(await ids({ sort: "no.such" })).toBe("abc");
    });

    test("pages follow each other by skipping, and by going on after a Thing until there is none", async () => {
      for (const filter of [{ kind: "all" }, wild("name", "*e*")] as const) {
        expect(await ids({ filter, sort: "timestamp", limit: 2 })).toBe("bc");
        expect(await ids({ filter, sort: "timestamp", limit: 2, skip: 2 })).toBe("a");
        for (const sort of ["_docid", "timestamp", "name", "updated", "properties.floor", "deviceState.temp", "tags"]) {
          for (const descending of [false, true]) {
            const order = await ids({ filter, sort, descending });
            expect(order).toHaveLength(3);
            let after: number | null = null;
            for (const expected of [...order.split(""), ""]) {
              const query: ThingQuery = { ...ALL, filter, descending, sort, limit: 1, afterDocId: after };
              const { things, total } = await store.searchThings(fleet, query);
              expect(total).toBe(3);
              expect(things.map(({ thing }) => thing.id).join("")).toBe(expected);
              after = things[0]?.thing.docId ?? null;
            }
          }
        }
      }
      const after = (await store.thing("a"))!.thing.docId;
      const filter: ThingFilter = { kind: "or", of: [eq("id", "a"), eq("id", "b")] };
      expect(await ids({ filter, afterDocId: after })).toBe("b");
    });

    test("after a Thing that is gone the others follow in the order of making", async () => {
      const after = (await store.thing("b"))!.thing.docId;
      await store.deleteThing("b");
      for (const filter of [{ kind: "all" }, wild("name", "*e*")] as const) {
        expect(await ids({ filter, sort: "timestamp", afterDocId: after })).toBe("c");
        expect(await ids({ filter, sort: "name", descending: true, afterDocId: after })).toBe("a");
      }
    });

    test("whatever is asked is answered: what a filter does not find, its opposite does", async () => {
      await fc.assert(
        fc.asyncProperty(anyFilter(), anyField(), fc.boolean(), async (filter, sort, descending) => {
          const opposite: ThingFilter = { kind: "not", of: filter };
          const [found, others] = await Promise.all(
            [filter, opposite].map((one) => store.searchThings(fleet, { ...ALL, filter: one, sort, descending })),
          );
          expect(found!.total).toBe(found!.things.length);
          expect(found!.total + others!.total).toBe(SAMPLES.length);
        }),
        { numRuns: 150 },
      );
    });

    test("a state that changes is found as it is then", async () => {
      const { state } = (await store.thing("c"))!;
      await store.saveStates([{ next: { ...state, state: { mode: "boost" }, revision: 2 }, conflicts: [] }]);
      expect(await ids({ filter: eq("deviceState.mode", "boost") })).toBe("c");
      expect(await ids({ filter: eq("deviceState.mode", "eco") })).toBe("");
    });
  });
}
