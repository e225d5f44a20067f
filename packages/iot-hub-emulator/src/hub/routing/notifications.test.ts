import type { DeviceMessage } from "iot-hub-protocol";
import { expect, test } from "vitest";
import { Hub } from "../hub.ts";
import type { EventAnnotations } from "../events/telemetry.ts";
import type { MessageSource } from "./message-source.ts";

interface Seen {
  readonly body: { readonly [key: string]: unknown };
  readonly properties: Readonly<Record<string, string>>;
  readonly annotations: EventAnnotations;
  readonly message: Omit<DeviceMessage, "body" | "properties">;
}

/** A hub that routes one source to an endpoint, and what has come there. */
async function openHub(source: MessageSource): Promise<{ readonly hub: Hub; readonly seen: () => Promise<Seen[]> }> {
  const hub = await Hub.open({
    encodeEvent: ({ body, properties, ...message }, annotations) =>
      Buffer.from(
        JSON.stringify({
          body: JSON.parse(Buffer.from(body).toString()) as unknown,
          properties: Object.fromEntries(properties),
          annotations,
          message,
        }),
      ),
    routing: {
      endpoints: [{ name: "changes", partitionCount: 1 }],
      routes: [{ name: "r", source, endpointNames: ["changes"] }],
    },
  });
  hub.clock.freeze();
  const seen = async (): Promise<Seen[]> => {
    await hub.notifications.settled();
    const events = (await hub.streams.find("changes")?.read("0", 0, 1e9)) ?? [];
    return events.map(({ message }) => JSON.parse(String(message)) as Seen);
  };
  return { hub, seen };
}

test("devices and modules that come and go are lifecycle events with their twins", async () => {
  const { hub, seen } = await openHub("DeviceLifecycleEvents");
  const at = new Date(hub.now()).toISOString();
  await hub.registry.create("d", {});
  await hub.registry.update("d", { statusReason: "why" });
  await hub.registry.create({ deviceId: "d", moduleId: "m" }, {});
  await hub.twins.patch("d", { tags: { floor: 1 } });
  await hub.registry.delete("d");
  const events = await seen();
  expect(events.map(({ properties }) => properties)).toEqual([
    { hubName: "localhost", deviceId: "d", opType: "createDeviceIdentity", operationTimestamp: at },
    { hubName: "localhost", deviceId: "d", moduleId: "m", opType: "createModuleIdentity", operationTimestamp: at },
    { hubName: "localhost", deviceId: "d", moduleId: "m", opType: "deleteModuleIdentity", operationTimestamp: at },
    { hubName: "localhost", deviceId: "d", opType: "deleteDeviceIdentity", operationTimestamp: at },
  ]);
  expect(events[0]).toMatchObject({
    message: {
      contentType: "application/json",
      contentEncoding: "utf-8",
      userId: "localhost",
      correlationId: expect.any(String),
      messageSchema: "deviceLifecycleNotification",
    },
    annotations: { source: "deviceLifecycleEvents", deviceId: "d", hubEnqueuedTime: hub.now() },
  });
  expect(events[0]?.annotations).not.toHaveProperty("authMethod");
  expect(events[0]?.body).toEqual({
    deviceId: "d",
    etag: "AAAAAAAAAAE=",
    version: 2,
    properties: {
      desired: { $metadata: { $lastUpdated: "0001-01-01T00:00:00Z" }, $version: 1 },
      reported: { $metadata: { $lastUpdated: "0001-01-01T00:00:00Z" }, $version: 1 },
    },
  });
  expect(events[1]).toMatchObject({
    annotations: { moduleId: "m" },
    message: { messageSchema: "moduleLifecycleNotification" },
  });
  expect(events[3]?.body).toMatchObject({ deviceId: "d", version: 3, tags: { floor: 1 } });
  await hub.close();
});

test("a twin's change tells what was written, a replacement the whole twin", async () => {
  const { hub, seen } = await openHub("TwinChangeEvents");
  await hub.registry.create("d", {});
  await hub.twins.patch("d", { tags: { floor: 1 }, desired: { rate: 5 } });
  await hub.twins.report("d", { level: 3 });
  await hub.twins.replace("d", { tags: { floor: 2 } });
  const [patched, reported, replaced, ...rest] = await seen();
  expect(rest).toEqual([]);
  expect(patched).toMatchObject({
    properties: { opType: "updateTwin" },
    message: { messageSchema: "twinChangeNotification" },
    annotations: { source: "twinChangeEvents" },
  });
  expect(patched?.body).toMatchObject({
    version: 3,
    tags: { floor: 1 },
    properties: { desired: { rate: 5, $version: 2, $metadata: { rate: { $lastUpdatedVersion: 2 } } } },
  });
  expect(patched?.body).not.toHaveProperty("properties.reported");
  expect(reported?.body).toMatchObject({ version: 4, properties: { reported: { level: 3, $version: 2 } } });
  expect(replaced).toMatchObject({
    properties: { opType: "replaceTwin" },
    body: { deviceId: "d", version: 5, tags: { floor: 2 }, properties: { reported: { level: 3 } } },
  });
  await hub.close();
});

test("a digital twin's change is a JSON Patch: of the model named, what is desired, and what the device answers", async () => {
  const { hub, seen } = await openHub("DigitalTwinChangeEvents");
  await hub.registry.create("d", {});
  await hub.registry.create({ deviceId: "d", moduleId: "m" }, {});
  const lastUpdateTime = new Date(hub.now()).toISOString();
  const model = "dtmi:com:example:TemperatureController;1";
  await hub.twins.setModelId("d", model);
  await hub.twins.setModelId("d", model);
  await hub.twins.report("d", { thermostat1: { __t: "c", "a/b~": 1 } });
  await hub.twins.patch("d", { desired: { thermostat1: { __t: "c", target: 21.8 } } });
  await hub.twins.report("d", { thermostat1: { __t: "c", "a/b~": null, target: { value: 21.8, ac: 200, av: 2 } } });
  await hub.twins.patch("d", { tags: { floor: 1 } });
  await hub.twins.report({ deviceId: "d", moduleId: "m" }, { x: 1 });
  const events = await seen();
  expect(events[0]).toMatchObject({
    message: { contentType: "application/json-patch+json", contentEncoding: "utf-8" },
    annotations: { source: "digitalTwinChangeEvents", deviceId: "d" },
  });
  const metadata = "/thermostat1/$metadata";
  expect(events.map(({ body }) => body)).toEqual([
    [{ op: "replace", path: "/$metadata/$model", value: model }],
    [
      {
        op: "add",
        path: "/thermostat1",
        value: { "a/b~": 1, $metadata: { "a/b~": { lastUpdateTime } } },
      },
    ],
    [{ op: "add", path: `${metadata}/target`, value: { desiredValue: 21.8, desiredVersion: 2 } }],
    [
      { op: "remove", path: "/thermostat1/a~1b~0" },
      { op: "add", path: "/thermostat1/target", value: 21.8 },
      { op: "remove", path: `${metadata}/a~1b~0` },
      { op: "add", path: `${metadata}/target/ackVersion`, value: 2 },
      { op: "add", path: `${metadata}/target/ackCode`, value: 200 },
      { op: "add", path: `${metadata}/target/lastUpdateTime`, value: lastUpdateTime },
    ],
  ]);
  await hub.close();
});

test("connection state is told a minute after the first change: one event, with the state that holds then", async () => {
  const { hub, seen } = await openHub("DeviceConnectionStateEvents");
  const device = await hub.registry.create("d", {});
  const module = await hub.registry.create({ deviceId: "d", moduleId: "m" }, {});
  const connect = (identity: typeof device): (() => void) => {
    const connection = hub.connections.open(identity, { protocol: "mqtt", close: () => undefined });
    connection.active();
    return () => connection.closed();
  };
  connect(device)();
  hub.clock.advance(30_000);
  const disconnect = connect(device);
  connect(module);
  hub.clock.advance(29_999);
  expect(await seen()).toEqual([]);
  hub.clock.advance(1);
  expect((await seen()).map(({ properties }) => properties["opType"])).toEqual(["deviceConnected", "moduleConnected"]);
  disconnect();
  hub.clock.advance(60_000);
  const events = await seen();
  expect(events.map(({ properties }) => properties["opType"])).toEqual([
    "deviceConnected",
    "moduleConnected",
    "deviceDisconnected",
  ]);
  expect(events[0]).toMatchObject({
    annotations: { source: "deviceConnectionStateEvents" },
    message: { messageSchema: "deviceConnectionStateNotification" },
  });
  const numbers = events.map(({ body }) => String(body["sequenceNumber"]));
  expect(numbers.every((number) => /^[0-9A-F]{64}$/.test(number))).toBe(true);
  expect(numbers).toEqual([...numbers].sort());
  expect(new Set(numbers).size).toBe(3);
  await hub.close();
});

test("a source without a route makes no messages", async () => {
  const { hub, seen } = await openHub("TwinChangeEvents");
  await hub.registry.create("d", {});
  await hub.registry.delete("d");
  expect(await seen()).toEqual([]);
  expect(hub.routing.wants("DeviceLifecycleEvents")).toBe(false);
  expect(hub.routing.isDirect).toBe(true);
  await hub.close();
});
