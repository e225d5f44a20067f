/** Routing from end to end: set over HTTPS, sent with Microsoft's device client, read with Microsoft's Event Hubs client. */
import { EventHubConsumerClient, type ReceivedEventData, earliestEventPosition } from "@azure/event-hubs";
import { Message } from "azure-iot-device";
import { expect, test } from "vitest";
import { type LocalHub, startLocalHub } from "../testing/local-hub.ts";

interface Answer {
  readonly status: number;
  readonly json: unknown;
}

async function admin(hub: LocalHub, method: string, path: string, json?: unknown): Promise<Answer> {
  const answer = await hub.send({
    method,
    path: `/admin/${path}`,
    headers: { "x-admin-key": hub.addresses.policies["iothubowner"] ?? "" },
    ...(json === undefined ? {} : { body: typeof json === "string" ? json : JSON.stringify(json) }),
  });
  return { status: answer.status, json: answer.text === "" ? undefined : (JSON.parse(answer.text) as unknown) };
}

/** The first events of an event hub, in the order in which they come. */
async function read(hub: LocalHub, entity: string, count: number, group = "$Default"): Promise<ReceivedEventData[]> {
  const text = hub.addresses.plainEventHubConnectionString.replace(/EntityPath=[^;]*/, `EntityPath=${entity}`);
  const client = new EventHubConsumerClient(group, text, { retryOptions: { maxRetries: 0 } });
  const events: ReceivedEventData[] = [];
  try {
    await new Promise<void>((resolve, reject) => {
      client.subscribe(
        {
          processEvents: async (received) => {
            events.push(...received);
            if (events.length >= count) resolve();
          },
          processError: async (error) => reject(error),
        },
        { startPosition: earliestEventPosition, maxBatchSize: 100 },
      );
    });
  } finally {
    await client.close();
  }
  return events;
}

test("routes set while the hub runs lead messages and changes to the event hubs of their endpoints", async () => {
  await using hub = await startLocalHub();
  const answer = await admin(hub, "PUT", "routing", {
    endpoints: [{ name: "hot" }, { name: "changes", partitionCount: 1 }],
    routes: [
      { name: "hot", condition: "$body.temperature > 30 AND $twin.tags.site = 'oslo'", endpointNames: ["hot"] },
      { name: "twins", source: "twinChangeEvents", endpointNames: ["changes"] },
      { name: "life", source: "deviceLifecycleEvents", endpointNames: ["changes"] },
    ],
    enrichments: [{ key: "site", value: "$twin.tags.site", endpointNames: ["hot"] }],
  });
  expect(answer).toMatchObject({ status: 200, json: { routes: [{ source: "DeviceMessages" }, {}, {}] } });
  expect(await admin(hub, "GET", "routing")).toEqual(answer);
  const registry = hub.registry();
  await registry.create({ deviceId: "d" });
  await registry.updateTwin("d", { tags: { site: "oslo" } }, "*");
  const device = hub.device("d");
  for (const [temperature, contentType] of [
    [31, "application/json"],
    [5, "application/json"],
    [40, ""],
  ] as const) {
    const message = new Message(JSON.stringify({ temperature }));
    if (contentType !== "") Object.assign(message, { contentType, contentEncoding: "utf-8" });
    await device.sendEvent(message);
  }
  const [hot] = await read(hub, "hot", 1);
  expect(hot).toMatchObject({ body: { temperature: 31 }, properties: { site: "oslo" } });
  expect((await read(hub, hub.emulator.hub.eventHubName, 2)).map(({ body }) => body as unknown)).toEqual([
    { temperature: 5 },
    { temperature: 40 },
  ]);
  const changes = await read(hub, "changes", 2);
  expect(changes).toMatchObject([
    {
      body: { deviceId: "d", version: 2 },
      contentType: "application/json",
      properties: {
        deviceId: "d",
        opType: "createDeviceIdentity",
        "iothub-message-schema": "deviceLifecycleNotification",
      },
      systemProperties: {
        "iothub-message-source": "deviceLifecycleEvents",
        "iothub-connection-device-id": "d",
        contentEncoding: "utf-8",
      },
    },
    { body: { version: 3, tags: { site: "oslo" } }, properties: { opType: "updateTwin" } },
  ]);
  await admin(hub, "PUT", "routing", {});
  await expect(read(hub, "hot", 1)).rejects.toMatchObject({ code: "MessagingEntityNotFoundError" });
});

test("a message can be tried on the routes without being sent", async () => {
  await using hub = await startLocalHub({
    routing: {
      endpoints: [{ name: "hot" }],
      routes: [
        { name: "body", condition: "$body.t > 30", endpointNames: ["hot"] },
        { name: "property", condition: "level = 'high'", endpointNames: ["hot", "events"] },
        { name: "life", source: "DeviceLifecycleEvents", endpointNames: ["hot"] },
      ],
    },
  });
  const attempt = async (message: unknown): Promise<unknown> =>
    (await admin(hub, "POST", "routing/test", message)).json;
  expect(await attempt({ body: { t: 31 } })).toEqual({ routes: ["body"], endpoints: ["hot"] });
  expect(await attempt({ body: '{"t":31}' })).toEqual({ routes: ["$fallback"], endpoints: ["events"] });
  expect(await attempt({ body: { t: 31 }, properties: { level: "high" } })).toEqual({
    routes: ["body", "property"],
    endpoints: ["hot", "events"],
  });
  expect(await attempt({ source: "deviceLifecycleEvents" })).toEqual({ routes: ["life"], endpoints: ["hot"] });
  expect(await attempt({ source: "twinChangeEvents" })).toEqual({ routes: [], endpoints: [] });
  for (const wrong of ["[]", "{", { source: "x" }, { properties: { a: 1 } }, { deviceId: 5 }]) {
    expect((await admin(hub, "POST", "routing/test", wrong)).status).toBe(400);
  }
});

test("consumer groups are made, listed and removed", async () => {
  await using hub = await startLocalHub({ consumerGroups: ["given"] });
  expect(await admin(hub, "PUT", "consumer-groups/Lights")).toEqual({ status: 200, json: { name: "Lights" } });
  expect(await admin(hub, "PUT", "consumer-groups/lights")).toEqual({ status: 200, json: { name: "Lights" } });
  expect((await admin(hub, "GET", "consumer-groups")).json).toEqual(["$Default", "given", "Lights"]);
  const registry = hub.registry();
  await registry.create({ deviceId: "d" });
  await hub.device("d").sendEvent(new Message("x"));
  expect(await read(hub, hub.emulator.hub.eventHubName, 1, "lights")).toHaveLength(1);
  expect((await admin(hub, "DELETE", "consumer-groups/lights")).status).toBe(204);
  expect((await admin(hub, "GET", "consumer-groups/lights")).status).toBe(404);
  expect((await admin(hub, "DELETE", "consumer-groups/$Default")).status).toBe(400);
  expect((await admin(hub, "PUT", "consumer-groups/a%20b")).status).toBe(400);
  await expect(read(hub, hub.emulator.hub.eventHubName, 1, "lights")).rejects.toMatchObject({
    code: "MessagingEntityNotFoundError",
  });
});

test("settings that are refused are refused by their field, and only for who may", async () => {
  await using hub = await startLocalHub();
  const answer = await admin(hub, "PUT", "routing", { routes: [{ name: "r", endpointNames: ["nowhere"] }] });
  expect(answer).toMatchObject({ status: 400, json: { Message: expect.stringContaining("routes[0].endpointNames") } });
  const stranger = await hub.send({
    method: "GET",
    path: "/admin/routing",
    headers: { Authorization: hub.token("service") },
  });
  expect(stranger.status).toBe(401);
});
