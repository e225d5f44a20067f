import { expect, test } from "vitest";
import { startLocalHub } from "../testing/local-hub.ts";

const VERSION = "?api-version=2021-04-12";

test("a new twin has versions, dates and an etag as the service makes them", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  await registry.create({ deviceId: "d" });
  const { responseBody: twin } = await registry.getTwin("d");
  expect(twin).toMatchObject({
    deviceId: "d",
    etag: "AAAAAAAAAAE=",
    version: 2,
    tags: {},
    properties: {
      desired: { $version: 1, $metadata: { $lastUpdated: "0001-01-01T00:00:00Z" } },
      reported: { $version: 1, $metadata: { $lastUpdated: "0001-01-01T00:00:00Z" } },
    },
  });
});

test("the SDK merges a patch: null deletes, objects merge, versions and metadata follow", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  await registry.create({ deviceId: "d" });
  const first = { tags: { site: "x" }, properties: { desired: { a: 1, deep: { b: 2, c: 3 } } } };
  const { responseBody: one } = await registry.updateTwin("d", first, "*");
  const second = { properties: { desired: { a: null, deep: { b: 5 }, list: [1, { x: 2 }] } } };
  const { responseBody: two } = await registry.updateTwin("d", second, one.etag);
  const { $version, $metadata, ...values } = two.properties.desired as Record<string, unknown>;
  expect(values).toEqual({ deep: { b: 5, c: 3 }, list: [1, { x: 2 }] });
  expect($version).toBe(3);
  expect($metadata).toMatchObject({
    $lastUpdatedVersion: 3,
    deep: { $lastUpdatedVersion: 3, b: { $lastUpdatedVersion: 3 }, c: { $lastUpdatedVersion: 2 } },
  });
  expect($metadata).not.toHaveProperty("a");
  expect(two.tags).toEqual({ site: "x" });
  expect(two).toMatchObject({ version: 4 });
  expect(two.etag).not.toBe(one.etag);
});

test("a stale etag is refused and changes nothing", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  await registry.create({ deviceId: "d" });
  const { responseBody: twin } = await registry.getTwin("d");
  await registry.updateTwin("d", { tags: { a: 1 } }, twin.etag);
  await expect(registry.updateTwin("d", { tags: { a: 2 } }, twin.etag)).rejects.toMatchObject({
    name: "InvalidEtagError",
  });
  expect((await registry.getTwin("d")).responseBody.tags).toEqual({ a: 1 });
});

test("PUT replaces tags and desired properties, and leaves what the device reported", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  await registry.create({ deviceId: "d" });
  await registry.updateTwin("d", { tags: { a: 1 }, properties: { desired: { x: 1, y: 2 } } }, "*");
  const body = JSON.stringify({ properties: { desired: { z: 3 }, reported: { forged: true } } });
  const headers = { authorization: hub.token("service"), "if-match": '"*"' };
  const answer = await hub.send({ method: "PUT", path: `/twins/d${VERSION}`, headers, body });
  expect(answer.status).toBe(200);
  const twin = JSON.parse(answer.text) as { tags: unknown; properties: { desired: object; reported: object } };
  expect(answer.headers.etag).toBe(`"${(twin as unknown as { etag: string }).etag}"`);
  expect(twin.tags).toEqual({});
  expect(twin.properties.desired).toMatchObject({ z: 3, $version: 3 });
  expect(twin.properties.desired).not.toHaveProperty("x");
  expect(twin.properties.reported).not.toHaveProperty("forged");
});

test("a POST with the header X-HTTP-Method-Override: PATCH is a PATCH, as the Java SDK sends it", async () => {
  await using hub = await startLocalHub();
  await hub.registry().create({ deviceId: "d" });
  const post = (override: string): ReturnType<typeof hub.send> =>
    hub.send({
      method: "POST",
      path: `/twins/d${VERSION}`,
      headers: { authorization: hub.token("service"), "x-http-method-override": override },
      body: JSON.stringify({ tags: { a: 1 } }),
    });
  expect((await post("DELETE")).status).toBe(405);
  expect((await post("PATCH")).status).toBe(200);
  expect(hub.emulator.hub.twins.get("d")["tags"]).toEqual({ a: 1 });
});

test.each([
  ["PATCH", { tags: null }, {}, { x: 1 }, 2],
  ["PATCH", { properties: { desired: null } }, { a: 1 }, {}, 3],
  ["PATCH", { tags: { a: null }, properties: { desired: {} } }, {}, { x: 1 }, 2],
  ["PUT", { tags: null, properties: { desired: null } }, {}, {}, 3],
  ["PUT", { tags: { b: { c: null } }, properties: { desired: { x: null, y: 2 } } }, { b: {} }, { y: 2 }, 3],
  ["PUT", { tags: { a: 1 }, properties: null }, { a: 1 }, {}, 3],
] as const)("%s of %j leaves tags %j and desired properties %j", async (method, change, tags, desired, version) => {
  await using hub = await startLocalHub();
  const { registry, twins } = hub.emulator.hub;
  await registry.create("d", {});
  await twins.patch("d", { tags: { a: 1 }, desired: { x: 1 } });
  const headers = { authorization: hub.token("service") };
  const answer = await hub.send({ method, path: `/twins/d${VERSION}`, headers, body: JSON.stringify(change) });
  expect(answer.status).toBe(200);
  expect(JSON.parse(answer.text)).toMatchObject({ version: 4 });
  expect(twins.get("d")["tags"]).toEqual(tags);
  expect(twins.own("d").desired).toEqual({ ...desired, $version: version });
});

test("a client may send back the document it read", async () => {
  await using hub = await startLocalHub();
  const headers = { authorization: hub.token("service") };
  await hub.emulator.hub.registry.create("d", {});
  await hub.emulator.hub.twins.patch("d", { tags: { a: 1 }, desired: { deep: { b: 1 } } });
  await hub.emulator.hub.twins.report("d", { on: true });
  const read = await hub.send({ path: `/twins/d${VERSION}`, headers });
  const answer = await hub.send({ method: "PUT", path: `/twins/d${VERSION}`, headers, body: read.text });
  expect(answer.status).toBe(200);
  expect(hub.emulator.hub.twins.own("d")).toEqual({
    desired: { deep: { b: 1 }, $version: 3 },
    reported: { on: true, $version: 2 },
  });
});

test.each([
  ["a key with a dot", { tags: { "a.b": 1 } }],
  ["a key with a dollar", { tags: { a: { $b: 1 } } }],
  ["a key with a space", { tags: { "a b": 1 } }],
  ["a key with a control character", { tags: { "a\u0001": 1 } }],
  ["a long key", { tags: { ["k".repeat(1025)]: 1 } }],
  ["a long string", { tags: { a: "x".repeat(4097) } }],
  ["eleven levels", { tags: JSON.parse(`${'{"a":'.repeat(12)}1${"}".repeat(12)}`) as object }],
  ["a null in an array", { tags: { a: [null] } }],
  ["the integer 2^52", { tags: { a: 2 ** 52 } }],
  ["tags over 8 KB", { tags: Object.fromEntries(Array.from({ length: 3 }, (_, i) => [`k${i}`, "x".repeat(4000)])) }],
  [
    "desired properties over 32 KB",
    { properties: { desired: Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, "x".repeat(4000)])) } },
  ],
  ["tags that are no object", { tags: [] }],
])("a twin with %s is refused", async (_, change) => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  const headers = { authorization: hub.token("service") };
  const answer = await hub.send({ method: "PATCH", path: `/twins/d${VERSION}`, headers, body: JSON.stringify(change) });
  expect([answer.status, answer.headers["iothub-errorcode"]]).toEqual([400, "ArgumentInvalid"]);
  expect(hub.emulator.hub.twins.get("d")).toMatchObject({ version: 2, tags: {} });
});

test("ten levels, and names that objects inherit, are stored", async () => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  const headers = { authorization: hub.token("service") };
  const tags = `{"deep":${'{"a":'.repeat(9)}1${"}".repeat(9)},"__proto__":{"x":1},"constructor":2}`;
  const answer = await hub.send({ method: "PATCH", path: `/twins/d${VERSION}`, headers, body: `{"tags":${tags}}` });
  expect(answer.status).toBe(200);
  expect(answer.text).toContain(`"tags":${tags}`);
  expect(({} as Record<string, unknown>)["x"]).toBeUndefined();
});
