import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeviceMessage } from "iot-hub-protocol";
import { expect, test } from "vitest";
import { HubError } from "../errors.ts";
import { Hub } from "../hub.ts";
import type { HubOptions } from "../hub-options.ts";
import type { EventAnnotations } from "../events/telemetry.ts";
import type { RoutingOptions } from "./routing-settings.ts";

/** An event as the test's own encoding keeps it. */
interface Read {
  readonly body: string;
  readonly properties: Readonly<Record<string, string>>;
  readonly annotations: EventAnnotations;
  readonly message: Omit<DeviceMessage, "body" | "properties">;
}

function encodeEvent({ body, properties, ...message }: DeviceMessage, annotations: EventAnnotations): Buffer {
  const text = Buffer.from(body).toString();
  return Buffer.from(JSON.stringify({ body: text, properties: Object.fromEntries(properties), annotations, message }));
}

async function openHub(routing?: RoutingOptions, options: Partial<HubOptions> = {}): Promise<Hub> {
  return Hub.open({ encodeEvent, ...(routing === undefined ? {} : { routing }), ...options });
}

async function eventsOf(hub: Hub, name: string = hub.eventHubName): Promise<readonly Read[]> {
  await hub.notifications.settled();
  const stream = hub.streams.find(name);
  const events: Read[] = [];
  for (const id of stream?.partitionIds ?? []) {
    for (const { message } of (await stream?.read(id, 0, 1e9)) ?? []) events.push(JSON.parse(String(message)) as Read);
  }
  return events;
}

const bodiesOf = async (hub: Hub, name?: string): Promise<readonly string[]> =>
  (await eventsOf(hub, name)).map(({ body }) => body);

async function send(hub: Hub, deviceId: string, ...messages: readonly Partial<DeviceMessage>[]): Promise<void> {
  const identity = hub.registry.find(deviceId) ?? (await hub.registry.create(deviceId, {}));
  const whole = messages.map((message, i) => ({
    body: Buffer.from(`${deviceId}${i}`),
    properties: new Map<string, string>(),
    ...message,
  }));
  await hub.acceptTelemetry(identity, whole, { scope: "device", type: "sas" });
}

const json = (value: unknown): Partial<DeviceMessage> => ({
  body: Buffer.from(JSON.stringify(value)),
  contentType: "application/json",
  contentEncoding: "utf-8",
});

test("without routes everything comes to the built-in endpoint, unless the fallback route is off", async () => {
  const hub = await openHub();
  expect(hub.routing.isDirect).toBe(true);
  await send(hub, "a", {});
  expect(await bodiesOf(hub)).toEqual(["a0"]);
  await hub.routing.set({ fallback: { isEnabled: false } });
  await send(hub, "a", {});
  expect(await bodiesOf(hub)).toEqual(["a0"]);
  await hub.close();
});

test("a message goes where its routes lead, once to each endpoint; what no route takes falls back", async () => {
  const hub = await openHub({
    endpoints: [{ name: "hot", partitionCount: 1 }, { name: "all" }],
    routes: [
      { name: "hot", condition: "$body.t > 30", endpointNames: ["hot"] },
      { name: "alarm", condition: "alarm = 'yes'", endpointNames: ["hot", "all"] },
      { name: "off", condition: "true", endpointNames: ["all"], isEnabled: false },
    ],
  });
  await send(
    hub,
    "a",
    json({ t: 31 }),
    { ...json({ t: 32 }), properties: new Map([["alarm", "yes"]]) },
    json({ t: 3 }),
  );
  await send(hub, "a", { body: Buffer.from('{"t":40}') });
  expect(await bodiesOf(hub, "hot")).toEqual(['{"t":31}', '{"t":32}']);
  expect(await bodiesOf(hub, "all")).toEqual(['{"t":32}']);
  expect(await bodiesOf(hub)).toEqual(['{"t":3}', '{"t":40}']);
  await hub.close();
});

test("the built-in endpoint gets what is routed to it, and nothing else when the fallback route is off", async () => {
  const hub = await openHub({
    routes: [{ name: "r", condition: "$connectionDeviceId = 'a'", endpointNames: ["events"] }],
    fallback: { isEnabled: false },
  });
  await send(hub, "a", {});
  await send(hub, "b", {});
  expect(await bodiesOf(hub)).toEqual(["a0"]);
  await hub.close();
});

test("a route asks the sender's twin as it is at that moment; a module has its own", async () => {
  const hub = await openHub({
    endpoints: [{ name: "oslo" }],
    routes: [{ name: "r", condition: "$twin.tags.site = 'oslo'", endpointNames: ["oslo"] }],
  });
  await send(hub, "a", {});
  await hub.twins.patch("a", { tags: { site: "oslo" } });
  await send(hub, "a", {}, {});
  const module = await hub.registry.create({ deviceId: "a", moduleId: "m" }, {});
  await hub.acceptTelemetry(module, [{ body: Buffer.from("module"), properties: new Map() }], {
    scope: "module",
    type: "sas",
  });
  expect(await bodiesOf(hub, "oslo")).toEqual(["a0", "a1"]);
  expect(await bodiesOf(hub)).toEqual(["a0", "module"]);
  await hub.close();
});

test("a message bears the model its device named, and routes can ask for it", async () => {
  const hub = await openHub({
    endpoints: [{ name: "thermostats" }],
    routes: [{ name: "r", condition: "$dt-dataschema = 'dtmi:a:b;1'", endpointNames: ["thermostats"] }],
  });
  await send(hub, "a", {});
  await hub.twins.setModelId("a", "dtmi:a:b;1");
  await send(hub, "a", { body: Buffer.from("known") });
  expect(await bodiesOf(hub)).toEqual(["a0"]);
  expect(await eventsOf(hub, "thermostats")).toMatchObject([{ body: "known", annotations: { modelId: "dtmi:a:b;1" } }]);
  await hub.close();
});

test("the order of a device is kept in every endpoint, whatever mix of routes it takes", async () => {
  const hub = await openHub({
    endpoints: [{ name: "even" }, { name: "all" }],
    routes: [
      { name: "even", condition: "n = 'even'", endpointNames: ["even"] },
      { name: "all", endpointNames: ["all"] },
    ],
  });
  await hub.registry.create("d", {});
  await Promise.all(
    Array.from({ length: 200 }, (_, i) =>
      send(hub, "d", { body: Buffer.from(String(i)), properties: new Map([["n", i % 2 === 0 ? "even" : "odd"]]) }),
    ),
  );
  const numbers = async (name: string): Promise<readonly number[]> => (await bodiesOf(hub, name)).map(Number);
  expect(await numbers("all")).toEqual(Array.from({ length: 200 }, (_, i) => i));
  expect(await numbers("even")).toEqual(Array.from({ length: 100 }, (_, i) => i * 2));
  await hub.close();
});

test("enrichments add literals, the hub's name and twin values; a path that leads nowhere stays a text", async () => {
  const hub = await openHub({
    endpoints: [{ name: "rich" }],
    routes: [{ name: "r", endpointNames: ["rich", "events"] }],
    enrichments: [
      { key: "plain", value: "text", endpointNames: ["rich"] },
      { key: "hub", value: "$iothubname", endpointNames: ["rich"] },
      { key: "floor", value: "$twin.tags.floor", endpointNames: ["rich"] },
      { key: "level", value: "$twin.properties.reported.level", endpointNames: ["rich"] },
    ],
  });
  await hub.registry.create("a", {});
  await hub.twins.patch("a", { tags: { floor: 3 } });
  await send(hub, "a", {
    properties: new Map([
      ["own", "1"],
      ["plain", "mine"],
    ]),
  });
  expect((await eventsOf(hub, "rich"))[0]?.properties).toEqual({
    own: "1",
    plain: "text",
    hub: "localhost",
    floor: "3",
    level: "$twin.properties.reported.level",
  });
  expect((await eventsOf(hub))[0]?.properties).toEqual({ own: "1", plain: "mine" });
  await hub.close();
});

test("a message that its enrichments make too large is lost to their endpoint alone", async () => {
  const hub = await openHub({
    endpoints: [{ name: "rich" }],
    routes: [{ name: "r", endpointNames: ["rich", "events"] }],
    enrichments: [{ key: "key", value: "value", endpointNames: ["rich"] }],
  });
  await send(hub, "a", { body: Buffer.alloc(256 * 1024 - 7) });
  await send(hub, "a", { body: Buffer.alloc(256 * 1024 - 8) });
  expect(await eventsOf(hub, "rich")).toHaveLength(1);
  expect(await eventsOf(hub)).toHaveLength(2);
  await hub.close();
});

test("without routes enrichments of the built-in endpoint are still added", async () => {
  const hub = await openHub({ enrichments: [{ key: "k", value: "v", endpointNames: ["events"] }] });
  await send(hub, "a", {});
  expect((await eventsOf(hub))[0]?.properties).toEqual({ k: "v" });
  await hub.close();
});

test("new settings take the place of the old ones; those that are refused change nothing", async () => {
  const hub = await openHub({ endpoints: [{ name: "a" }], routes: [{ name: "r", endpointNames: ["a"] }] });
  const before = hub.routing.settings;
  const wrong = { endpoints: [{ name: "b" }], routes: [{ name: "bad", condition: "x =", endpointNames: ["b"] }] };
  await expect(hub.routing.set(wrong)).rejects.toThrow(/routes\[0\]\.condition: .*column/);
  expect(hub.routing.settings).toBe(before);
  expect(hub.streams.find("b")).toBeUndefined();
  const [first, second] = [
    hub.routing.set({ endpoints: [{ name: "b" }] }),
    hub.routing.set({ endpoints: [{ name: "c" }] }),
  ];
  await Promise.all([first, second]);
  expect(["a", "b", "c"].map((name) => hub.streams.find(name) !== undefined)).toEqual([false, false, true]);
  await hub.close();
});

test("with a folder settings and endpoints outlive the hub; what is given at the start replaces them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "routing-"));
  try {
    const routing: RoutingOptions = { endpoints: [{ name: "Kept" }], routes: [{ name: "r", endpointNames: ["Kept"] }] };
    const first = await openHub(routing, { folder });
    await send(first, "a", {});
    await first.close();
    const second = await openHub(undefined, { folder });
    expect(await bodiesOf(second, "kept")).toEqual(["a0"]);
    await send(second, "a", {});
    expect(await bodiesOf(second, "kept")).toEqual(["a0", "a0"]);
    await second.close();
    const third = await openHub({ endpoints: [{ name: "other" }] }, { folder });
    expect(third.streams.find("kept")).toBeUndefined();
    await third.close();
    expect(await readdir(join(folder, "endpoints"))).toEqual(["other"]);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

test("the sender is told when an endpoint cannot be written", async () => {
  const hub = await openHub({ endpoints: [{ name: "a" }], routes: [{ name: "r", endpointNames: ["a", "events"] }] });
  const stream = hub.streams.find("a");
  Object.assign(stream ?? {}, { append: () => Promise.reject(new HubError("ServiceUnavailable", "full")) });
  await expect(send(hub, "d", {})).rejects.toMatchObject({ errorName: "ServiceUnavailable" });
  await hub.close();
});
