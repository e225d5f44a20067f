import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DeviceMessage } from "iot-hub-protocol";
import { expect, test } from "vitest";
import { startTestBed } from "./test-bed.ts";
import type { MqttPeer } from "./test-bed.ts";

const FILTER = "devices/d/messages/devicebound/#";

function command(text: string, change: Partial<DeviceMessage> = {}): DeviceMessage {
  return { body: Buffer.from(text), properties: new Map(), ...change };
}

async function subscribe(peer: MqttPeer, qos: 0 | 1 | 2, topic = FILTER): Promise<number> {
  peer.send({ cmd: "subscribe", messageId: 9, subscriptions: [{ topic, qos }] });
  const { granted } = await peer.expect("suback");
  return Number(granted[0]);
}

test("a subscriber gets what waits and what comes, with all properties in the topic", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const { deviceQueues } = bed.hub;
  const expiry = Date.now() + 60_000;
  await deviceQueues.enqueue(
    "d",
    command("first", {
      messageId: "m 1",
      correlationId: "c",
      to: "/devices/d/messages/devicebound",
      ack: "full",
      absoluteExpiryTime: expiry,
      properties: new Map([["a/b", "ü"]]),
    }),
  );
  const peer = await bed.connect("d");
  expect(await subscribe(peer, 2)).toBe(1);
  const first = await peer.expect("publish");
  expect(first).toMatchObject({ qos: 1, dup: false, retain: false, payload: Buffer.from("first") });
  const bag = new URLSearchParams(first.topic.replace("devices/d/messages/devicebound/", ""));
  expect(first.topic).toContain("%24.to=%2Fdevices%2Fd%2Fmessages%2FdeviceBound");
  expect(Object.fromEntries(bag)).toEqual({
    "$.mid": "m 1",
    "$.cid": "c",
    "$.to": "/devices/d/messages/deviceBound",
    "$.exp": new Date(expiry).toISOString(),
    "iothub-ack": "full",
    "a/b": "ü",
  });
  await deviceQueues.enqueue("d", command("second"));
  const second = await peer.expect("publish");
  peer.send({ cmd: "puback", messageId: first.messageId ?? 0 }, { cmd: "puback", messageId: second.messageId ?? 0 });
  await peer.ping();
  expect(deviceQueues.count("d")).toBe(0);
});

test("at QoS 0 a message is complete when it is sent", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  await bed.hub.deviceQueues.enqueue("d", command("one"));
  const peer = await bed.connect("d");
  expect(await subscribe(peer, 0)).toBe(0);
  expect(await peer.expect("publish")).toMatchObject({ qos: 0, payload: Buffer.from("one") });
  expect(bed.hub.deviceQueues.count("d")).toBe(0);
});

test("ten are under way at most, and an acknowledgement lets the next one go", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  for (let i = 0; i < 12; i++) await bed.hub.deviceQueues.enqueue("d", command(String(i)));
  const peer = await bed.connect("d");
  await subscribe(peer, 1);
  const sent = [];
  for (let i = 0; i < 10; i++) sent.push(await peer.expect("publish"));
  await peer.ping();
  peer.send({ cmd: "puback", messageId: sent[3]?.messageId ?? 0 });
  expect(await peer.expect("publish")).toMatchObject({ payload: Buffer.from("10") });
  await peer.ping();
  expect(new Set(sent.map(({ messageId }) => messageId)).size).toBe(10);
});

test("what was not acknowledged comes again as a duplicate with its packet identifier", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d", { clean: false });
  await subscribe(peer, 1);
  for (const text of ["a", "b", "c"]) await bed.hub.deviceQueues.enqueue("d", command(text));
  const [a, b, c] = [await peer.expect("publish"), await peer.expect("publish"), await peer.expect("publish")];
  peer.send({ cmd: "puback", messageId: b.messageId ?? 0 });
  await peer.ping();
  peer.destroy();
  while (bed.front.connections > 0) await new Promise(setImmediate);
  await bed.hub.deviceQueues.enqueue("d", command("d"));
  const again = await bed.open();
  again.send(bed.connectPacket("d", { clean: false }));
  expect(await again.expect("connack")).toMatchObject({ returnCode: 0, sessionPresent: true });
  expect(await again.expect("publish")).toMatchObject({ payload: a.payload, dup: true, messageId: a.messageId });
  expect(await again.expect("publish")).toMatchObject({ payload: c.payload, dup: true, messageId: c.messageId });
  expect(await again.expect("publish")).toMatchObject({ payload: Buffer.from("d"), dup: false });
});

test("unacknowledged messages of an older connection come again on the one that replaces it", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const older = await bed.connect("d", { clean: false });
  await subscribe(older, 1);
  await bed.hub.deviceQueues.enqueue("d", command("a"));
  const { messageId } = await older.expect("publish");
  const newer = await bed.connect("d", { clean: false });
  expect(await newer.expect("publish")).toMatchObject({ dup: true, messageId });
  await older.over;
  expect(bed.endings).toMatchObject([
    { clientId: "d", reason: { errorName: "ConnectionForcefullyClosedOnNewConnection" } },
  ]);
});

test("sessions and unacknowledged messages survive a restart of the hub", async () => {
  const folder = await mkdtemp(join(tmpdir(), "mqtt-"));
  try {
    const before = await startTestBed({ devices: ["d"], hub: { folder } });
    const peer = await before.connect("d", { clean: false });
    await subscribe(peer, 1);
    await before.hub.deviceQueues.enqueue("d", command("a"));
    const { messageId } = await peer.expect("publish");
    await before[Symbol.asyncDispose]();
    await using bed = await startTestBed({ hub: { folder } });
    const again = await bed.open();
    again.send(bed.connectPacket("d", { clean: false }));
    expect(await again.expect("connack")).toMatchObject({ sessionPresent: true });
    expect(await again.expect("publish")).toMatchObject({ payload: Buffer.from("a"), dup: true, messageId });
  } finally {
    await rm(folder, { recursive: true });
  }
});

test("a message that expires under way is over, whatever the device says then", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d");
  await subscribe(peer, 1);
  await bed.hub.deviceQueues.enqueue("d", command("a"));
  const { messageId } = await peer.expect("publish");
  await bed.hub.deviceQueues.purge("d");
  peer.send({ cmd: "puback", messageId: messageId ?? 0 }, { cmd: "puback", messageId: 4711 });
  await peer.ping();
  expect(bed.endings).toEqual([]);
});

test("properties that no topic has room for end the message, not the connection", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d");
  await subscribe(peer, 1);
  await bed.hub.deviceQueues.enqueue("d", command("a", { properties: new Map([["k", "ü".repeat(16_000)]]) }));
  await bed.hub.deviceQueues.enqueue("d", command("b"));
  expect(await peer.expect("publish")).toMatchObject({ payload: Buffer.from("b") });
  expect(bed.hub.deviceQueues.count("d")).toBe(1);
});

test("nothing comes after unsubscribing, and to a module never", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d");
  await subscribe(peer, 1);
  peer.send({ cmd: "unsubscribe", messageId: 3, unsubscriptions: [FILTER] });
  expect(await peer.expect("unsuback")).toMatchObject({ messageId: 3 });
  await bed.hub.registry.create({ deviceId: "d", moduleId: "m" }, {});
  const moduleId = "m";
  const module = await bed.connect("d", {
    clientId: `d/${moduleId}`,
    username: `localhost/d/${moduleId}/?api-version=2021-04-12`,
    password: Buffer.from(bed.policyToken("device")),
  });
  expect(await subscribe(module, 1, "devices/d/modules/m/messages/devicebound/#")).toBe(1);
  await bed.hub.deviceQueues.enqueue("d", command("a"));
  await peer.ping();
  await module.ping();
  expect(bed.hub.deviceQueues.count("d")).toBe(1);
});
