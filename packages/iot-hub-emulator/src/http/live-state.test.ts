/** What services see of devices that talk: the vendor's MQTT device client, seen through the vendor's registry client. */
import { Client, Message } from "azure-iot-device";
import { Amqp } from "azure-iot-device-amqp";
import { expect, test } from "vitest";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";
import { mqttDevice, mqttModule } from "../testing/mqtt-device.ts";

const NEVER = "0001-01-01T00:00:00Z";

/** A device that said hello once. Without retries, so that it stays away when the hub ends its connection. */
async function saidHello(client: Client): Promise<{ client: Client; gone: Promise<void> }> {
  client.setRetryPolicy({ shouldRetry: () => false, nextRetryTimeout: () => 0 });
  await client.open();
  const gone = new Promise<void>((resolve) => client.on("disconnect", () => resolve()));
  await client.sendEvent(new Message("hello"));
  return { client, gone };
}

async function amqpDevice({ addresses, emulator }: LocalHub, deviceId: string): Promise<Client> {
  const { symmetricKey } = emulator.hub.registry.get(deviceId).authentication;
  const host = `${addresses.hostName}:${addresses.amqpsPort}`;
  const text = `HostName=${host};DeviceId=${deviceId};SharedAccessKey=${symmetricKey.primaryKey}`;
  const client = Client.fromConnectionString(text, Amqp);
  await client.setOptions({ ca: addresses.ca });
  return client;
}

const CLIENTS = { mqtt: (hub: LocalHub) => mqttDevice(hub, "d"), amqp: (hub: LocalHub) => amqpDevice(hub, "d") };

test("services see who is connected, since when and when it last spoke", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  await registry.create({ deviceId: "d" });
  await registry.addModule({ deviceId: "d", moduleId: "m" });
  const { client } = await saidHello(await mqttDevice(hub, "d"));
  const module = await mqttModule(hub, "d", "m");
  await module.open();
  await module.sendEvent(new Message("hello"));
  const { responseBody: device } = await registry.get("d");
  expect(device).toMatchObject({ connectionState: "Connected" });
  expect([device.lastActivityTime, device.connectionStateUpdatedTime]).not.toContain(NEVER);
  expect((await registry.getTwin("d")).responseBody).toMatchObject({ connectionState: "Connected" });
  expect((await registry.getModule("d", "m")).responseBody).toMatchObject({ connectionState: "Connected" });
  const headers = { authorization: hub.token("registryRead") };
  const statistics = (): ReturnType<typeof hub.send> =>
    hub.send({ path: "/statistics/service?api-version=2021-04-12", headers });
  expect(JSON.parse((await statistics()).text)).toEqual({ connectedDeviceCount: 2 });
  await module.close();
  await client.close();
  await expect.poll(() => hub.emulator.hub.connections.count).toBe(0);
  const { responseBody: left } = await registry.get("d");
  expect(left).toMatchObject({ connectionState: "Disconnected", lastActivityTime: device.lastActivityTime });
  expect(JSON.parse((await statistics()).text)).toEqual({ connectedDeviceCount: 0 });
});

test("messages over HTTPS change neither the connection state nor the last activity", async () => {
  await using hub = await startLocalHub();
  await hub.registry().create({ deviceId: "d" });
  await hub.device("d").sendEvent(new Message("hello"));
  expect((await hub.registry().get("d")).responseBody).toMatchObject({
    connectionState: "Disconnected",
    lastActivityTime: NEVER,
  });
});

test("a service ends a device's connection by disabling it, changing its key or deleting it", async () => {
  await using hub = await startLocalHub();
  const registry = hub.registry();
  const key = Buffer.alloc(32, 7).toString("base64");
  const symmetricKey = { primaryKey: key, secondaryKey: key };
  for (const [deviceId, end] of [
    ["disabled", () => registry.update({ deviceId: "disabled", status: "disabled" })],
    ["rotated", () => registry.update({ deviceId: "rotated", authentication: { type: "sas", symmetricKey } })],
    ["deleted", () => registry.delete("deleted")],
  ] as const) {
    await registry.create({ deviceId });
    const { client, gone } = await saidHello(await mqttDevice(hub, deviceId));
    await end();
    await gone;
    expect(hub.emulator.hub.connections.find({ deviceId })).toBeUndefined();
    await client.close();
  }
});

test.each([
  ["mqtt", "amqp"],
  ["amqp", "mqtt"],
  ["mqtt", "mqtt"],
  ["amqp", "amqp"],
] as const)(
  "a device that was connected over %s and connects over %s has the newer connection",
  async (...protocols) => {
    await using hub = await startLocalHub();
    await hub.registry().create({ deviceId: "d" });
    const [older, newer] = protocols.map((protocol) => CLIENTS[protocol](hub));
    const first = await saidHello(await (older as Promise<Client>));
    const second = await saidHello(await (newer as Promise<Client>));
    await first.gone;
    await second.client.sendEvent(new Message("still here"));
    expect(hub.emulator.hub.connections.find({ deviceId: "d" })?.protocol).toBe(protocols[1]);
    expect(hub.emulator.hub.connections.count).toBe(1);
    for (const { client } of [first, second]) await client.close();
  },
);

test("how many messages wait for a device is told with its identity and its twin", async () => {
  await using hub = await startLocalHub();
  await hub.registry().create({ deviceId: "d" });
  for (const body of ["a", "b"]) {
    await hub.emulator.hub.deviceQueues.enqueue("d", { body: Buffer.from(body), properties: new Map() });
  }
  expect((await hub.registry().get("d")).responseBody).toMatchObject({ cloudToDeviceMessageCount: 2 });
  expect((await hub.registry().getTwin("d")).responseBody).toMatchObject({ cloudToDeviceMessageCount: 2 });
});
