import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { Hub } from "../hub.ts";
import type { HubOptions } from "../hub-options.ts";
import type { JsonObject } from "./twin.ts";
import type { TwinChangeNotice } from "./twins.ts";

function openHub(options: Partial<HubOptions> = {}): Promise<Hub> {
  return Hub.open({ encodeEvent: ({ body }) => Buffer.from(body), ...options });
}

function json(text: string): unknown {
  return JSON.parse(text);
}

test("a device reads its own twin without tags and metadata", async () => {
  const hub = await openHub();
  await hub.registry.create("d", {});
  await hub.twins.patch("d", { tags: { secret: 1 }, desired: { a: { b: 1 } } });
  expect(await hub.twins.report("d", { on: true })).toBe(2);
  expect(hub.twins.own("d")).toEqual({ desired: { a: { b: 1 }, $version: 2 }, reported: { on: true, $version: 2 } });
  expect(() => hub.twins.own("none")).toThrow(expect.objectContaining({ errorName: "DeviceNotFound" }));
  expect(() => hub.twins.own("d", "m")).toThrow(expect.objectContaining({ errorName: "ModuleNotFound" }));
  await hub.close();
});

test("reports merge, null deletes, and services see versions, dates and a new etag", async () => {
  const hub = await openHub({ now: () => Date.UTC(2030, 0, 1) });
  await hub.registry.create("d", {});
  const { etag } = hub.twins.get("d");
  await hub.twins.report("d", { a: 1, deep: { b: 2, c: 3 } });
  expect(await hub.twins.report("d", { a: null, deep: { b: 5 } })).toBe(3);
  const { properties, version, etag: after } = hub.twins.get("d");
  const { reported } = properties as { readonly reported: JsonObject };
  const { $metadata, ...values } = reported;
  expect(values).toEqual({ deep: { b: 5, c: 3 }, $version: 3 });
  expect($metadata).toMatchObject({ deep: { b: { $lastUpdated: "2030-01-01T00:00:00.000Z" } } });
  expect($metadata).not.toHaveProperty("a");
  expect([version, after === etag]).toEqual([4, false]);
  await hub.close();
});

test("reported metadata has no version per property: only desired properties have one", async () => {
  const hub = await openHub();
  await hub.registry.create("d", {});
  await hub.twins.report("d", { a: 1 });
  expect(JSON.stringify(hub.twins.get("d")["properties"])).not.toContain("$lastUpdatedVersion");
  await hub.close();
});

test.each([
  ["no object", [1]],
  ["null", null],
  ["text", "x"],
  ["a key with a dot", { "a.b": 1 }],
  ["the hub's own key", { $version: 1 }],
  ["a deep key with a space", { a: { "b c": 1 } }],
  ["a control character in a key", { "a\u0085": 1 }],
  ["a key over 1 KB", { ["é".repeat(513)]: 1 }],
  ["a string over 4 KB", { a: "x".repeat(4097) }],
  ["a string over 4 KB in an array", { a: ["x".repeat(4097)] }],
  ["eleven levels", json(`${'{"a":'.repeat(12)}1${"}".repeat(12)}`)],
  ["eleven levels of arrays", json(`{"a":${"[".repeat(11)}${"]".repeat(11)}}`)],
  ["a null in an array", { a: [null] }],
  ["a null in an object in an array", { a: [{ b: { c: null } }] }],
  ["an integer of 52 bits and a sign, and one less", { a: -(2 ** 52) - 1 }],
  ["the integer 2^52", { a: 2 ** 52 }],
  ["half a character in a string", { a: ["\ud800"] }],
  ["half a character in a key", { a: { "\udc00": 1 } }],
  ["a number that no double holds", json('{"a":1e999}')],
  ["more than 32 KB", Object.fromEntries(Array.from({ length: 9 }, (_, i) => [`k${i}`, "x".repeat(4000)]))],
  ["a hundred thousand empty items", { a: Array.from({ length: 100_000 }, () => "") }],
])("a report with %s is refused and changes nothing", async (_, patch) => {
  const hub = await openHub();
  await hub.registry.create("d", {});
  const before = hub.twins.get("d");
  await expect(hub.twins.report("d", patch)).rejects.toMatchObject({ errorName: "ArgumentInvalid" });
  expect(hub.twins.get("d")).toEqual(before);
  await hub.close();
});

// https://learn.microsoft.com/azure/iot-hub/iot-hub-devguide-device-twins shows ten objects in each other, and a value in the last.
test.each([
  ["ten levels", json(`${'{"a":'.repeat(11)}1${"}".repeat(11)}`)],
  ["ten levels of arrays", json(`{"a":${"[".repeat(10)}${"]".repeat(10)}}`)],
  ["the integers at both ends", { a: [-(2 ** 52), 2 ** 52 - 1] }],
  ["a key of 1 KB and a text of 4 KB", { ["é".repeat(512)]: "é".repeat(2048) }],
])("a report with %s is taken", async (_, patch) => {
  const hub = await openHub();
  await hub.registry.create("d", {});
  expect(await hub.twins.report("d", patch)).toBe(2);
  await hub.close();
});

test("reports that together pass 32 KB are refused from there", async () => {
  const hub = await openHub();
  await hub.registry.create("d", {});
  for (let i = 0; i < 8; i++) await hub.twins.report("d", { [`k${i}`]: "x".repeat(4000) });
  await expect(hub.twins.report("d", { k8: "x".repeat(4000) })).rejects.toMatchObject({
    errorName: "ArgumentInvalid",
  });
  expect(await hub.twins.report("d", { k0: null, k8: "x".repeat(4000) })).toBe(10);
  await hub.close();
});

test("a device gets desired patches with their versions, and after a replacement all desired properties", async () => {
  const hub = await openHub();
  await hub.registry.create("d", {});
  await hub.registry.create({ deviceId: "d", moduleId: "m" }, {});
  const heard: unknown[] = [];
  const stop = hub.twins.onDesired({ deviceId: "d" }, (patch, version) => heard.push([patch, version]));
  hub.twins.onDesired({ deviceId: "d", moduleId: "m" }, (patch) => heard.push(["module", patch]));
  await hub.twins.patch("d", { desired: { a: 1, b: { c: 2 } } });
  await hub.twins.patch("d", { desired: { a: null } });
  // Tags, an empty patch and reports are none of the device's desired properties.
  await hub.twins.patch("d", { tags: { t: 1 } });
  await hub.twins.patch("d", { tags: { t: 2 }, desired: {} });
  await hub.twins.report("d", { r: 1 });
  await hub.twins.replace("d", { desired: { z: 1 } });
  expect(heard).toEqual([
    [{ a: 1, b: { c: 2 }, $version: 2 }, 2],
    [{ a: null, $version: 3 }, 3],
    [{ z: 1, $version: 4 }, 4],
  ]);
  stop();
  await hub.twins.patch("d", { desired: { a: 1 } });
  expect(heard).toHaveLength(3);
  await hub.twins.patch({ deviceId: "d", moduleId: "m" }, { desired: { own: 1 } });
  expect(heard.at(-1)).toEqual(["module", { own: 1, $version: 2 }]);
  await hub.close();
});

test("changes at once are heard in the order of their versions", async () => {
  const hub = await openHub();
  await hub.registry.create("d", {});
  const versions: number[] = [];
  hub.twins.onDesired({ deviceId: "d" }, (_, version) => versions.push(version));
  await Promise.all(Array.from({ length: 20 }, (_, i) => hub.twins.patch("d", { desired: { i } })));
  expect(versions).toEqual(Array.from({ length: 20 }, (_, i) => i + 2));
  await hub.close();
});

test("notices of changes tell what was written, with versions and metadata of exactly that", async () => {
  const hub = await openHub({ now: () => Date.UTC(2030, 0, 1) });
  await hub.registry.create("d", {});
  const notices: TwinChangeNotice[] = [];
  const stop = hub.twins.onChange((notice) => notices.push(notice));
  await hub.twins.patch("d", { tags: { t: 1 }, desired: { a: 1, b: 2 } });
  await hub.twins.report("d", { on: true });
  await hub.twins.replace("d", { tags: { u: 1 } });
  stop();
  await hub.twins.report("d", { on: false });
  const at = { $lastUpdated: "2030-01-01T00:00:00.000Z" };
  expect(notices.map(({ operation, change }) => [operation, change])).toEqual([
    [
      "updateTwin",
      {
        version: 3,
        tags: { t: 1 },
        properties: {
          desired: {
            a: 1,
            b: 2,
            $version: 2,
            $metadata: {
              ...at,
              $lastUpdatedVersion: 2,
              a: { ...at, $lastUpdatedVersion: 2 },
              b: { ...at, $lastUpdatedVersion: 2 },
            },
          },
        },
      },
    ],
    ["updateTwin", { version: 4, properties: { reported: { on: true, $version: 2, $metadata: { ...at, on: at } } } }],
    [
      "replaceTwin",
      { version: 5, tags: { u: 1 }, properties: { desired: { $version: 3, $metadata: expect.anything() as unknown } } },
    ],
  ]);
  expect(notices.map(({ ref, twin }) => [ref, twin["version"]])).toEqual([3, 4, 5].map((v) => [{ deviceId: "d" }, v]));
  await hub.close();
});

test("what a device reports and the model it names survive in a folder, its modules too", async () => {
  const folder = await mkdtemp(join(tmpdir(), "hub-"));
  try {
    const first = await openHub({ folder });
    await first.registry.create("d", {});
    const module = await first.registry.create({ deviceId: "d", moduleId: "m" }, { managedBy: "me" });
    await first.twins.report({ deviceId: "d", moduleId: "m" }, { a: 1 });
    await first.twins.setModelId("d", "dtmi:example:thing;1");
    await first.registry.create({ deviceId: "d", moduleId: "gone" }, {});
    await first.registry.delete({ deviceId: "d", moduleId: "gone" });
    await first.registry.create("e", {});
    await first.registry.create({ deviceId: "e", moduleId: "m" }, {});
    await first.registry.delete("e");
    await first.close();
    const second = await openHub({ folder });
    expect(second.twins.own("d", "m").reported).toEqual({ a: 1, $version: 2 });
    expect(second.twins.get("d")).toMatchObject({ modelId: "dtmi:example:thing;1", version: 2 });
    expect(second.registry.modules("d")).toEqual([module]);
    expect(second.registry.find("e", "m")).toBeUndefined();
    await second.close();
  } finally {
    await rm(folder, { recursive: true });
  }
});
