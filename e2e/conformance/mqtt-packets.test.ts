/** The device endpoint over MQTT as the documents describe it, by packets that the device SDKs never send. */
import { createHmac } from "node:crypto";
import mqtt, { type IClientOptions, type MqttClient } from "mqtt";
import type * as Service from "azure-iothub";
import { afterAll, afterEach, beforeAll, describe, expect, test } from "vitest";
import { until } from "../support/until.ts";
import { EventReading } from "./events.ts";
import {
  addresses,
  createRegistry,
  createServiceClient,
  hostName,
  makeDevice,
  type DeviceDescription,
} from "./target.ts";

const registry: Service.Registry = createRegistry();
const port = addresses.local?.mqttsPort ?? 8883;
const clients: MqttClient[] = [];
let reading: EventReading;

beforeAll(async () => {
  reading = await EventReading.start();
});
afterEach(() => {
  for (const client of clients.splice(0)) client.end(true);
});
afterAll(() => reading.close());

function optionsOf({ deviceId, authentication }: DeviceDescription): IClientOptions {
  return {
    protocolVersion: 4,
    clientId: deviceId,
    username: `${hostName}/${deviceId}/?api-version=2021-04-12`,
    password: token(`${hostName}/devices/${deviceId}`, authentication.symmetricKey.primaryKey),
    clean: true,
    reconnectPeriod: 0,
    connectTimeout: 60_000,
  };
}

function token(resource: string, key: string, lifeSeconds = 3600): string {
  const [sr, se] = [encodeURIComponent(resource), Math.ceil(Date.now() / 1000) + lifeSeconds];
  const sig = createHmac("sha256", Buffer.from(key, "base64")).update(`${sr}\n${se}`).digest("base64");
  return `SharedAccessSignature sr=${sr}&sig=${encodeURIComponent(sig)}&se=${se}`;
}

/** A connection that is open, or the refusal of it. */
async function connect(options: IClientOptions): Promise<MqttClient> {
  const client = mqtt.connect(`mqtts://${hostName}:${port}`, options);
  clients.push(client);
  await new Promise<void>((resolve, reject) => {
    client.once("connect", () => resolve());
    client.once("error", reject);
    client.once("close", () => reject(new Error("closed")));
  });
  client.on("error", () => undefined);
  return client;
}

/** Whether the hub closes the connection in a moment. */
async function closes(client: MqttClient): Promise<boolean> {
  await until(() => !client.connected, "the hub to close the connection", 15_000).catch(() => undefined);
  return !client.connected;
}

describe("a connection", () => {
  const refusals: readonly (readonly [string, (options: IClientOptions) => IClientOptions])[] = [
    [
      "an unknown device",
      (o) => ({ ...o, clientId: "nobody", username: `${hostName}/nobody/?api-version=2021-04-12` }),
    ],
    ["a client id that is not the user name's", (o) => ({ ...o, clientId: "another" })],
    ["a wrong key", (o) => ({ ...o, password: token(`${hostName}/devices/x`, Buffer.alloc(32).toString("base64")) })],
    ["no password", (o) => ({ ...o, password: "" })],
    ["a user name of no known form", (o) => ({ ...o, username: "someone" })],
  ];
  test.each(refusals)("is refused to %s", async (_whom, change) => {
    const device = await makeDevice(registry);
    await expect(connect(change(optionsOf(device)))).rejects.toThrow(/Not authorized|refused|closed/i);
  });

  test("takes the older form of the user name", async () => {
    const device = await makeDevice(registry);
    const client = await connect({
      ...optionsOf(device),
      username: `${hostName}/${device.deviceId}/api-version=2016-11-14`,
    });
    expect(client.connected).toBe(true);
  });

  test("gives way to a newer one of the same device", async () => {
    const device = await makeDevice(registry);
    const first = await connect(optionsOf(device));
    const second = await connect(optionsOf(device));
    expect(await closes(first)).toBe(true);
    expect(second.connected).toBe(true);
  });

  test("ends when its device is deleted", async () => {
    const device = await makeDevice(registry);
    const client = await connect(optionsOf(device));
    await registry.delete(device.deviceId);
    expect(await closes(client)).toBe(true);
  });
});

describe("what ends a connection", () => {
  const offences: readonly (readonly [string, (client: MqttClient, deviceId: string) => void])[] = [
    ["QoS 2", (client, id) => client.publish(`devices/${id}/messages/events/`, "x", { qos: 2 })],
    ["an unknown topic", (client) => client.publish("somewhere/else", "x", { qos: 1 })],
    ["another device's topic", (client) => client.publish("devices/another/messages/events/", "x", { qos: 1 })],
    [
      "a message beyond 256 KB",
      (client, id) => client.publish(`devices/${id}/messages/events/`, Buffer.alloc(262_145, 65), { qos: 1 }),
    ],
  ];
  test.each(offences)("%s", async (_offence, offend) => {
    const device = await makeDevice(registry);
    const client = await connect(optionsOf(device));
    offend(client, device.deviceId);
    expect(await closes(client)).toBe(true);
  });
});

describe("messages", () => {
  test("carry their property bag, and RETAIN becomes a property", async () => {
    const device = await makeDevice(registry);
    const client = await connect(optionsOf(device));
    const bag = "%24.mid=m1&$.ct=application%2Fjson&%24.ce=utf-8&a%20b=c%26d&empty=&alone";
    await client.publishAsync(`devices/${device.deviceId}/messages/events/${bag}`, '{"v":1}', { qos: 1, retain: true });
    const [event] = await reading.first(device.deviceId, 1);
    expect(event?.messageId).toBe("m1");
    expect(event?.contentType).toBe("application/json");
    expect(event?.properties).toMatchObject({ "a b": "c&d", empty: "", "mqtt-retain": "true" });
  });

  test("may be the last will of a device that vanishes", async () => {
    const device = await makeDevice(registry);
    const will = {
      topic: `devices/${device.deviceId}/messages/events/why=power`,
      payload: Buffer.from("gone"),
      qos: 1 as const,
      retain: false,
    };
    const client = await connect({ ...optionsOf(device), will });
    client.stream.destroy();
    const [event] = await reading.first(device.deviceId, 1);
    expect(event?.properties).toMatchObject({ "iothub-MessageType": "Will", why: "power" });
  });
});

describe("subscriptions", () => {
  test("are granted at most QoS 1, and only to the documented filters", async () => {
    const device = await makeDevice(registry);
    const client = await connect(optionsOf(device));
    const [granted] = await client.subscribeAsync(`devices/${device.deviceId}/messages/devicebound/#`, { qos: 2 });
    expect(granted?.qos).toBe(1);
    const outcome = await Promise.race([
      client.subscribeAsync("#", { qos: 0 }).then(
        ([other]) => other?.qos ?? 128,
        () => 128,
      ),
      until(() => !client.connected, "the end", 15_000).then(() => 128),
    ]);
    expect(outcome).toBe(128);
  });

  test("of a persistent session last over connections, and what came meanwhile arrives", async () => {
    const device = await makeDevice(registry);
    const options = { ...optionsOf(device), clean: false };
    const first = await connect(options);
    await first.subscribeAsync(`devices/${device.deviceId}/messages/devicebound/#`, { qos: 1 });
    await first.endAsync();
    const service = createServiceClient();
    await service.open();
    await service.send(device.deviceId, "while you were away");
    await service.close();
    const arrived: { topic: string; text: string }[] = [];
    const second = mqtt.connect(`mqtts://${hostName}:${port}`, options);
    clients.push(second);
    second.on("message", (topic, payload) => arrived.push({ topic, text: payload.toString() }));
    await until(() => arrived.length === 1, "the message", 15_000);
    expect(arrived[0]?.text).toBe("while you were away");
    expect(arrived[0]?.topic).toContain("%24.to=%2Fdevices%2F");
  });
});

describe("twins and methods", () => {
  test("answer by request id, with errors that say what is wrong", async () => {
    const device = await makeDevice(registry);
    const client = await connect(optionsOf(device));
    const answers = new Map<string, string>();
    client.on("message", (topic, payload) => answers.set(topic, payload.toString()));
    await client.subscribeAsync("$iothub/twin/res/#", { qos: 0 });
    const answer = async (status: number, rid: string): Promise<string> => {
      const find = (): string | undefined =>
        [...answers.keys()].find((t) => t.startsWith(`$iothub/twin/res/${status}/?`) && t.includes(`$rid=${rid}`));
      await until(() => find() !== undefined, `the answer ${rid}; there are ${[...answers.keys()].join(", ")}`, 10_000);
      return find() as string;
    };
    client.publish("$iothub/twin/GET/?$rid=g1", "");
    const twin = answers.get(await answer(200, "g1"));
    expect(JSON.parse(twin ?? "")).toMatchObject({ desired: { $version: 1 }, reported: { $version: 1 } });
    client.publish("$iothub/twin/PATCH/properties/reported/?$rid=p1", '{"a":{"b":1}}');
    expect(await answer(204, "p1")).toContain("$version=2");
    client.publish("$iothub/twin/PATCH/properties/reported/?$rid=bad", "{nonsense");
    expect(JSON.parse(answers.get(await answer(400, "bad")) ?? "{}")).toHaveProperty("errorCode");
  });

  test("bring a method's name and payload, and take its answer", async () => {
    const device = await makeDevice(registry);
    const client = await connect(optionsOf(device));
    client.on("message", (topic, payload) => {
      const found = /^\$iothub\/methods\/POST\/([^/]+)\/\?\$rid=(.+)$/.exec(topic);
      if (found !== null)
        client.publish(
          `$iothub/methods/res/207/?$rid=${found[2]}`,
          `{"name":"${found[1]}","got":${payload.toString()}}`,
        );
    });
    await client.subscribeAsync("$iothub/methods/POST/#", { qos: 0 });
    const call = { methodName: "blink", payload: [1, 2], responseTimeoutInSeconds: 10, connectTimeoutInSeconds: 5 };
    const { result } = await createServiceClient().invokeDeviceMethod(device.deviceId, call);
    expect(result).toEqual({ status: 207, payload: { name: "blink", got: [1, 2] } });
  });
});
