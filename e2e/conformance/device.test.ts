/** What a device can do, by each of the vendor's transports, seen from the vendor's service and Event Hubs clients. */
import { randomUUID } from "node:crypto";
import { Message, type Client, type Twin } from "azure-iot-device";
import type * as Service from "azure-iothub";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../support/until.ts";
import { EventReading } from "./events.ts";
import { messageFor, firstMessage, readFeedback, twinOf, updateReported, type FeedbackRecord } from "./device-calls.ts";
import {
  createDevice,
  createModule,
  createRegistry,
  createServiceClient,
  makeDevice,
  noWebSocket,
  TRANSPORTS,
  type DeviceDescription,
  type TransportName,
} from "./target.ts";

const registry: Service.Registry = createRegistry();
const service: Service.Client = createServiceClient();
let reading: EventReading;
let feedback: readonly FeedbackRecord[];
/** Feedback that the tests so far must have caused; looked at in the last test, because hubs gather it. */
const expected: FeedbackRecord[] = [];
const open: { close(): Promise<unknown> }[] = [];

beforeAll(async () => {
  reading = await EventReading.start();
  await service.open();
  feedback = await readFeedback(service);
});
afterEach(async () => {
  for (const client of open.splice(0)) await client.close();
});
afterAll(async () => {
  await reading.close();
  await service.close();
});

async function connect(transport: TransportName, device: DeviceDescription): Promise<Client> {
  const client = createDevice(transport, device);
  await client.open();
  open.push(client);
  return client;
}

const all = Object.keys(TRANSPORTS) as TransportName[];
const connected = all.filter((name) => name !== "Http");

describe.each(all)("a device over %s", (transport) => {
  const skip = transport.endsWith("Ws") && noWebSocket;

  test.skipIf(skip)(`sends messages that arrive as they were, in their order${skip ? `: ${skip}` : ""}`, async () => {
    const device = await makeDevice(registry);
    const client = await connect(transport, device);
    const ids = [randomUUID(), `id-${randomUUID()}`];
    for (const [i, id] of ids.entries()) {
      const message = new Message(JSON.stringify({ reading: i, unit: "°C" }));
      message.messageId = id;
      message.correlationId = `correlation ${i}`;
      message.contentType = "application/json";
      message.contentEncoding = "utf-8";
      message.properties.add("kind", "a b/c&d=é".replace("é", transport === "Http" ? "e" : "é"));
      message.properties.add("index", String(i));
      await client.sendEvent(message);
    }
    const events = await reading.first(device.deviceId, 2);
    expect(events.map(({ body }) => body as unknown)).toEqual([
      { reading: 0, unit: "°C" },
      { reading: 1, unit: "°C" },
    ]);
    for (const [i, event] of events.entries()) {
      expect(event.messageId).toBe(ids[i]);
      expect(event.correlationId).toBe(`correlation ${i}`);
      expect(event.contentType).toBe("application/json");
      expect(event.properties?.["index"]).toBe(String(i));
      expect(event.properties?.["kind"]).toContain("a b/c&d=");
      const stamps = event.systemProperties ?? {};
      expect(stamps["iothub-message-source"]).toBe("Telemetry");
      expect(stamps["iothub-connection-auth-generation-id"]).toBe(device.generationId);
      expect(JSON.parse(String(stamps["iothub-connection-auth-method"]))).toMatchObject({
        scope: "device",
        type: "sas",
      });
    }
  });

  test.skipIf(skip)("receives a cloud-to-device message and completes it", async () => {
    const device = await makeDevice(registry);
    const client = await connect(transport, device);
    const arriving = firstMessage(client);
    const sent = messageFor("turn on");
    sent.ack = "full";
    await service.send(device.deviceId, sent);
    const received = await arriving;
    expect(received.data.toString()).toBe("turn on");
    expect(received.messageId).toBe(sent.messageId);
    // Some transports of the SDK leave the prefix that HTTP gives to a property's name.
    const property = received.properties.propertyList.find(({ key }) => key.endsWith("order"));
    expect(property?.value).toBe("7");
    await client.complete(received);
    expected.push({ deviceId: device.deviceId, originalMessageId: sent.messageId, statusCode: "Success" });
  });
});

describe.each(["Amqp", "Http"] as const)("a device over %s", (transport) => {
  test("rejects a message, which is then gone, and gets an abandoned one again", async () => {
    const device = await makeDevice(registry);
    const client = await connect(transport, device);
    const received: Message[] = [];
    client.on("message", (message: Message) => received.push(message));
    const bad = messageFor("bad");
    bad.ack = "negative";
    await service.send(device.deviceId, bad);
    await until(() => received.length === 1, "the first message");
    await client.reject(received[0] as Message);
    expected.push({ deviceId: device.deviceId, originalMessageId: bad.messageId, statusCode: "Rejected" });
    const good = messageFor("good");
    await service.send(device.deviceId, good);
    await until(() => received.length === 2, "the second message");
    await client.abandon(received[1] as Message);
    await until(() => received.length === 3, "the abandoned message once more");
    expect(received[2]?.messageId).toBe(good.messageId);
    await client.complete(received[2] as Message);
  });
});

describe.each(connected)("a connected device over %s", (transport) => {
  const skip = transport.endsWith("Ws") && noWebSocket;

  test.skipIf(skip)("reads its twin, reports, and is told what a service desires", async () => {
    const device = await makeDevice(registry);
    const client = await connect(transport, device);
    const twin: Twin = await twinOf(client);
    expect(twin.properties.reported["$version"]).toBe(1);
    await updateReported(twin, { firmware: "1.2", network: { rssi: -60 } });
    await updateReported(twin, { firmware: "1.3", network: { rssi: null } });
    const seen = (await registry.getTwin(device.deviceId)).responseBody;
    expect(seen.properties.reported).toMatchObject({ firmware: "1.3", network: {}, $version: 3 });
    const changes: unknown[] = [];
    twin.on("properties.desired", (delta: unknown) => changes.push(delta));
    // The SDK subscribes in the background; a change before that is seen by the next read only.
    await until(async () => {
      await registry.updateTwin(
        device.deviceId,
        { properties: { desired: { interval: changes.length + 30 } } } as never,
        "*",
      );
      return changes.length > 1;
    }, "a desired change");
    expect(twin.properties.desired["interval"]).toBeGreaterThanOrEqual(30);
  });

  test.skipIf(skip)("answers direct methods with its own status and payload", async () => {
    const device = await makeDevice(registry);
    const client = await connect(transport, device);
    client.onDeviceMethod("reboot", (request, response) => {
      void response.send(202, { heard: request.payload as unknown });
    });
    const methodParams = {
      methodName: "reboot",
      payload: { delay: 5, why: ["ä", null] },
      connectTimeoutInSeconds: 10,
      responseTimeoutInSeconds: 10,
    };
    const { result } = await service.invokeDeviceMethod(device.deviceId, methodParams);
    expect(result).toEqual({ status: 202, payload: { heard: methodParams.payload } });
  });

  test.skipIf(skip)("is shown as connected while it is", async () => {
    const device = await makeDevice(registry);
    const client = createDevice(transport, device);
    await client.open();
    await client.sendEvent(new Message("here"));
    const state = async (): Promise<string> =>
      ((await registry.get(device.deviceId)).responseBody as unknown as DeviceDescription).connectionState;
    await expect.poll(state).toBe("Connected");
    await client.close();
    await expect.poll(state).toBe("Disconnected");
  });

  test.skipIf(skip)("is refused with a wrong key, and when it is disabled", async () => {
    const device = await makeDevice(registry);
    const wrong = createDevice(transport, device, `SharedAccessKey=${Buffer.alloc(32, 7).toString("base64")}`);
    await expect(wrong.open()).rejects.toMatchObject({ name: "UnauthorizedError" });
    await registry.update({ ...device, status: "disabled" } as never);
    const disabled = createDevice(transport, device);
    // Over AMQP a device is refused when it opens its first link.
    await expect(disabled.open().then(() => disabled.sendEvent(new Message("x")))).rejects.toThrow(/./);
    await disabled.close().catch(() => undefined);
  });

  test.skipIf(skip)("has modules with keys, twins and methods of their own", async () => {
    const device = await makeDevice(registry);
    await registry.addModule({ deviceId: device.deviceId, moduleId: "camera" } as never);
    const module = (await registry.getModule(device.deviceId, "camera")).responseBody as unknown as DeviceDescription;
    const client = createModule(transport, module);
    await client.open();
    open.push(client as never);
    await client.sendEvent(new Message("from the module"));
    const [event] = await reading.first(device.deviceId, 1);
    expect(event?.systemProperties?.["iothub-connection-module-id"]).toBe("camera");
    const twin = await twinOf(client as never);
    await updateReported(twin, { lens: "clean" });
    const seen = (await registry.getModuleTwin(device.deviceId, "camera")).responseBody;
    expect(seen.properties.reported).toMatchObject({ lens: "clean" });
  });
});

test("a service hears what became of the messages it asked about", async () => {
  expect(expected.length).toBeGreaterThan(0);
  const missing = (): FeedbackRecord[] =>
    expected.filter(
      ({ deviceId, statusCode, originalMessageId }) =>
        !feedback.some(
          (record) =>
            record.deviceId === deviceId &&
            record.statusCode === statusCode &&
            record.originalMessageId === originalMessageId,
        ),
    );
  await until(() => missing().length === 0, "the feedback", 45_000).catch(() => undefined);
  expect(missing()).toEqual([]);
});
