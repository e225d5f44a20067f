import { expect, test } from "vitest";
import type { Registry, Twin } from "azure-iothub";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

const PATH = "/devices/query?api-version=2021-04-12";

/** Devices d0, d1, … with tags `n` and `parity`. */
async function withDevices(hub: LocalHub, count: number): Promise<void> {
  const { registry, twins } = hub.emulator.hub;
  for (let n = 0; n < count; n++) {
    const tags = { n, parity: n % 2 === 0 ? "even" : "odd" };
    await registry.create(`d${n}`, {}, twins.initial({ tags, desired: { level: n / 2 } }));
  }
}

/** Without its own token the SDK's promise form begins anew each time. */
function nextOf(query: ReturnType<Registry["createQuery"]>): ReturnType<typeof query.next> {
  return query.next(query.continuationToken);
}

async function ask(
  hub: LocalHub,
  query: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; rows: unknown; message: string; type: unknown; next: string | undefined }> {
  const authorization = hub.token("service");
  const answer = await hub.send({
    method: "POST",
    path: PATH,
    headers: { authorization, ...headers },
    body: JSON.stringify({ query }),
  });
  const rows = JSON.parse(answer.text) as { Message?: string };
  const next = answer.headers["x-ms-continuation"] as string | undefined;
  return { status: answer.status, rows, message: rows.Message ?? "", type: answer.headers["x-ms-item-type"], next };
}

test("the SDK pages through whole twins and knows the last page", async () => {
  await using hub = await startLocalHub();
  await withDevices(hub, 7);
  const query = hub.registry().createQuery("SELECT * FROM devices WHERE tags.n != 3", 3);
  const pages: string[][] = [];
  while (query.hasMoreResults) {
    const { result } = await query.nextAsTwin();
    pages.push(result.map((twin: Twin) => twin.deviceId));
  }
  expect(pages).toEqual([
    ["d0", "d1", "d2"],
    ["d4", "d5", "d6"],
  ]);
  const { result } = await hub.registry().createQuery("SELECT * FROM devices WHERE deviceId = 'd3'").nextAsTwin();
  expect(JSON.stringify(result[0])).toBe(JSON.stringify((await hub.registry().getTwin("d3")).responseBody));
});

test("projections, aggregates and groups are raw rows", async () => {
  await using hub = await startLocalHub();
  await withDevices(hub, 5);
  const run = async (text: string): Promise<unknown> => {
    const { status, rows, type } = await ask(hub, text);
    expect([status, type]).toEqual([200, "Raw"]);
    return rows;
  };
  expect(await run("SELECT TOP 2 deviceId, tags.n AS number, properties.desired.level FROM devices")).toEqual([
    { deviceId: "d0", number: 0, level: 0 },
    { deviceId: "d1", number: 1, level: 0.5 },
  ]);
  expect(await run("SELECT tags.missing FROM devices WHERE tags.n < 1")).toEqual([{}]);
  expect(await run("SELECT COUNT() AS all FROM devices")).toEqual([{ all: 5 }]);
  expect(await run("SELECT COUNT(*), COUNT(tags.x) AS x FROM devices WHERE tags.n > 100")).toEqual([{ $1: 0, x: 0 }]);
  expect(
    await run("SELECT AVG(tags.n) AS a, SUM(tags.n) AS s, MIN(tags.n) AS l, MAX(tags.parity) AS h FROM devices"),
  ).toEqual([{ a: 2, s: 10, l: 0, h: "odd" }]);
  expect(await run("select d.tags.parity as parity, count() as n from devices as d group by d.tags.parity")).toEqual([
    { parity: "even", n: 3 },
    { parity: "odd", n: 2 },
  ]);
  expect(await run("SELECT COUNT() AS n FROM devices GROUP BY tags.none")).toEqual([{ n: 5 }]);
  expect(await run("SELECT tags.n * 2 + 1 AS x FROM devices d WHERE d.DeviceId = 'd4'")).toEqual([{ x: 9 }]);
});

test("modules are found in devices.modules only", async () => {
  await using hub = await startLocalHub();
  await withDevices(hub, 2);
  const { registry, twins } = hub.emulator.hub;
  await registry.create({ deviceId: "d1", moduleId: "m" }, {}, twins.initial({ tags: { kind: "camera" } }));
  const { rows, type } = await ask(hub, "SELECT * FROM devices.modules WHERE tags.kind = 'camera'");
  expect(type).toBe("Twin");
  expect(rows).toMatchObject([{ deviceId: "d1", moduleId: "m", tags: { kind: "camera" } }]);
  expect((await ask(hub, "SELECT deviceId FROM devices")).rows).toEqual([{ deviceId: "d0" }, { deviceId: "d1" }]);
});

test("pages stay whole while devices come and go", async () => {
  await using hub = await startLocalHub();
  await withDevices(hub, 6);
  const { registry } = hub.emulator.hub;
  const text = "SELECT deviceId FROM devices";
  const page = async (continuation?: string): Promise<{ ids: string[]; next: string | undefined }> => {
    const paging = {
      "x-ms-max-item-count": "2",
      ...(continuation === undefined ? {} : { "x-ms-continuation": continuation }),
    };
    const { rows, next } = await ask(hub, text, paging);
    return { ids: (rows as { deviceId: string }[]).map(({ deviceId }) => deviceId), next };
  };
  const first = await page();
  expect(first.ids).toEqual(["d0", "d1"]);
  for (const id of ["d0", "d1", "d2"]) await registry.delete(id);
  // Created again it is another device, and the last.
  await registry.create("d1", {});
  const second = await page(first.next);
  expect(second.ids).toEqual(["d3", "d4"]);
  await registry.delete("d5");
  const third = await page(second.next);
  expect(third).toEqual({ ids: ["d1"], next: undefined });
  expect(await page(first.next)).toMatchObject({ ids: ["d3", "d4"] });
});

test("TOP holds over all pages", async () => {
  await using hub = await startLocalHub();
  await withDevices(hub, 6);
  const query = hub.registry().createQuery("SELECT TOP 5 deviceId FROM devices", 2);
  const sizes: number[] = [];
  while (query.hasMoreResults) sizes.push((await nextOf(query)).result.length);
  expect(sizes).toEqual([2, 2, 1]);
  expect((await ask(hub, "SELECT TOP 0 * FROM devices")).rows).toEqual([]);
});

test("groups are paged too", async () => {
  await using hub = await startLocalHub();
  await withDevices(hub, 5);
  const query = hub.registry().createQuery("SELECT tags.n, COUNT() AS c FROM devices GROUP BY tags.n", 2);
  const rows: unknown[] = [];
  while (query.hasMoreResults) rows.push(...(await nextOf(query)).result);
  expect(rows).toEqual([0, 1, 2, 3, 4].map((n) => ({ n, c: 1 })));
});

test("a continuation of another query, or one made up, is refused", async () => {
  await using hub = await startLocalHub();
  await withDevices(hub, 3);
  const { next = "" } = await ask(hub, "SELECT * FROM devices", { "x-ms-max-item-count": "1" });
  for (const forged of [next.slice(0, -2), `${next}AA`, "AAAA", "!", "x".repeat(5000)]) {
    const { status, message } = await ask(hub, "SELECT * FROM devices", { "x-ms-continuation": forged });
    expect([status, message]).toEqual([400, expect.stringContaining("continuation")]);
  }
  expect((await ask(hub, "SELECT * FROM devices ", { "x-ms-continuation": next })).status).toBe(400);
  expect((await ask(hub, "SELECT * FROM devices", { "x-ms-continuation": next })).status).toBe(200);
});

test.each([
  ["SELECT * FROM devices ORDER BY deviceId", "ORDER BY is not in the language"],
  ["SELECT * FROM twins", 'expected devices, devices.modules or devices.jobs but found "twins" at column 15'],
  ["SELECT * FROM devices.things", 'found "things" at column 23'],
  ["SELECT FROM devices", 'found "FROM" at column 8'],
  ["SELECT * FROM devices WHERE", "found the end at column 28"],
  ["SELECT * FROM devices GROUP BY tags.x", "SELECT * cannot be grouped"],
  ["SELECT tags.y, COUNT() FROM devices GROUP BY tags.x", "must stand in GROUP BY"],
  ["SELECT tags.x, properties.desired.x FROM devices", "two columns are called x"],
  ["SELECT TOP x * FROM devices", "expected a number of rows"],
  ["SELECT * FROM devices WHERE a = 1 LIMIT 3", 'found "LIMIT" at column 35'],
  ["DELETE FROM devices", 'expected SELECT but found "DELETE" at column 1'],
  [`SELECT * FROM devices WHERE a = '${"x".repeat(8192)}'`, "longer than 8192"],
  [7, "needs the field query"],
])("%s is refused with a reason", async (text, reason) => {
  await using hub = await startLocalHub();
  const { status, message } = await ask(hub, text);
  expect(message).toContain(reason);
  expect(status).toBe(400);
});

test("a query needs ServiceConnect", async () => {
  await using hub = await startLocalHub();
  const answer = await ask(hub, "SELECT * FROM devices", { authorization: hub.token("registryReadWrite") });
  expect(answer.status).toBe(401);
});

test.each(["0", "-1", "x", "1.5"])("the page size %s is refused", async (size) => {
  await using hub = await startLocalHub();
  expect((await ask(hub, "SELECT * FROM devices", { "x-ms-max-item-count": size })).status).toBe(400);
});

test("a page holds 100 rows when nothing is said, and never more than 1,000", async () => {
  await using hub = await startLocalHub();
  await withDevices(hub, 1001);
  expect((await ask(hub, "SELECT * FROM devices")).rows).toHaveLength(100);
  const { rows, next } = await ask(hub, "SELECT * FROM devices", { "x-ms-max-item-count": "5000" });
  expect(rows).toHaveLength(1000);
  expect(next).toBeDefined();
});

test("a page of large twins ends early, and nothing is lost", async () => {
  await using hub = await startLocalHub();
  const { registry, twins, query } = hub.emulator.hub;
  const desired = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`k${i}`, "x".repeat(4000)]));
  for (let i = 0; i < 400; i++) await registry.create(`d${i}`, {}, twins.initial({ desired }));
  const first = await query.run("SELECT * FROM devices", { maxItemCount: 1000 });
  expect(first.rows.length).toBeLessThan(400);
  const continuation = first.continuation ?? "";
  const second = await query.run("SELECT * FROM devices", { maxItemCount: 1000, continuation });
  expect(first.rows.length + second.rows.length).toBe(400);
  expect(second.rows[0]).toMatchObject({ deviceId: `d${first.rows.length}` });
  expect(
    (await query.run("SELECT * FROM devices WHERE properties.desired.$version = 2 AND properties.desired.k0 > 'w'"))
      .rows,
  ).toHaveLength(100);
});

test("devices that come and go while the first query is prepared are neither missed nor told twice", async () => {
  await using hub = await startLocalHub();
  const { registry, query } = hub.emulator.hub;
  for (let i = 0; i < 20_000; i++) void registry.create(`d${i}`, {});
  const count = query.measure("SELECT * FROM devices");
  const ask = "SELECT deviceId FROM devices WHERE starts_with(deviceId, 'new') OR deviceId = 'd0'";
  const meanwhile = query.run(ask);
  await registry.delete("d0");
  await registry.create("new", {});
  await registry.create("d0", {});
  // How far the first ones are when a device comes or goes is a matter of the machine's speed.
  const seen = (await meanwhile).rows.map((row) => row["deviceId"]);
  expect(new Set(seen).size).toBe(seen.length);
  expect([19_999, 20_000, 20_001]).toContain(await count);
  expect((await query.run(ask)).rows).toEqual([{ deviceId: "new" }, { deviceId: "d0" }]);
  expect(await query.measure("SELECT * FROM devices")).toBe(20_001);
});

test("the body's field may be written Query, as Go's client does", async () => {
  await using hub = await startLocalHub();
  await withDevices(hub, 1);
  const headers = { authorization: hub.token("service") };
  const body = JSON.stringify({ Query: "SELECT deviceId FROM devices" });
  const { status, text } = await hub.send({ method: "POST", path: PATH, headers, body });
  expect([status, text]).toEqual([200, '[{"deviceId":"d0"}]']);
});
