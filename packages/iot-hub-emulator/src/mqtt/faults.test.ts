import type { IPublishPacket } from "mqtt-packet";
import { expect, test } from "vitest";
import type { FaultRule } from "../hub/faults/fault-rule.ts";
import { startTestBed } from "./test-bed.ts";
import type { MqttPeer, TestBed } from "./test-bed.ts";

const TOPIC = "devices/d/messages/events/";

function event(bag = ""): IPublishPacket {
  return { cmd: "publish", topic: TOPIC + bag, payload: "hello", qos: 1, dup: false, retain: false, messageId: 1 };
}

async function struck(bed: TestBed, rule: FaultRule): Promise<MqttPeer> {
  bed.hub.faults.add({ times: 1, ...rule });
  const peer = await bed.connect("d");
  peer.send(event());
  return peer;
}

test("a fault at CONNECT refuses it, cuts it or delays it", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const where = { point: "connect", protocol: "mqtt", deviceId: "d" } as const;
  bed.hub.faults.add({ times: 1, where, effect: { kind: "error", error: "ServiceUnavailable" } });
  const refused = await bed.open();
  refused.send(bed.connectPacket("d"));
  expect(await refused.next()).toMatchObject({ cmd: "connack", returnCode: 3 });
  bed.hub.faults.add({ times: 1, where, effect: { kind: "drop" } });
  const cut = await bed.open();
  cut.send(bed.connectPacket("d"));
  expect(await cut.next()).toBeUndefined();
  bed.hub.faults.add({ times: 1, where, effect: { kind: "delay", ms: 60_000 } });
  const late = await bed.open();
  late.send(bed.connectPacket("d"));
  while (bed.hub.faults.list().at(-1)?.struck !== 1) await new Promise(setImmediate);
  bed.hub.clock.advance(60_000);
  expect(await late.next()).toMatchObject({ cmd: "connack", returnCode: 0 });
  bed.hub.faults.add({ times: 1, where, effect: { kind: "identityVanishes" } });
  const gone = await bed.open();
  gone.send(bed.connectPacket("d"));
  expect(await gone.next()).toMatchObject({ cmd: "connack", returnCode: 5 });
});

test.each([
  ["accepted, then the connection is cut", { kind: "acceptThenDrop" }, 1],
  ["not accepted and the connection is cut", { kind: "drop" }, 0],
  ["refused, which ends the connection", { kind: "error", error: "ServiceUnavailable" }, 0],
] as const)("a struck message is %s", async (_how, effect, kept) => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await struck(bed, { where: { point: "publish", operation: "telemetry" }, effect });
  expect(await peer.next()).toBeUndefined();
  expect(await bed.events("d")).toHaveLength(kept);
});

test("a message that a fault loses is acknowledged and not stored", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await struck(bed, { where: { point: "publish" }, effect: { kind: "lose" } });
  await peer.expect("puback");
  expect(await bed.events("d")).toEqual([]);
});

test("the fault silence answers nothing, and the connection goes on", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await struck(bed, { where: { point: "publish" }, effect: { kind: "silence" } });
  await peer.ping();
  peer.send(event());
  await peer.expect("puback");
  expect(await bed.events("d")).toHaveLength(1);
});

test("a late message is late", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await struck(bed, { where: { point: "publish" }, effect: { kind: "delay", ms: 60_000 } });
  await peer.ping();
  expect(await bed.events("d")).toEqual([]);
  bed.hub.clock.advance(60_000);
  await peer.expect("puback");
  expect(await bed.events("d")).toHaveLength(1);
});

test("a cloud-to-device message that a fault strikes comes late, or cuts the connection and comes again", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d", { clean: false });
  peer.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "devices/d/messages/devicebound/#", qos: 1 }] });
  await peer.expect("suback");
  const where = { point: "deliver", operation: "cloudToDevice" } as const;
  bed.hub.faults.add({ times: 1, where, effect: { kind: "delay", ms: 60_000 } });
  await bed.hub.deviceQueues.enqueue("d", { body: Buffer.from("late"), properties: new Map() });
  await peer.ping();
  bed.hub.clock.advance(60_000);
  const late = await peer.expect("publish");
  peer.send({ cmd: "puback", messageId: late.messageId ?? 0 });
  await peer.ping();
  bed.hub.faults.add({ times: 1, where, effect: { kind: "drop" } });
  await bed.hub.deviceQueues.enqueue("d", { body: Buffer.from("cut"), properties: new Map() });
  expect(await peer.next()).toBeUndefined();
  const again = await bed.connect("d", { clean: false });
  expect((await again.expect("publish")).payload.toString()).toBe("cut");
});

const ASKED = "AzIoTHub_FaultOperation";

test.each(["ShutDownMqtt", "KillTcp", "Auth"])("a device that asks for %s gets it when it is due", async (type) => {
  await using bed = await startTestBed({ devices: ["d"] });
  bed.hub.clock.freeze();
  const peer = await bed.connect("d");
  peer.send(event(`${ASKED}Type=${type}&${ASKED}DelayInSecs=5&${ASKED}CloseReason=byTest`));
  await peer.expect("puback");
  bed.hub.clock.advance(4_999);
  await peer.ping();
  bed.hub.clock.advance(1);
  expect(await peer.next()).toBeUndefined();
  expect(bed.endings).toMatchObject([{ clientId: "d", reason: { message: `The device asked for ${type}: byTest.` } }]);
});

test("without a delay an in-band fault strikes after the message is acknowledged", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d");
  peer.send(event(`${ASKED}Type=KillTcp`));
  await peer.expect("puback");
  await peer.over;
  expect(await bed.events("d")).toHaveLength(1);
});

test.each([
  ["Throttle", 429],
  ["QuotaExceeded", 403],
])(
  "%s refuses for as long as was asked: twins by an answer, messages by the end of the connection",
  async (type, status) => {
    await using bed = await startTestBed({ devices: ["d"] });
    bed.hub.clock.freeze();
    const peer = await bed.connect("d");
    peer.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: "$iothub/twin/res/#", qos: 0 }] });
    await peer.expect("suback");
    const get: IPublishPacket = { ...event(), topic: "$iothub/twin/GET/?$rid=1", qos: 0 };
    peer.send(event(`${ASKED}Type=${type}&${ASKED}DurationInSecs=10`));
    await peer.expect("puback");
    await peer.ping();
    peer.send(get);
    expect((await peer.expect("publish")).topic).toBe(`$iothub/twin/res/${status}/?$rid=1`);
    bed.hub.clock.advance(10_000);
    peer.send(get);
    expect((await peer.expect("publish")).topic).toBe("$iothub/twin/res/200/?$rid=1");
    peer.send(event(`${ASKED}Type=${type}&${ASKED}DurationInSecs=10`));
    await peer.expect("puback");
    await peer.ping();
    peer.send(event());
    expect(await peer.next()).toBeUndefined();
  },
);
