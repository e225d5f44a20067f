/** Microsoft's device client over AMQP against the whole Local Hub: cloud-to-device messages, twin, methods, modules, certificates. */
import { type EventEmitter, once } from "node:events";
import { Message as Command } from "azure-iot-common";
import {
  type Client,
  type DeviceMethodRequest,
  type DeviceMethodResponse,
  Message,
  type ModuleClient,
  type Twin,
} from "azure-iot-device";
import { expect, test } from "vitest";
import { AmqpClients } from "../../testing/amqp-clients.ts";
import { makeDeviceCertificate, thumbprintOf } from "../../testing/device-certificates.ts";
import { type LocalHub, startLocalHub } from "../../testing/local-hub.ts";

function command(text: string, messageId: string, ack?: string): Command {
  const message = new Command(text);
  message.messageId = messageId;
  if (ack !== undefined) message.ack = ack;
  return message;
}

/** What a device receives, in order. The listener stays: the client stops to receive when there is none. */
function messagesOf(device: Client): Message[] {
  const messages: Message[] = [];
  device.on("message", (message: Message) => messages.push(message));
  return messages;
}

async function twinOf(client: Client | ModuleClient): Promise<Twin> {
  return (await client.getTwin()) as unknown as Twin;
}

/** Resolves when the change is accepted, rejects with why it is not. */
function report(twin: Twin, patch: object): Promise<void> {
  const { reported } = (twin as unknown as { properties: unknown }).properties as {
    reported: { update(patch: object, done: (e: unknown) => void): void };
  };
  return new Promise((resolve, reject) =>
    reported.update(patch, (error) => (error ? reject(error as Error) : resolve())),
  );
}

async function hubWith(...devices: string[]): Promise<LocalHub> {
  const hub = await startLocalHub();
  for (const deviceId of devices) await hub.emulator.hub.registry.create(deviceId, {});
  return hub;
}

test("a cloud-to-device message reaches the device with all its properties, and its completion comes back as feedback", async () => {
  await using hub = await hubWith("d#1");
  await using clients = new AmqpClients(hub);
  const service = await clients.service();
  const device = await clients.device("d#1");
  const { result: feedback } = (await service.getFeedbackReceiver()) as unknown as { result: EventEmitter };
  const message = command("on", "f81d4fae-7dec-41d0-a765-00a0c91e6bf6", "full");
  message.correlationId = "c1";
  message.userId = "somebody";
  message.contentType = "application/json";
  message.contentEncoding = "utf-8";
  message.expiryTimeUtc = Date.now() + 60_000;
  message.properties.add("colour", "grün");
  const messages = messagesOf(device);
  await service.send("d#1", message);
  await expect.poll(() => messages).toHaveLength(1);
  const got = messages[0] as Message;
  expect(got).toMatchObject({
    messageId: "f81d4fae-7dec-41d0-a765-00a0c91e6bf6",
    correlationId: "c1",
    to: "/devices/d%231/messages/deviceBound",
    contentType: "application/json",
    contentEncoding: "utf-8",
  });
  expect(got.getBytes().toString()).toBe("on");
  expect(got.properties.getValue("colour")).toBe("grün");
  const told = once(feedback, "message");
  await device.complete(got);
  await expect.poll(() => hub.emulator.hub.deviceQueues.count("d#1")).toBe(0);
  // Feedback is gathered for a while.
  hub.emulator.hub.clock.advance(20_000);
  const [{ data }] = (await told) as [{ data: Buffer }];
  expect(JSON.parse(data.toString())).toMatchObject([
    { originalMessageId: "f81d4fae-7dec-41d0-a765-00a0c91e6bf6", statusCode: "Success", deviceId: "d#1" },
  ]);
});

test("a device abandons a cloud-to-device message and gets it again, rejects it and it is gone", async () => {
  await using hub = await hubWith("d");
  await using clients = new AmqpClients(hub);
  const service = await clients.service();
  const device = await clients.device("d");
  const messages = messagesOf(device);
  await service.send("d", command("x", "m1"));
  await expect.poll(() => messages).toHaveLength(1);
  await device.abandon(messages[0] as Message);
  await expect.poll(() => messages).toHaveLength(2);
  const second = messages[1] as Message;
  expect(second.messageId).toBe("m1");
  await device.reject(second);
  await expect.poll(() => hub.emulator.hub.deviceQueues.count("d")).toBe(0);
});

test("cloud-to-device messages wait for a device that is not there, and come back uncounted when it leaves without a word", async () => {
  await using hub = await hubWith("d");
  await using clients = new AmqpClients(hub);
  const service = await clients.service();
  for (const id of ["1", "2", "3"]) await service.send("d", command(id, id));
  const device = await clients.device("d");
  const got = messagesOf(device);
  await expect.poll(() => got.map(({ messageId }) => messageId)).toEqual(["1", "2", "3"]);
  await device.complete(got[0] as Message);
  await clients.close(device);
  await expect.poll(() => hub.emulator.hub.deviceQueues.count("d")).toBe(2);
  const left = hub.emulator.hub.deviceQueues.receive("d");
  expect(left).toMatchObject({ deliveryCount: 0, message: { messageId: "2" } });
});

test("a service is told of unknown devices, full queues and messages that are too large", async () => {
  await using hub = await hubWith("d");
  await using clients = new AmqpClients(hub);
  const service = await clients.service();
  await expect(service.send("nobody", command("x", "1"))).rejects.toMatchObject({ name: "DeviceNotFoundError" });
  await expect(service.send("d", new Command(Buffer.alloc(66_000)))).rejects.toMatchObject({
    name: "MessageTooLargeError",
  });
  for (let i = 0; i < 50; i++) await service.send("d", command("x", String(i)));
  await expect(service.send("d", command("x", "51"))).rejects.toMatchObject({
    name: "DeviceMaximumQueueDepthExceededError",
  });
  const stranger = await clients.service("registryRead");
  await expect(stranger.send("d", command("x", "1"))).rejects.toMatchObject({ name: "UnauthorizedError" });
});

test("a device reads its twin, reports, is refused what is wrong, and hears of desired properties", async () => {
  await using hub = await hubWith("d");
  await using clients = new AmqpClients(hub);
  const { twins } = hub.emulator.hub;
  await twins.patch("d", { desired: { interval: 5 } });
  const device = await clients.device("d");
  const twin = await twinOf(device);
  expect(twin.properties.desired).toMatchObject({ interval: 5, $version: 2 });
  await report(twin, { firmware: "1.2" });
  expect(twins.own("d").reported).toMatchObject({ firmware: "1.2", $version: 2 });
  await expect(report(twin, { "a.b": 1 })).rejects.toMatchObject({ amqpError: { name: "FormatError" } });
  const changes: unknown[] = [];
  (twin as unknown as EventEmitter).on("properties.desired", (change: unknown) => changes.push(change));
  await expect
    .poll(async () => {
      await twins.patch("d", { desired: { interval: 6, gone: null } });
      return changes.at(-1);
    })
    .toMatchObject({ interval: 6 });
});

test.each([false, true])(
  "a device answers methods (webSocket: %s), and calls fail when it has gone",
  async (webSocket) => {
    await using hub = await hubWith("d");
    await using clients = new AmqpClients(hub);
    const { methods } = hub.emulator.hub;
    const call = { methodName: "reboot", payload: { delay: 3 }, responseTimeoutMs: 20_000, connectTimeoutMs: 20_000 };
    const waiting = methods.invoke({ deviceId: "d" }, call);
    const device = await clients.device("d", { webSocket });
    device.onDeviceMethod("reboot", (request: DeviceMethodRequest, response: DeviceMethodResponse) => {
      response.send(202, { got: request.payload as unknown }).catch(() => undefined);
    });
    expect(await waiting).toEqual({ status: 202, payload: { got: { delay: 3 } } });
    device.onDeviceMethod("silent", () => undefined);
    const unanswered = methods.invoke({ deviceId: "d" }, { ...call, methodName: "silent" });
    const failure = unanswered.catch((error: unknown) => error);
    // The call has to be on its way before the device leaves.
    expect(await methods.invoke({ deviceId: "d" }, call)).toMatchObject({ status: 202 });
    await clients.close(device);
    expect(await failure).toMatchObject({ errorName: "DeviceConnectionClosedRemotely" });
  },
);

test("a module sends, has a twin and answers methods of its own", async () => {
  await using hub = await hubWith("d");
  await using clients = new AmqpClients(hub);
  const { registry, twins, methods } = hub.emulator.hub;
  await registry.create({ deviceId: "d", moduleId: "m" }, {});
  const module = await clients.module("d", "m");
  await module.sendEvent(new Message("hello"));
  const twin = await twinOf(module);
  await report(twin, { a: 1 });
  expect(twins.own("d", "m").reported).toMatchObject({ a: 1 });
  expect(twins.own("d").reported).not.toHaveProperty("a");
  module.onMethod("ping", (_, response) => {
    response?.send(200).catch(() => undefined);
  });
  const call = { methodName: "ping", payload: null, responseTimeoutMs: 20_000, connectTimeoutMs: 20_000 };
  expect(await methods.invoke({ deviceId: "d", moduleId: "m" }, call)).toMatchObject({ status: 200 });
});

test("a device signs in by its certificate alone, and is turned away with another", async () => {
  await using hub = await startLocalHub();
  await using clients = new AmqpClients(hub);
  const certificate = await makeDeviceCertificate("own");
  await hub.emulator.hub.registry.create("own", {
    authentication: {
      type: "selfSigned",
      primaryThumbprint: thumbprintOf(certificate),
    },
  });
  const device = await clients.device("own", { certificate });
  await device.sendEvent(new Message("by certificate"));
  const [event] = await hub.events("own");
  expect(event?.message.toString()).toContain('"type":"x509"');
  expect((await twinOf(device)).properties.desired).toMatchObject({ $version: 1 });
  const stranger = await clients.device("own", { certificate: await makeDeviceCertificate("own") });
  await expect(stranger.sendEvent(new Message("x"))).rejects.toMatchObject({ name: "UnauthorizedError" });
});

test("a device is connected while its links are, and a newer connection ends the older", async () => {
  await using hub = await hubWith("d");
  await using clients = new AmqpClients(hub);
  const { registry, connections } = hub.emulator.hub;
  const older = await clients.device("d", { policyName: "device" });
  await older.sendEvent(new Message("1"));
  expect(connections.find({ deviceId: "d" })).toMatchObject({ protocol: "amqp" });
  const ended: string[] = [];
  connections.onChange(({ deviceId }, state) => ended.push(`${deviceId} ${state}`));
  const newer = await clients.device("d");
  await newer.sendEvent(new Message("2"));
  expect(ended).toEqual(["d Disconnected", "d Connected"]);
  await registry.delete("d");
  await expect.poll(() => connections.count).toBe(0);
});
