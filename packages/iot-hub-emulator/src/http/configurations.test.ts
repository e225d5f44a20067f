import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Configuration, Registry } from "azure-iothub";
import { expect, test } from "vitest";
import type { JsonObject } from "../hub/twins/twin.ts";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

const VERSION = "?api-version=2021-04-12";

async function withDevices(hub: LocalHub, tags: Readonly<Record<string, JsonObject>>): Promise<Registry> {
  const { registry, twins } = hub.emulator.hub;
  for (const [id, own] of Object.entries(tags)) await registry.create(id, {}, twins.initial({ tags: own }));
  return hub.registry();
}

function configuration(id: string, fields: Partial<Configuration> & Pick<Configuration, "content">): Configuration {
  return { id, schemaVersion: "1.0", priority: 1, targetCondition: "*", ...fields };
}

function desired(hub: LocalHub, deviceId: string, moduleId?: string): JsonObject {
  const { $version: _, ...values } = hub.emulator.hub.twins.own(deviceId, moduleId).desired;
  return values;
}

async function becomes(hub: LocalHub, deviceId: string, values: JsonObject): Promise<void> {
  await expect.poll(() => desired(hub, deviceId)).toEqual(values);
}

async function read(registry: Registry, id: string): Promise<Configuration> {
  return (await registry.getConfiguration(id)).responseBody;
}

async function send(
  hub: LocalHub,
  method: string,
  path: string,
  body?: unknown,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ status: number; code: unknown; json: JsonObject; text: string }> {
  const authorization = hub.token("registryReadWrite");
  const answer = await hub.send({
    method,
    path: `${path}${VERSION}`,
    headers: { authorization, ...headers },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  });
  const json = (answer.text === "" ? {} : JSON.parse(answer.text)) as JsonObject;
  return { status: answer.status, code: answer.headers["iothub-errorcode"], json, text: answer.text };
}

test("the SDK makes, reads, lists, changes and removes configurations", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  const wanted = {
    ...configuration("c1", { content: { deviceContent: { "properties.desired.a": 1 } } }),
    labels: { for: "test" },
    targetCondition: "tags.x = 1",
    metrics: { queries: { all: "SELECT deviceId FROM devices" } },
  };
  await registry.addConfiguration(wanted);
  const made = await read(registry, "c1");
  expect(made).toMatchObject({
    ...wanted,
    createdTimeUtc: expect.any(String) as unknown,
    etag: expect.any(String) as unknown,
    systemMetrics: { results: { targetedCount: 0, appliedCount: 0 } },
    metrics: { results: { all: 0 } },
  });
  await expect(registry.addConfiguration(wanted)).rejects.toMatchObject({ name: "DeviceAlreadyExistsError" });
  await registry.updateConfiguration({ ...made, priority: 7 });
  expect(await read(registry, "c1")).toMatchObject({ priority: 7, labels: { for: "test" } });
  await expect(registry.updateConfiguration(made)).rejects.toMatchObject({ name: "InvalidEtagError" });
  await registry.updateConfiguration({ ...made, priority: 8 }, true);
  await registry.addConfiguration(configuration("c2", { content: {} }));
  expect((await registry.getConfigurations()).responseBody).toMatchObject([{ id: "c1", priority: 8 }, { id: "c2" }]);
  await registry.removeConfiguration("c1");
  expect(await send(hub, "GET", "/configurations/c1")).toMatchObject({ status: 404, code: "ConfigurationNotFound" });
});

test("content is set at the devices that are meant, now and later, and taken away when they no longer are", async () => {
  await using hub = await startLocalHub();
  const registry = await withDevices(hub, { a: { x: 1 }, b: { x: 2 } });
  await registry.updateTwin("a", { properties: { desired: { own: true, cooler: { manual: 1 } } } }, "*");
  const content = {
    deviceContent: { "properties.desired.cooler": { level: 3 }, "properties.desired.deep.inside": "y" },
  };
  await registry.addConfiguration(configuration("cool", { content, targetCondition: "tags.x = 1" }));
  await becomes(hub, "a", { own: true, cooler: { level: 3 }, deep: { inside: "y" } });
  expect(desired(hub, "b")).toEqual({});
  expect((await read(registry, "cool")).systemMetrics).toMatchObject({
    results: { targetedCount: 1, appliedCount: 1 },
  });
  const { rows } = await hub.emulator.hub.query.run(
    "SELECT * FROM devices WHERE configurations.[[cool]].status = 'Applied'",
  );
  expect(rows).toMatchObject([{ deviceId: "a", configurations: { cool: { status: "Applied" } } }]);

  await registry.updateTwin("b", { tags: { x: 1 } }, "*");
  await becomes(hub, "b", { cooler: { level: 3 }, deep: { inside: "y" } });
  await registry.updateTwin("a", { tags: { x: 5 } }, "*");
  await becomes(hub, "a", { own: true });
  await withDevices(hub, { c: { x: 1 } });
  await becomes(hub, "c", { cooler: { level: 3 }, deep: { inside: "y" } });
  await registry.removeConfiguration("cool");
  await becomes(hub, "b", {});
  await becomes(hub, "c", {});
});

test("what a device's desired properties lose of a configuration is set again", async () => {
  await using hub = await startLocalHub();
  const registry = await withDevices(hub, { a: {} });
  await registry.addConfiguration(configuration("c", { content: { deviceContent: { "properties.desired.v": 1 } } }));
  await becomes(hub, "a", { v: 1 });
  await registry.updateTwin("a", { properties: { desired: { v: 9, w: 2 } } }, "*");
  await expect.poll(() => desired(hub, "a")).toEqual({ v: 1, w: 2 });
});

test("for each path the highest priority wins, and the next one follows it", async () => {
  await using hub = await startLocalHub();
  const registry = await withDevices(hub, { a: {} });
  const low = { deviceContent: { "properties.desired.x": "low", "properties.desired.y": "low" } };
  const high = { deviceContent: { "properties.desired.x": "high" } };
  await registry.addConfiguration(configuration("high", { content: high, priority: 10 }));
  await registry.addConfiguration(configuration("low", { content: low, priority: 1 }));
  await registry.addConfiguration(
    configuration("beaten", { content: { deviceContent: { "properties.desired.x": "never" } }, priority: 0 }),
  );
  await becomes(hub, "a", { x: "high", y: "low" });
  await expect
    .poll(async () => (await read(registry, "beaten")).systemMetrics)
    .toMatchObject({ results: { targetedCount: 1, appliedCount: 0 } });
  await registry.updateConfiguration({ ...(await read(registry, "low")), priority: 20 });
  await becomes(hub, "a", { x: "low", y: "low" });
  await registry.removeConfiguration("low");
  await becomes(hub, "a", { x: "high" });
});

test("modules have configurations of their own", async () => {
  await using hub = await startLocalHub();
  const registry = await withDevices(hub, { a: {} });
  await hub.emulator.hub.registry.create({ deviceId: "a", moduleId: "m" }, {});
  const content = { moduleContent: { "properties.desired.v": 1 } };
  await registry.addConfiguration(
    configuration("c", { content, targetCondition: "FROM devices.modules WHERE moduleId = 'm'" }),
  );
  await expect.poll(() => desired(hub, "a", "m")).toEqual({ v: 1 });
  expect(desired(hub, "a")).toEqual({});
  const counted = await hub.emulator.hub.query.measure(
    (await read(registry, "c")).systemMetrics?.queries?.["appliedCount"] ?? "",
  );
  expect(counted).toBe(1);
});

test("metrics tell how many rows their queries have, or the value of one aggregate", async () => {
  await using hub = await startLocalHub();
  const registry = await withDevices(hub, { a: { n: 1 }, b: { n: 5 } });
  const queries = {
    rows: "SELECT deviceId FROM devices WHERE tags.n > 1",
    sum: "SELECT SUM(tags.n) AS n FROM devices",
    groups: "SELECT tags.n, COUNT() FROM devices GROUP BY tags.n",
  };
  await registry.addConfiguration({ ...configuration("c", { content: {} }), metrics: { queries } });
  expect((await read(registry, "c")).metrics).toEqual({ queries, results: { rows: 1, sum: 6, groups: 2 } });
});

test("content that a twin refuses leaves the device as it is, and targeted", async () => {
  await using hub = await startLocalHub();
  const registry = await withDevices(hub, { a: {} });
  const big = Object.fromEntries(Array.from({ length: 7 }, (_, i) => [`k${i}`, "x".repeat(4000)]));
  await registry.updateTwin("a", { properties: { desired: big } }, "*");
  const content = { deviceContent: { "properties.desired.more": big } };
  await registry.addConfiguration(configuration("c", { content }));
  await expect
    .poll(async () => (await read(registry, "c")).systemMetrics)
    .toMatchObject({ results: { targetedCount: 1, appliedCount: 0 } });
  expect(desired(hub, "a")).toEqual(big);
});

test("a configuration whose content makes its own condition false does not loop", async () => {
  await using hub = await startLocalHub();
  const registry = await withDevices(hub, { a: {} });
  const content = { deviceContent: { "properties.desired.v": 1 } };
  const targetCondition = "NOT is_defined(properties.desired.v)";
  await registry.addConfiguration(configuration("c", { content, targetCondition }));
  await becomes(hub, "a", { v: 1 });
  const { version } = hub.emulator.hub.twins.get("a") as unknown as { version: number };
  for (let i = 0; i < 20; i++) await new Promise((resolve) => setImmediate(resolve));
  expect(hub.emulator.hub.twins.get("a")).toMatchObject({ version });
});

test("the SDK applies content to one device and makes the modules it names", async () => {
  await using hub = await startLocalHub();
  const registry = await withDevices(hub, { edge: {} });
  await registry.applyConfigurationContentOnDevice("edge", {
    deviceContent: { "properties.desired.v": 1 },
    modulesContent: {
      $edgeAgent: { "properties.desired": { runtime: { type: "docker" } } },
      cam: { "properties.desired.fps": 5 },
    },
  });
  expect(desired(hub, "edge")).toEqual({ v: 1 });
  expect(desired(hub, "edge", "$edgeAgent")).toEqual({ runtime: { type: "docker" } });
  expect(desired(hub, "edge", "cam")).toEqual({ fps: 5 });
  expect(await send(hub, "POST", "/devices/none/applyConfigurationContent", { deviceContent: {} })).toMatchObject({
    status: 404,
    code: "DeviceNotFound",
  });
});

test("queries are tested without a configuration", async () => {
  await using hub = await startLocalHub();
  const good = { targetCondition: "tags.x = 1", customMetricQueries: { m: "SELECT deviceId FROM devices" } };
  expect((await send(hub, "POST", "/configurations/testQueries", good)).json).toEqual({
    targetConditionError: null,
    customMetricQueryErrors: {},
  });
  const bad = { targetCondition: "tags.x =", customMetricQueries: { m: "SELECT", ok: "SELECT * FROM devices" } };
  expect((await send(hub, "POST", "/configurations/testQueries", bad)).json).toEqual({
    targetConditionError: expect.stringContaining("column 9") as unknown,
    customMetricQueryErrors: { m: expect.stringContaining("column 7") as unknown },
  });
});

test.each([
  ["an upper-case id", "C", {}, "lower-case"],
  ["another id in the body", "c", { id: "d" }, "not the one in the path"],
  ["a condition that is none", "c", { targetCondition: "tags." }, "column 6"],
  ["a negative priority", "c", { priority: -1 }, "priority"],
  ["a path outside of desired properties", "c", { content: { deviceContent: { "tags.x": 1 } } }, "properties.desired"],
  [
    "a path with an empty name",
    "c",
    { content: { deviceContent: { "properties.desired..x": 1 } } },
    "properties.desired",
  ],
  ["a forbidden key", "c", { content: { deviceContent: { "properties.desired.x": { $y: 1 } } } }, "key"],
  ["a root that is no object", "c", { content: { deviceContent: { "properties.desired": 1 } } }, "JSON object"],
  ["a null", "c", { content: { deviceContent: { "properties.desired.x": null } } }, "null"],
  ["a metric that is no query", "c", { metrics: { queries: { m: "tags.x = 1" } } }, "expected SELECT"],
  ["a label that is no text", "c", { labels: { a: 1 } }, "label"],
])("a configuration with %s is refused", async (_, id, body, reason) => {
  await using hub = await startLocalHub();
  const { status, text } = await send(hub, "PUT", `/configurations/${id}`, body);
  expect(text).toContain(reason);
  expect(status).toBe(400);
});

test("content is fixed, and there are at most a hundred configurations", async () => {
  await using hub = await startLocalHub();
  const content = { deviceContent: { "properties.desired.v": 1 } };
  for (let i = 0; i < 100; i++) expect((await send(hub, "PUT", `/configurations/c${i}`, { content })).status).toBe(200);
  expect(await send(hub, "PUT", "/configurations/c100", {})).toMatchObject({ status: 400, code: "InvalidOperation" });
  const other = { content: { deviceContent: { "properties.desired.v": 2 } } };
  expect(await send(hub, "PUT", "/configurations/c1", other, { "if-match": "*" })).toMatchObject({ status: 400 });
  expect(await send(hub, "PUT", "/configurations/c1", { content }, { "if-match": "*" })).toMatchObject({ status: 200 });
  expect(await send(hub, "PUT", "/configurations/new", {}, { "if-match": "*" })).toMatchObject({ status: 412 });
  const headers = { authorization: hub.token("registryRead") };
  const listed = await hub.send({ path: `/configurations${VERSION}&top=3`, headers });
  expect(JSON.parse(listed.text)).toHaveLength(3);
});

test("configurations, and what they set, are known after a restart", async () => {
  const folder = await mkdtemp(join(tmpdir(), "configurations-"));
  try {
    {
      await using hub = await startLocalHub({ folder });
      const registry = await withDevices(hub, { a: { x: 1 } });
      await registry.addConfiguration(
        configuration("c", {
          content: { deviceContent: { "properties.desired.v": 1 } },
          targetCondition: "tags.x = 1",
        }),
      );
      await becomes(hub, "a", { v: 1 });
    }
    await using hub = await startLocalHub({ folder });
    const registry = hub.registry();
    await expect
      .poll(async () => (await read(registry, "c")).systemMetrics)
      .toMatchObject({ results: { appliedCount: 1 } });
    await registry.updateTwin("a", { tags: { x: 2 } }, "*");
    await becomes(hub, "a", {});
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a target condition on values that change without notice is evaluated again by the clock", async () => {
  await using hub = await startLocalHub();
  const registry = await withDevices(hub, { a: {} });
  const content = { deviceContent: { "properties.desired.v": 1 } };
  await registry.addConfiguration(configuration("c", { content, targetCondition: "connectionState = 'Connected'" }));
  const { hub: model } = hub.emulator;
  model.connections.open(model.registry.get("a"), { protocol: "mqtt", close: () => undefined }).active();
  model.clock.advance(5 * 60_000);
  await expect.poll(() => desired(hub, "a")).toEqual({ v: 1 });
});
