/** What Para's API takes for Things is what it shows, finds and writes into the hub. */
import { isDeepStrictEqual } from "node:util";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openThingPath } from "./testing/thing-path.ts";
import type { Shown } from "./testing/thing-path.ts";

test("whatever state is accepted is read as it was answered, and is what the hub's twin holds", async () => {
  const { under, made, read, call } = await openThingPath();
  const { id } = await made();
  const key = fc.oneof(fc.constantFrom("a", "b", "constructor", "a.b", "$a", "x y"), fc.string({ maxLength: 5 }));
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.oneof(fc.string({ unit: "grapheme" }), fc.integer(), fc.double(), fc.boolean(), fc.constant(null)),
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(key, tie("value"), { maxKeys: 3, noNullPrototype: true }),
    ),
  }));
  const isRight = async (deviceState: unknown): Promise<unknown> => {
    const { status, json } = await call("PATCH", `thing/${id}`, { body: { deviceState } });
    const { message, deviceState: answered, deviceStatus } = json as Shown & { message: string };
    if (status === 400) return /deviceState/.test(message) || message;
    const { deviceState: shown } = await read(id);
    const {
      $metadata: _metadata,
      $version: _version,
      ...desired
    } = (await under.registry.getTwin(id)).responseBody.properties.desired;
    const isSame = isDeepStrictEqual(shown, answered) && isDeepStrictEqual(desired, shown);
    return (
      (status === 200 && deviceStatus["sync"] === "in_step" && isSame) || {
        status,
        deviceStatus,
        shown,
        answered,
        desired,
      }
    );
  };
  await fc.assert(
    fc.asyncProperty(fc.dictionary(key, value, { maxKeys: 4, noNullPrototype: true }), async (state) => {
      expect(await isRight(JSON.parse(JSON.stringify(state)))).toBe(true);
    }),
    { numRuns: 100 },
  );
}, 600_000);

test("Things are found by the fields that they have, by their states and by words, page by page", async () => {
  const { call } = await openThingPath();
  const things = [
    { name: "Boiler in the cellar", floor: -1, tags: ["heat"], deviceState: { level: 3, mode: "eco" } },
    { name: "Boiler in the attic", floor: 4, tags: ["heat", "old"], deviceState: { level: 12, mode: "boost" } },
    { name: "Fan", floor: 4, tags: ["air"], deviceState: { level: 7, mode: "eco", engine: { rpm: 900 } } },
    { name: "Sensor", owner: "ada", deviceState: {} },
  ];
  const made = await call("POST", "_batch", { body: things.map((thing) => ({ ...thing, serviceBroker: "Azure" })) });
  expect(made).toMatchObject({ status: 200 });
  const [cellar, attic, fan, sensor] = (made.json as Shown[]).map(({ id }) => id) as [string, string, string, string];
  const ids = async (path: string, query: Record<string, string | readonly string[]> = {}): Promise<string[]> => {
    const answer = await call("GET", path, { query: { sort: "_docid", desc: "false", ...query } });
    expect(answer).toMatchObject({ status: 200 });
    return (answer.json as { items: Shown[] }).items.map(({ id }) => id);
  };
  const find = async (q: string): Promise<string[]> => ids("thing/search/default", { q });

  expect(await find("*")).toEqual([cellar, attic, fan, sensor]);
  expect(await find("name:boiler AND properties.floor:4")).toEqual([attic]);
  expect(await find('name:"in the cellar"')).toEqual([cellar]);
  expect(await find("deviceState.mode:eco AND NOT tags:air")).toEqual([cellar]);
  expect(await find("deviceState.level:[5 TO 12}")).toEqual([fan]);
  expect(await find("deviceState.engine.rpm:>=900")).toEqual([fan]);
  expect(await find("_exists_:properties.owner")).toEqual([sensor]);
  expect(await find("ada")).toEqual([sensor]);
  expect(await find("name:b*ler*")).toEqual([cellar, attic]);
  expect(await ids("thing/search/terms", { terms: ["deviceState.mode:eco", "properties.floor:4"] })).toEqual([fan]);
  expect(await ids("thing/search/terms", { terms: ["floor >:-1", "floor <=:4"] })).toEqual([attic, fan]);
  expect(await ids("thing/search/in", { field: "deviceState.level", terms: ["3", "7"] })).toEqual([cellar, fan]);
  expect(await ids("thing/search/prefix", { field: "name", prefix: "boil" })).toEqual([cellar, attic]);
  expect(await ids("thing/search/wildcard", { field: "name", q: "*attic" })).toEqual([attic]);
  expect(await ids("thing/search/tagged", { tags: ["heat", "old"] })).toEqual([attic]);
  expect(await ids("thing/search/similar", { like: "an old boiler", filterid: attic, fields: "name" })).toEqual([
    cellar,
  ]);
  expect(await ids("thing", { sort: "deviceState.level", desc: "true", limit: "3" })).toEqual([attic, fan, cellar]);
  expect((await call("GET", "thing/search/count", { query: { q: "deviceState.mode:eco" } })).json).toMatchObject({
    items: [],
    totalHits: 2,
  });
  expect((await call("GET", "thing/search/default", { query: { q: "name:(boiler" } })).status).toBe(400);

  // As Para's clients walk: each page after the last one's key, until one is empty.
  for (const [sort, order] of [
    ["_docid", [sensor, fan, attic, cellar]],
    ["name", [sensor, fan, cellar, attic]],
    ["deviceState.level", [attic, fan, cellar, sensor]],
    ["properties.floor", [fan, attic, cellar, sensor]],
  ] as const) {
    const walked: string[] = [];
    let lastKey: string | undefined;
    do {
      const after = lastKey === undefined ? {} : { lastKey };
      const query = { q: "serviceBroker:Azure", sort, page: "1", limit: "1", desc: "true", ...after };
      const page = (await call("GET", "thing/search/default", { query })).json as { items: Shown[]; lastKey?: string };
      walked.push(...page.items.map(({ id }) => id));
      ({ lastKey } = page);
    } while (lastKey !== undefined && walked.length < 10);
    expect(walked).toEqual(order);
  }
});

test("whatever fields of its own a Thing is given, it is read as it was answered", async () => {
  const { made, read, call } = await openThingPath();
  const { id } = await made();
  const field = fc.oneof(
    fc.string({ unit: "binary" }),
    fc.constantFrom("constructor", "toString", "a.b", "", "'", '"'),
  );
  const body = fc.dictionary(field, fc.jsonValue({ stringUnit: "binary" }), { noNullPrototype: true });
  await fc.assert(
    fc.asyncProperty(body, async (sent) => {
      const { status, json } = await call("PUT", `thing/${id}`, { body: { ...sent, serviceBroker: "Azure" } });
      expect([200, 400]).toContain(status);
      const answered = status === 200 ? (json as Shown) : await read(id);
      expect(JSON.stringify(await read(id))).toBe(JSON.stringify(answered));
      expect(status === 400 || Object.keys(sent).every((name) => sent[name] === null || name in answered)).toBe(true);
    }),
    { numRuns: 100 },
  );
}, 120_000);

test("of writers that come at once with the same version one wins; without one, all of them", async () => {
  const { made, read, call } = await openThingPath();
  const writers = Array.from({ length: 10 }, (_, i) => i);
  const patch = async (id: string, body: object): Promise<number> =>
    (await call("PATCH", `thing/${id}`, { body })).status;
  const { id: locked } = await made({ version: 1 });
  const statuses = await Promise.all(writers.map((i) => patch(locked, { version: 1, deviceState: { [`by${i}`]: i } })));
  expect(statuses.toSorted((a, b) => a - b)).toEqual([200, ...Array.from({ length: 9 }, () => 412)]);
  expect(await read(locked)).toMatchObject({ version: 2 });
  expect(Object.keys((await read(locked)).deviceState)).toEqual([`by${statuses.indexOf(200)}`]);
  const { id: open } = await made();
  await Promise.all(writers.map((i) => patch(open, { [`own${i}`]: i, _voteup: `v${i}` })));
  await Promise.all(writers.map((i) => patch(open, { [`own${i}`]: i })));
  expect(await read(open)).toMatchObject({ votes: 10, ...Object.fromEntries(writers.map((i) => [`own${i}`, i])) });
});

test("of clients that put the same new id at once one gets the keys, and there is one device", async () => {
  const { under, call } = await openThingPath();
  const puts = Array.from({ length: 5 }, () => call("PUT", "thing/boiler-1", { body: { serviceBroker: "Azure" } }));
  const answers = await Promise.all(puts);
  expect(answers.filter(({ json }) => (json as Shown).deviceDetails !== undefined)).toHaveLength(1);
  for (const { status } of answers) expect([200, 409]).toContain(status);
  expect((await under.registry.list()).responseBody).toHaveLength(1);
  const [winner] = answers.map(({ json }) => (json as Shown).deviceDetails).filter((details) => details !== undefined);
  await under.device(winner!.connectionString);
});

test("whatever is searched for, by whatever names, there is a page or a 400", async () => {
  const { made, call } = await openThingPath();
  await made({ deviceState: { a: { b: [1, "x", { c: true }] } }, 'q"uote': 1, "a.b": 2 });
  const odd = fc.constantFrom(
    'a"b',
    "deviceState",
    "deviceState.",
    "properties.",
    "..",
    "a[0]",
    "$",
    "tags",
    "'--",
    "*",
    "name",
    "_docid",
  );
  const text = fc.oneof(odd, fc.string({ unit: "binary", maxLength: 40 }));
  const query = fc.record({
    terms: fc.tuple(text, text).map(([field, value]) => `${field}:${value}`),
    field: text,
    prefix: text,
    like: text,
    fields: text,
    tags: text,
    q: text,
    sort: text,
    desc: fc.constantFrom("true", "false"),
  });
  const kinds = fc.constantFrom("default", "terms", "in", "prefix", "wildcard", "tagged", "similar", "count", "nested");
  await fc.assert(
    fc.asyncProperty(kinds, query, async (kind, parameters) => {
      const { status, json } = await call("GET", `thing/search/${kind}`, { query: parameters });
      const { totalHits, message } = json as { totalHits?: number; message?: string };
      expect(status === 200 ? typeof totalHits : [status, typeof message]).toEqual(
        status === 200 ? "number" : [400, "string"],
      );
    }),
    { numRuns: 400 },
  );
}, 120_000);
