/** MQTT.js, a client that knows nothing of IoT Hub, over TLS and WebSocket. */
import { connect as connectMqtt } from "mqtt";
import type { IClientOptions, IPublishPacket, MqttClient } from "mqtt";
import { message as amqp } from "rhea";
import { expect, test } from "vitest";
import { makeDeviceCertificate, thumbprintOf } from "../testing/device-certificates.ts";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";

type Route = "mqtts" | "wss";

/** Not connected yet, so that nothing it is sent can be missed. */
function dial(hub: LocalHub, route: Route, change: IClientOptions = {}): MqttClient {
  const { addresses } = hub;
  const url =
    route === "mqtts"
      ? `mqtts://localhost:${addresses.mqttsPort}`
      : `wss://localhost:${addresses.httpsPort}/$iothub/websocket`;
  return connectMqtt(url, {
    ca: addresses.ca,
    clientId: "d",
    username: `${addresses.hostName}/d/?api-version=2021-04-12`,
    password: hub.token("device"),
    reconnectPeriod: 0,
    clean: false,
    ...change,
  });
}

function connect(hub: LocalHub, route: Route, change: IClientOptions = {}): Promise<MqttClient> {
  const client = dial(hub, route, change);
  return new Promise((resolve, reject) => client.once("connect", () => resolve(client)).once("error", reject));
}

function next(client: MqttClient): Promise<IPublishPacket> {
  return new Promise((resolve) => client.once("message", (_topic, _payload, packet) => resolve(packet)));
}

test.each(["mqtts", "wss"] as const)(
  "over %s: telemetry, twin, method, cloud-to-device message, leave and come back",
  async (route) => {
    await using hub = await startLocalHub();
    const { registry, twins, methods, deviceQueues } = hub.emulator.hub;
    await registry.create("d", {});
    const client = await connect(hub, route);
    await client.publishAsync("devices/d/messages/events/a=1", "hello", { qos: 1 });
    expect((await hub.events("d")).length).toBe(1);
    const granted = await client.subscribeAsync(
      ["$iothub/twin/res/#", "$iothub/methods/POST/#", "devices/d/messages/devicebound/#"],
      { qos: 2 },
    );
    expect(granted.map(({ qos }) => qos)).toEqual([1, 1, 1]);

    const twin = next(client);
    await client.publishAsync("$iothub/twin/GET/?$rid=7", "");
    expect(await twin).toMatchObject({ topic: "$iothub/twin/res/200/?$rid=7" });
    const reported = next(client);
    await client.publishAsync("$iothub/twin/PATCH/properties/reported/?$rid=8", '{"on":true}', { qos: 1 });
    expect(await reported).toMatchObject({ topic: "$iothub/twin/res/204/?$rid=8&$version=2" });
    expect(twins.own("d").reported).toMatchObject({ on: true });

    const called = next(client);
    const request = { methodName: "m", payload: 1, responseTimeoutMs: 5_000, connectTimeoutMs: 0 };
    const result = methods.invoke({ deviceId: "d" }, request);
    await client.publishAsync((await called).topic.replace("POST/m", "res/200"), "2");
    expect(await result).toEqual({ status: 200, payload: 2 });

    await client.endAsync();
    await deviceQueues.enqueue("d", { body: Buffer.from("while away"), properties: new Map() });
    const again = dial(hub, route, {
      will: { topic: "devices/d/messages/events/", payload: Buffer.from("gone"), qos: 1 },
    });
    again.on("error", () => undefined);
    expect((await next(again)).payload.toString()).toBe("while away");
    while (deviceQueues.count("d") > 0) await new Promise(setImmediate);
    again.stream.destroy();
    while ((await hub.events("d")).length < 2) await new Promise(setImmediate);
    expect(amqp.decode((await hub.events("d"))[1]?.message as Buffer)).toMatchObject({
      application_properties: { "iothub-MessageType": "Will" },
    });
  },
);

test("a device signs in over WebSocket by its certificate", async () => {
  await using hub = await startLocalHub();
  const own = await makeDeviceCertificate("d");
  const authentication = { type: "selfSigned", primaryThumbprint: thumbprintOf(own) } as const;
  await hub.emulator.hub.registry.create("d", { authentication });
  const client = await connect(hub, "wss", { cert: own.certificate, key: own.privateKey, password: "" });
  await client.publishAsync("devices/d/messages/events/", "x", { qos: 1 });
  await client.endAsync();
  const [event] = await hub.events("d");
  const annotations = amqp.decode(event?.message as Buffer)["message_annotations"] as Record<string, string>;
  expect(annotations["iothub-connection-auth-method"]).toContain('"type":"x509"');
});

test.each([
  ["MQTT 5", { protocolVersion: 5 }, 1],
  ["a wrong password", { password: "secret" }, 5],
] as const)("%s is refused in words that the client understands", async (_what, change, code) => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  await expect(connect(hub, "mqtts", change)).rejects.toMatchObject({ code });
});

test("a message of QoS 2 closes the connection", async () => {
  await using hub = await startLocalHub();
  await hub.emulator.hub.registry.create("d", {});
  const client = await connect(hub, "mqtts");
  const closed = new Promise<void>((resolve) => client.once("close", resolve));
  client.publish("devices/d/messages/events/", "x", { qos: 2 });
  await closed;
  expect(await hub.events("d")).toEqual([]);
  await client.endAsync(true);
});
