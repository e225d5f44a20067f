/** Microsoft's MQTT device client against the whole Local Hub over TLS, and over WebSocket. */
import { Message } from "azure-iot-device";
import type { Client } from "azure-iot-device";
import { message as amqp } from "rhea";
import { expect, test } from "vitest";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";
import { mqttDevice, mqttModule } from "../testing/mqtt-device.ts";

/** A stored event as another AMQP implementation reads it. */
async function decodedEvents(hub: LocalHub, deviceId: string): Promise<readonly Record<string, unknown>[]> {
  return (await hub.events(deviceId)).map(({ message }) => {
    const { body, ...rest } = amqp.decode(message) as unknown as { body: { content: Buffer } };
    return { ...rest, body: body.content.toString() };
  });
}

async function using<C extends { open(): Promise<unknown>; close(): Promise<unknown> }>(
  client: C,
  use: (client: C) => Promise<void>,
): Promise<void> {
  await client.open();
  try {
    await use(client);
  } finally {
    await client.close();
  }
}

async function sendOne(client: Client): Promise<void> {
  await using(client, async () => {
    const message = new Message('{"t":20}');
    message.messageId = "m-1";
    message.contentType = "application/json";
    message.contentEncoding = "utf-8";
    message.properties.add("unit", "°C");
    await client.sendEvent(message);
  });
}

const SENT = {
  body: '{"t":20}',
  message_id: "m-1",
  content_type: "application/json",
  content_encoding: "utf-8",
  application_properties: { unit: "°C" },
};

test.each([false, true])("a device sends (over WebSocket: %s)", async (webSocket) => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  await sendOne(await mqttDevice(hub, "d", { webSocket }));
  expect(await decodedEvents(hub, "d")).toMatchObject([
    { ...SENT, message_annotations: { "iothub-connection-device-id": "d" } },
  ]);
});

test("a device signs in with a policy's key", async () => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  await sendOne(await mqttDevice(hub, "d", { policyName: "device" }));
  const stamp = { "iothub-connection-auth-method": expect.stringContaining('"scope":"hub"') as string };
  expect(await decodedEvents(hub, "d")).toMatchObject([{ ...SENT, message_annotations: stamp }]);
});

test("a module sends, to an output too", async () => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  await hub.emulator.hub.registry.create({ deviceId: "d", moduleId: "m" }, {});
  await using(await mqttModule(hub, "d", "m"), async (client) => {
    await client.sendEvent(new Message("plain"));
    await client.sendOutputEvent("out", new Message("routed"));
  });
  expect(await decodedEvents(hub, "d")).toMatchObject([
    { body: "plain", message_annotations: { "iothub-connection-module-id": "m" } },
    { body: "routed", message_annotations: { "iothub-connection-module-id": "m" } },
  ]);
});

test("a device with a key of its own making is not let in", async () => {
  await using hub = await startLocalHub();
  const { registry } = hub.emulator.hub;
  await registry.create("d", {});
  const client = await mqttDevice(hub, "d");
  await registry.delete("d");
  await registry.create("d", {});
  await expect(client.open()).rejects.toMatchObject({ name: "UnauthorizedError" });
  await client.close();
});

test.each([false, true])(
  "cloud-to-device messages, twin and methods reach a device (over WebSocket: %s)",
  async (webSocket) => {
    await using hub = await startLocalHub();
    const { registry, deviceQueues, twins, methods } = hub.emulator.hub;
    await registry.create("d", {});
    await using(await mqttDevice(hub, "d", { webSocket }), async (client) => {
      const received = once<Message>((done) => client.on("message", done));
      await deviceQueues.enqueue("d", { body: Buffer.from("go"), messageId: "m", properties: new Map([["k", "v"]]) });
      const message = await received;
      expect(message.getBytes().toString()).toBe("go");
      expect(message).toMatchObject({ messageId: "m" });
      expect(message.properties.getValue("k")).toBe("v");
      await client.complete(message);
      while (deviceQueues.count("d") > 0) await new Promise(setImmediate);

      await twins.patch("d", { desired: { interval: 5 } });
      const twin = await client.getTwin();
      expect(twin.properties.desired).toMatchObject({ interval: 5, $version: 2 });
      await new Promise<void>((resolve, reject) =>
        twin.properties.reported["update"]({ interval: 5 }, (error?: Error) => (error ? reject(error) : resolve())),
      );
      expect(twins.own("d").reported).toEqual({ interval: 5, $version: 2 });
      const changed = once<Record<string, unknown>>((done) =>
        twin.on("properties.desired", (delta: Record<string, unknown>) => delta["interval"] === 6 && done(delta)),
      );
      while (hub.emulator.hub.sessions.find(registry.get("d"))?.subscriptions["desired"] === undefined) {
        await new Promise(setImmediate);
      }
      await twins.patch("d", { desired: { interval: 6 } });
      expect(await changed).toMatchObject({ interval: 6, $version: 3 });

      client.onDeviceMethod("reboot", (request, response) => {
        void response.send(202, { was: request.payload as unknown });
      });
      const call = { methodName: "reboot", payload: { in: 5 }, responseTimeoutMs: 5_000, connectTimeoutMs: 5_000 };
      expect(await methods.invoke({ deviceId: "d" }, call)).toEqual({ status: 202, payload: { was: { in: 5 } } });
    });
  },
);

test.each(["ShutDownMqtt", "KillTcp"])("a device that asked for %s comes back and sends on", async (type) => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  const states: string[] = [];
  hub.emulator.hub.connections.onChange((_ref, state) => states.push(state));
  await using(await mqttDevice(hub, "d"), async (client) => {
    const fault = new Message("");
    fault.properties.add("AzIoTHub_FaultOperationType", type);
    fault.properties.add("AzIoTHub_FaultOperationCloseReason", "byTest");
    fault.properties.add("AzIoTHub_FaultOperationDelayInSecs", "0");
    await client.sendEvent(fault);
    while (states.length < 2) await new Promise(setImmediate);
    await client.sendEvent(new Message("after"));
  });
  expect(states.slice(0, 3)).toEqual(["Connected", "Disconnected", "Connected"]);
  expect((await decodedEvents(hub, "d")).map(({ body }) => body)).toEqual(["", "after"]);
});

test("a device that renews its token hears its calls without subscribing again", async () => {
  await using hub = await startLocalHub();
  const { registry, methods, connections } = hub.emulator.hub;
  await registry.create("d", {});
  await using(await mqttDevice(hub, "d"), async (client) => {
    const call = { methodName: "ping", payload: null, responseTimeoutMs: 5_000, connectTimeoutMs: 5_000 };
    client.onDeviceMethod("ping", (_request, response) => void response.send(200, {}));
    expect(await methods.invoke({ deviceId: "d" }, call)).toMatchObject({ status: 200 });
    const before = connections.find({ deviceId: "d" });
    // What its timer does 15 minutes before a token of an hour ends.
    const { _transport } = client as unknown as {
      readonly _transport: { readonly _authenticationProvider: { _expiryTimerHandler(): void } };
    };
    _transport._authenticationProvider._expiryTimerHandler();
    while ([before, undefined].includes(connections.find({ deviceId: "d" }))) await new Promise(setImmediate);
    expect(await methods.invoke({ deviceId: "d" }, call)).toMatchObject({ status: 200 });
  });
});

function once<T>(listen: (done: (value: T) => void) => void): Promise<T> {
  return new Promise((resolve) => listen(resolve));
}
