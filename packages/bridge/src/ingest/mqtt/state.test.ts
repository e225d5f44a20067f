/** States of devices on their topics: MQTT.js and packets made by mqtt-packet are the device. */
import type { IPublishPacket } from "mqtt-packet";
import { expect, test } from "vitest";
import { DEVICE, openDoor, OTHER } from "./testing/door-under-test.ts";
import type { DoorUnderTest, Peer } from "./testing/door-under-test.ts";

const DESIRED = `devices/${DEVICE}/state/desired`;
const REPORTED: IPublishPacket = {
  cmd: "publish",
  topic: `devices/${DEVICE}/state/reported`,
  payload: '{"fan":{"speed":3}}',
  qos: 1,
  messageId: 7,
  dup: false,
  retain: false,
};

/** A peer that listens to the topic, and has been told nothing yet. */
async function listening(bed: DoorUnderTest, qos: 0 | 1 = 1, topic = DESIRED): Promise<Peer> {
  const peer = await bed.connect();
  peer.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos }] });
  await peer.expect("suback");
  return peer;
}

/** Nothing of states is read or written until the result is called. */
function holdFlush(bed: DoorUnderTest): () => void {
  let flush: (() => void) | undefined;
  bed.states.flush = new Promise((resolve) => (flush = resolve));
  return () => flush?.();
}

async function told(
  peer: Peer,
): Promise<{ readonly topic: string; readonly messageId: number; readonly body: unknown }> {
  const { topic, messageId, payload } = await peer.expect("publish");
  return { topic, messageId: messageId ?? 0, body: JSON.parse(payload.toString()) };
}

test.each([4, 5] as const)(
  "protocol %i: a device that listens is told the whole of what is desired, and again with each change",
  async (protocolVersion) => {
    await using bed = await openDoor();
    bed.states.desire({ fan: { speed: 3 } });
    const client = await bed.client({ protocolVersion });
    const messages: [string, unknown][] = [];
    let wake: (() => void) | undefined;
    client.on("message", (topic, payload) => {
      messages.push([topic, JSON.parse(payload.toString())]);
      wake?.();
    });
    const received = async (count: number): Promise<void> => {
      while (messages.length < count) await new Promise<void>((resolve) => (wake = resolve));
    };
    await client.subscribeAsync(DESIRED, { qos: 1 });
    await received(1);
    bed.states.desire({ fan: { speed: 3 }, lamp: true });
    await received(2);
    bed.states.desire({ other: 1 }, OTHER);
    bed.states.desire({});
    await received(3);
    expect(messages).toEqual([
      [DESIRED, { fan: { speed: 3 }, $version: 1 }],
      [DESIRED, { fan: { speed: 3 }, lamp: true, $version: 2 }],
      [DESIRED, { $version: 3 }],
    ]);
  },
);

test("who does not listen is told nothing, and nobody asks for it", async () => {
  await using bed = await openDoor();
  bed.states.desire({ a: 1 });
  const peer = await listening(bed, 1, `devices/${DEVICE}/commands/#`);
  bed.states.desire({ a: 2 });
  await peer.ping();
  expect(bed.states.asked).toBe(0);
});

test("of whom nothing was ever desired is told nothing until something is", async () => {
  await using bed = await openDoor();
  const peer = await listening(bed, 0, `devices/${DEVICE}/#`);
  await peer.ping();
  bed.states.desire({ a: 1 });
  expect(await told(peer)).toMatchObject({ topic: DESIRED, body: { a: 1, $version: 1 } });
});

test("a device that comes back to its session is told without asking", async () => {
  await using bed = await openDoor();
  const session = { clean: false, clientId: "kept" };
  const first = await bed.connect(DEVICE, session);
  first.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: DESIRED, qos: 0 }] });
  await first.expect("suback");
  first.send({ cmd: "disconnect" });
  await first.over;
  bed.states.desire({ a: 1 });
  const again = await bed.connect(DEVICE, session);
  expect(await told(again)).toMatchObject({ body: { a: 1, $version: 1 } });
});

test("what changes while a message is under way follows it, the newest alone", async () => {
  await using bed = await openDoor();
  const peer = await listening(bed);
  for (let n = 1; n <= 5; n++) bed.states.desire({ n });
  const first = await told(peer);
  expect(first.body).toEqual({ n: 1, $version: 1 });
  await peer.ping();
  peer.send({ cmd: "puback", messageId: first.messageId });
  const second = await told(peer);
  expect(second.body).toEqual({ n: 5, $version: 5 });
  peer.send({ cmd: "puback", messageId: second.messageId });
  await peer.ping();
});

test("a device that owes too many acknowledgements is told as soon as it pays one", async () => {
  await using bed = await openDoor({ limits: { maxOutbound: 1 } });
  const peer = await listening(bed, 1, `devices/${DEVICE}/#`);
  const command = bed.door.links.command(DEVICE, "hook", Buffer.from("{}"));
  const { messageId } = await told(peer);
  bed.states.desire({ a: 1 });
  await peer.ping();
  peer.send({ cmd: "puback", messageId });
  expect(await told(peer)).toMatchObject({ topic: DESIRED, body: { a: 1 } });
  expect(await command).toBe(true);
});

test("what was read before a change is not sent after it", async () => {
  await using bed = await openDoor();
  bed.states.desire({ n: 1 });
  const flush = holdFlush(bed);
  const peer = await listening(bed, 0);
  bed.states.desire({ n: 2 });
  expect((await told(peer)).body).toEqual({ n: 2, $version: 2 });
  flush();
  await peer.ping();
});

test("however often a device asks, one read is under way", async () => {
  await using bed = await openDoor();
  bed.states.desire({ n: 1 });
  const flush = holdFlush(bed);
  const peer = await listening(bed, 0);
  for (let messageId = 2; messageId < 50; messageId++) {
    peer.send({ cmd: "subscribe", messageId, subscriptions: [{ topic: DESIRED, qos: 0 }] });
    await peer.expect("suback");
  }
  expect(bed.states.asked).toBe(1);
  flush();
  await told(peer);
  await told(peer);
  await peer.ping();
  expect(bed.states.asked).toBe(2);
});

test.each([4, 5] as const)("protocol %i: a report is acknowledged when it is on disk", async (protocolVersion) => {
  await using bed = await openDoor();
  const flush = holdFlush(bed);
  const peer = await bed.connect(DEVICE, { protocolVersion });
  peer.send(REPORTED, { ...REPORTED, qos: 0, payload: '{"fan":null}' });
  await peer.ping();
  flush();
  expect(await peer.expect("puback")).toMatchObject({ messageId: 7 });
  expect(bed.states.reported).toEqual([
    { deviceId: DEVICE, patch: { fan: { speed: 3 } } },
    { deviceId: DEVICE, patch: { fan: null } },
  ]);
});

test("a report of QoS 2 that comes twice is one report", async () => {
  await using bed = await openDoor();
  const peer = await bed.connect();
  for (const dup of [false, true]) {
    peer.send({ ...REPORTED, qos: 2, dup });
    await peer.expect("pubrec");
  }
  peer.send({ cmd: "pubrel", messageId: 7 });
  await peer.expect("pubcomp");
  expect(bed.states.reported).toHaveLength(1);
});

test.each<[string, string | Buffer, RegExp]>([
  ["text", "on", /JSON object/],
  ["nothing", "", /JSON object/],
  ["a list", "[1]", /JSON object/],
  ["null", "null", /JSON object/],
  ["bytes that are no text", Buffer.from([0x7b, 0xff, 0x7d]), /UTF-8/],
  ["an object in eleven objects", `${'{"a":'.repeat(12)}1${"}".repeat(12)}`, /10 levels/],
  ["lists in lists", `{"a":${"[".repeat(30_000)}${"]".repeat(30_000)}}`, /10 levels/],
  ["what no twin could hold", '{"too big":1}', /too big: a twin cannot/],
])("%s is no report: MQTT 5 hears why, MQTT 3.1.1 is disconnected", async (_what, payload, reason) => {
  await using bed = await openDoor();
  const five = await bed.connect(DEVICE, { protocolVersion: 5 });
  five.send({ ...REPORTED, payload });
  const { reasonCode, properties } = await five.expect("puback");
  expect(reasonCode).toBe(0x99);
  expect(properties?.reasonString).toMatch(reason);
  // The connection goes on.
  five.send(REPORTED);
  expect(await five.expect("puback")).toMatchObject({ reasonCode: 0 });
  const four = await bed.connect(OTHER);
  four.send({ ...REPORTED, topic: `devices/${OTHER}/state/reported`, payload });
  expect(await four.rest()).toEqual([]);
  expect(bed.states.reported).toHaveLength(1);
  expect(bed.log.filter(({ name }) => name === "mqtt.refused")).toHaveLength(2);
});

test("a report that is a whole packet is taken", async () => {
  await using bed = await openDoor();
  const peer = await bed.connect();
  peer.send({ ...REPORTED, payload: JSON.stringify({ a: "x".repeat(65_000) }) });
  await peer.expect("puback");
  expect(bed.states.reported).toHaveLength(1);
});

test("names that JavaScript knows are names like any other", async () => {
  await using bed = await openDoor();
  const peer = await bed.connect();
  peer.send({ ...REPORTED, payload: '{"__proto__":{"polluted":1},"constructor":{"prototype":{"polluted":1}}}' });
  await peer.expect("puback");
  expect(({} as Record<string, unknown>)["polluted"]).toBeUndefined();
  expect(Object.keys(bed.states.reported[0]!.patch)).toEqual(["__proto__", "constructor"]);
});

test("reports count for the device's rate", async () => {
  let asked = 0;
  await using bed = await openDoor({ rate: { take: () => ((asked += 1), 0) } });
  const peer = await bed.connect();
  peer.send(REPORTED, { ...REPORTED, topic: `devices/${DEVICE}/events/t`, messageId: 8 });
  await peer.expect("puback");
  await peer.expect("puback");
  expect(asked).toBe(2);
});

test("a report that cannot be kept is not acknowledged, and nothing behind it is taken", async () => {
  await using bed = await openDoor();
  bed.states.isBroken = true;
  const peer = await bed.connect(DEVICE, { protocolVersion: 5 });
  peer.send(REPORTED);
  expect(await peer.expect("disconnect")).toMatchObject({ reasonCode: 0x89 });
  await peer.over;
});

test("another device's state is neither heard nor told, nor one's own desired state", async () => {
  await using bed = await openDoor();
  const peer = await bed.connect(DEVICE, { protocolVersion: 5 });
  const topic = `devices/${OTHER}/state/desired`;
  peer.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic, qos: 0 }] });
  expect(await peer.expect("suback")).toMatchObject({ granted: [0x87] });
  peer.send({ ...REPORTED, topic: `devices/${OTHER}/state/reported` });
  expect(await peer.expect("puback")).toMatchObject({ reasonCode: 0x87 });
  peer.send({ ...REPORTED, topic: DESIRED });
  expect(await peer.expect("puback")).toMatchObject({ reasonCode: 0x90 });
  expect(bed.states.reported).toEqual([]);
});

test("a server that keeps no states says so", async () => {
  await using bed = await openDoor({ keepsStates: false });
  const peer = await bed.connect(DEVICE, { protocolVersion: 5 });
  peer.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: DESIRED, qos: 0 }] });
  await peer.expect("suback");
  peer.send(REPORTED);
  expect(await peer.expect("puback")).toMatchObject({
    reasonCode: 0x90,
    properties: { reasonString: expect.stringMatching(/keeps no states/) as string },
  });
});
