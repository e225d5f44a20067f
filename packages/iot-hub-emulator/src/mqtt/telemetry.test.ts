import type { IPublishPacket } from "mqtt-packet";
import { message as amqp } from "rhea";
import { expect, test } from "vitest";
import type { StoredEvent } from "../hub/events/event-stream.ts";
import { startTestBed } from "./test-bed.ts";
import type { MqttPeer } from "./test-bed.ts";

/** A stored event as another AMQP implementation reads it. */
function decoded(event: StoredEvent | undefined): Record<string, unknown> {
  if (event === undefined) throw new Error("no event");
  const { body, ...rest } = amqp.decode(event.message) as unknown as { body: { content: Buffer } };
  return { ...rest, body: body.content.toString() };
}

function event(topic: string, change: Partial<IPublishPacket> = {}): IPublishPacket {
  return { cmd: "publish", topic, payload: "hello", qos: 1, dup: false, retain: false, messageId: 1, ...change };
}

const TOPIC = "devices/d/messages/events/";

test("a message is acknowledged when it is in the stream, with its bag as properties", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d");
  peer.send(event(`${TOPIC}%24.mid=m%201&%24.cid=c&%24.ct=application%2Fjson&%24.ce=utf-8&level=high&a%26b=%C3%BC`));
  expect(await peer.expect("puback")).toMatchObject({ messageId: 1 });
  const events = await bed.events("d");
  expect(decoded(events[0])).toMatchObject({
    body: "hello",
    message_id: "m 1",
    correlation_id: "c",
    content_type: "application/json",
    content_encoding: "utf-8",
    application_properties: { level: "high", "a&b": "ü" },
    message_annotations: {
      "iothub-connection-device-id": "d",
      "iothub-message-source": "Telemetry",
      "iothub-connection-auth-method": expect.stringContaining('"scope":"device"') as string,
    },
  });
});

test("the bag may be missing, empty, or end in a slash", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d");
  for (const topic of ["devices/d/messages/events", TOPIC, `${TOPIC}a=1/`]) {
    peer.send(event(topic));
    await peer.expect("puback");
  }
  const properties = (await bed.events("d")).map((one) => decoded(one)["application_properties"]);
  expect(properties).toEqual([{}, {}, { a: "1" }]);
});

test("a retained message is not kept but marked", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d");
  peer.send(event(TOPIC, { retain: true }));
  await peer.expect("puback");
  expect(decoded((await bed.events("d"))[0])).toMatchObject({ application_properties: { "mqtt-retain": "true" } });
});

test("messages of both qualities of service keep their order, and acknowledgements theirs", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d");
  const count = 100;
  const packets = Array.from({ length: count }, (_, i) =>
    event(TOPIC, i % 3 === 0 ? { qos: 0, payload: String(i) } : { messageId: i, payload: String(i) }),
  );
  peer.send(...packets);
  for (const { messageId } of packets.filter(({ qos }) => qos === 1)) {
    expect(await peer.expect("puback")).toMatchObject({ messageId });
  }
  await peer.ping();
  const bodies = (await bed.events("d")).map((one) => decoded(one)["body"]);
  expect(bodies).toEqual(packets.map(({ payload }) => payload));
});

test("while sixteen messages wait for the hub no more are read", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const accepted: (() => void)[] = [];
  bed.hub.acceptTelemetry = () => new Promise<void>((resolve) => accepted.push(resolve));
  const peer = await bed.connect("d");
  peer.send(...Array.from({ length: 40 }, (_, i) => event(TOPIC, { messageId: i + 1 })));
  while (accepted.length < 16) await new Promise(setImmediate);
  for (let turn = 0; turn < 20; turn++) await new Promise(setImmediate);
  expect(accepted).toHaveLength(16);
  accepted[1]?.(); // the second may be kept first, but is acknowledged second
  accepted[0]?.();
  expect(await peer.expect("puback")).toMatchObject({ messageId: 1 });
  expect(await peer.expect("puback")).toMatchObject({ messageId: 2 });
  while (accepted.length < 18) await new Promise(setImmediate);
  expect(accepted).toHaveLength(18);
  for (let i = 2; i < 40; i++) {
    while (accepted[i] === undefined) await new Promise(setImmediate);
    accepted[i]?.();
  }
  for (let i = 3; i <= 40; i++) expect(await peer.expect("puback")).toMatchObject({ messageId: i });
});

test.each([
  ["QoS 2", event(TOPIC, { qos: 2 }), /QoS 2/],
  ["another device's topic", event("devices/e/messages/events/"), /may not publish/],
  ["a topic of its own making", event("my/topic"), /may not publish/],
  ["an unknown topic of the hub", event("$iothub/nothing/?$rid=1"), /may not publish/],
  ["a broken bag", event(`${TOPIC}a=%ZZ`), /percent-encoded/],
  ["more than 256 KB", event(TOPIC, { payload: Buffer.alloc(262_145) }), /262145 bytes/],
  ["more than 256 KB at QoS 0", event(TOPIC, { payload: Buffer.alloc(262_145), qos: 0 }), /262145 bytes/],
  ["a packet of a megabyte", event(TOPIC, { payload: Buffer.alloc(1_000_000) }), /A packet has 1000/],
])("%s ends the connection", async (_what, packet, reason) => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d");
  peer.send(packet);
  expect(await peer.next()).toBeUndefined();
  expect(bed.endings.map(({ reason: { message } }) => message)).toEqual([expect.stringMatching(reason)]);
  expect(await bed.events("d")).toEqual([]);
});

test("the largest message that a hub takes comes through", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d");
  peer.send(event(TOPIC, { payload: Buffer.alloc(262_144) }));
  expect(await peer.expect("puback")).toMatchObject({ messageId: 1 });
});

async function eventsOf(bed: Awaited<ReturnType<typeof startTestBed>>): Promise<Record<string, unknown>[]> {
  while ((await bed.events("d")).length === 0) await new Promise(setImmediate);
  return (await bed.events("d")).map(decoded);
}

const WILL = { topic: `${TOPIC}k=v`, payload: Buffer.from("gone"), qos: 1, retain: false } as const;

test("the will of a lost connection becomes a message", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d", { will: WILL });
  peer.destroy();
  expect(await eventsOf(bed)).toMatchObject([
    { body: "gone", application_properties: { k: "v", "iothub-MessageType": "Will" } },
  ]);
});

test("a client that disconnects properly leaves no will", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer: MqttPeer = await bed.connect("d", { will: WILL });
  peer.send({ cmd: "disconnect" });
  await peer.over;
  expect(await bed.events("d")).toEqual([]);
  expect(bed.endings).toEqual([]);
});

test("when the hub stops no wills are published", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d", { will: WILL });
  await bed.front.close();
  await peer.over;
  expect(await bed.events("d")).toEqual([]);
});

test("a will for another topic is refused with the connection", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.open();
  peer.send(bed.connectPacket("d", { will: { ...WILL, topic: "devices/e/messages/events/" } }));
  expect(await peer.next()).toMatchObject({ cmd: "connack", returnCode: 5 });
});

test("the creation time is an application property for those who read", async () => {
  await using bed = await startTestBed({ devices: ["d"] });
  const peer = await bed.connect("d");
  peer.send(event(`${TOPIC}%24.ctime=2026-01-02T03:04:05.678Z`));
  await peer.expect("puback");
  const application_properties = { "iothub-creation-time-utc": "2026-01-02T03:04:05.678Z" };
  expect(decoded((await bed.events("d"))[0])).toMatchObject({ application_properties });
});
