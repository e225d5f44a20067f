/** Events from devices, by MQTT.js and by hand: what is acknowledged, when, and how no is said. */
import { ErrorWithReasonCode } from "mqtt";
import type { IPublishPacket } from "mqtt-packet";
import { expect, test } from "vitest";
import { DEVICE, openDoor, OTHER } from "./testing/door-under-test.ts";

const EVENTS = `devices/${DEVICE}/events`;

function publish(change: Partial<IPublishPacket> = {}): IPublishPacket {
  return {
    cmd: "publish",
    topic: `${EVENTS}/t`,
    payload: "1",
    qos: 1,
    messageId: 1,
    dup: false,
    retain: false,
    ...change,
  };
}

function gate(): { readonly wait: Promise<void>; readonly open: () => void } {
  let open = (): void => undefined;
  const wait = new Promise<void>((resolve) => (open = resolve));
  return { wait, open };
}

test.each([4, 5] as const)(
  "MQTT.js with protocol %i publishes, and the event is the device's",
  async (protocolVersion) => {
    await using bed = await openDoor();
    const client = await bed.client({ protocolVersion });
    await client.publishAsync(`${EVENTS}/weather/temperature`, "21.5", { qos: 1 });
    await client.publishAsync(`${EVENTS}/weather/quiet`, "", { qos: 2 });
    await client.publishAsync(`${EVENTS}/weather/fast`, "x", { qos: 0 });
    await client.endAsync();
    expect(bed.taken.map(({ name, data, device, productId }) => [name, data, device?.id, productId])).toEqual([
      ["weather/temperature", "21.5", DEVICE, 7],
      ["weather/quiet", null, DEVICE, 7],
      ["weather/fast", "x", DEVICE, 7],
    ]);
  },
);

test("no PUBACK leaves before the store has flushed", async () => {
  await using bed = await openDoor();
  const { wait, open } = gate();
  bed.flush = wait;
  const peer = await bed.connect();
  peer.send(publish(), publish({ messageId: 2, qos: 2 }));
  // Whatever would have been sent for them would come before the answer to this.
  await peer.ping();
  await expect.poll(() => bed.taken.length).toBe(2);
  await peer.ping();
  open();
  expect(await peer.expect("puback")).toMatchObject({ messageId: 1 });
  expect(await peer.expect("pubrec")).toMatchObject({ messageId: 2 });
});

test("acknowledgements leave in the order of the events, whichever is flushed first", async () => {
  await using bed = await openDoor();
  const first = gate();
  bed.flush = first.wait;
  const peer = await bed.connect();
  peer.send(publish({ messageId: 1 }));
  await expect.poll(() => bed.taken.length).toBe(1);
  bed.flush = null;
  peer.send(publish({ messageId: 2 }), publish({ messageId: 3 }));
  await expect.poll(() => bed.taken.length).toBe(3);
  await peer.ping();
  first.open();
  for (const messageId of [1, 2, 3]) expect(await peer.expect("puback")).toMatchObject({ messageId });
});

test("several events of a device are under way at once, in order; beyond the limit the socket is not read", async () => {
  await using bed = await openDoor({ limits: { maxInFlight: 5 } });
  const { wait, open } = gate();
  bed.flush = wait;
  const peer = await bed.connect();
  peer.send(...Array.from({ length: 12 }, (_, i) => publish({ messageId: i + 1, payload: String(i) })), {
    cmd: "pingreq",
  });
  await expect.poll(() => bed.taken.length).toBe(5);
  open();
  const said = [];
  while (said.length < 13) said.push(await peer.next());
  expect(said.flatMap((packet) => (packet?.cmd === "puback" ? [packet.messageId] : []))).toEqual(
    Array.from({ length: 12 }, (_, i) => i + 1),
  );
  expect(bed.taken.map(({ data }) => Number(data))).toEqual(Array.from({ length: 12 }, (_, i) => i));
});

test.each([4, 5] as const)(
  "protocol %i: a store that takes nothing ends the connection without PUBACK",
  async (protocolVersion) => {
    await using bed = await openDoor();
    bed.isFull = true;
    const peer = await bed.connect(DEVICE, { protocolVersion });
    peer.send(publish());
    const said = await peer.rest();
    expect(said).toMatchObject(
      protocolVersion === 5
        ? [{ cmd: "disconnect", reasonCode: 0x89, properties: { reasonString: "The disk is full." } }]
        : [],
    );
    bed.isFull = false;
    const again = await bed.connect(DEVICE, { protocolVersion });
    again.send(publish({ dup: true }));
    await again.expect("puback");
  },
);

test("a message of QoS 2 is taken once, however often it comes before its release, on a later connection too", async () => {
  await using bed = await openDoor();
  const peer = await bed.connect(DEVICE, { clean: false });
  peer.send(publish({ qos: 2, messageId: 9 }));
  await peer.expect("pubrec");
  peer.socket.destroy();
  const again = await bed.connect(DEVICE, { clean: false });
  again.send(publish({ qos: 2, messageId: 9, dup: true }));
  await again.expect("pubrec");
  again.send({ cmd: "pubrel", messageId: 9 });
  await again.expect("pubcomp");
  expect(bed.taken).toHaveLength(1);
  again.send(publish({ qos: 2, messageId: 9 }));
  await again.expect("pubrec");
  expect(bed.taken).toHaveLength(2);
});

test("identifiers of QoS 2 that are never released end the connection", async () => {
  await using bed = await openDoor({ limits: { maxInFlight: 3 } });
  const peer = await bed.connect(DEVICE, { protocolVersion: 5 });
  for (const messageId of [1, 2, 3]) {
    peer.send(publish({ qos: 2, messageId }));
    await peer.expect("pubrec");
  }
  peer.send(publish({ qos: 2, messageId: 4 }));
  expect(await peer.rest()).toMatchObject([{ cmd: "disconnect", reasonCode: 0x93 }]);
});

const REFUSED: readonly (readonly [
  what: string,
  change: Partial<IPublishPacket>,
  reasonCode: number,
  reason: RegExp,
])[] = [
  ["another device's topic", { topic: `devices/${OTHER}/events/t` }, 0x87, /below devices\/0123/],
  ["the server's own topics", { topic: "$SYS/broker/uptime" }, 0x87, /below devices/],
  ["a topic that means nothing", { topic: `devices/${DEVICE}/weather` }, 0x90, /Events go to/],
  ["a topic of eleven levels", { topic: `${EVENTS}/1/2/3/4/5/6/7/8` }, 0x90, /more than 10 levels/],
  ["a topic of 257 bytes", { topic: `${EVENTS}/`.padEnd(257, "x") }, 0x90, /more than 256 bytes/],
  ["an event without a name", { topic: `${EVENTS}/` }, 0x90, /name must not be empty/],
  ["a reserved event name", { topic: `${EVENTS}/spark/status` }, 0x90, /reserved/],
  ["data of 1025 bytes", { payload: "x".repeat(1025) }, 0x99, /at most 1024 bytes/],
  ["a description that is none", { topic: `devices/${DEVICE}/describe`, payload: "[]" }, 0x99, /JSON object/],
];

test.each(REFUSED)("MQTT 5 says no to %s and goes on", async (_what, change, reasonCode, reason) => {
  await using bed = await openDoor();
  const peer = await bed.connect(DEVICE, { protocolVersion: 5 });
  peer.send(publish(change), publish({ messageId: 2 }));
  const puback = await peer.expect("puback");
  expect(puback).toMatchObject({ messageId: 1, reasonCode });
  expect(puback.properties?.reasonString).toMatch(reason);
  expect(await peer.expect("puback")).toMatchObject({ messageId: 2, reasonCode: 0 });
  expect(bed.log.filter(({ name }) => name === "mqtt.refused")).toMatchObject([
    { level: "warn", fields: { deviceId: DEVICE } },
  ]);
});

test.each(REFUSED)("MQTT 3.1.1 ends at %s, and nothing behind it is taken", async (_what, change) => {
  await using bed = await openDoor();
  const peer = await bed.connect();
  peer.send(publish({ messageId: 5 }), publish(change), publish({ messageId: 2 }));
  expect(await peer.rest()).toMatchObject([{ cmd: "puback", messageId: 5 }]);
  expect(bed.taken).toHaveLength(1);
});

test("what MQTT 5 cannot refuse by an acknowledgement ends the connection with a reason", async () => {
  await using bed = await openDoor();
  const peer = await bed.connect(DEVICE, { protocolVersion: 5 });
  peer.send(publish({ topic: `devices/${OTHER}/events/t`, qos: 0 }));
  expect(await peer.rest()).toMatchObject([{ cmd: "disconnect", reasonCode: 0x87 }]);
});

test("a client that wants no explanations gets none", async () => {
  await using bed = await openDoor();
  const properties = { requestProblemInformation: false };
  const peer = await bed.connect(DEVICE, { protocolVersion: 5, properties });
  peer.send(publish({ payload: "x".repeat(2000) }));
  expect((await peer.expect("puback")).properties).toBeUndefined();
});

test("MQTT.js hears why an event is refused", async () => {
  await using bed = await openDoor();
  const client = await bed.client({ protocolVersion: 5 });
  const refusal: unknown = await client
    .publishAsync(`${EVENTS}/t`, "x".repeat(1025), { qos: 1 })
    .catch((error: unknown) => error);
  expect(refusal).toBeInstanceOf(ErrorWithReasonCode);
  expect((refusal as ErrorWithReasonCode).code).toBe(0x99);
});

test("a retained message is an event like any other in 3.1.1, and refused in 5, which was told so", async () => {
  await using bed = await openDoor();
  const old = await bed.connect();
  old.send(publish({ retain: true }));
  await old.expect("puback");
  const peer = await bed.open();
  peer.send(bed.connectPacket(OTHER, { protocolVersion: 5 }));
  expect(await peer.expect("connack")).toMatchObject({ reasonCode: 0, properties: { retainAvailable: false } });
  peer.send(publish({ topic: `devices/${OTHER}/events/t`, retain: true }));
  expect(await peer.rest()).toMatchObject([{ cmd: "disconnect", reasonCode: 0x9a }]);
});

test("topic aliases stand for the topic they came with", async () => {
  await using bed = await openDoor();
  const client = await bed.client({
    protocolVersion: 5,
    autoAssignTopicAlias: true,
    properties: { topicAliasMaximum: 5 },
  });
  for (const data of ["1", "2", "3"]) await client.publishAsync(`${EVENTS}/aliased`, data, { qos: 1 });
  expect(bed.taken.map(({ name, data }) => `${name}=${data}`)).toEqual(["aliased=1", "aliased=2", "aliased=3"]);
  const peer = await bed.connect(OTHER, { protocolVersion: 5 });
  peer.send(publish({ topic: "", properties: { topicAlias: 11 } }));
  expect(await peer.rest()).toMatchObject([{ cmd: "disconnect", reasonCode: 0x94 }]);
});

test.each([
  ["text", Buffer.from("grüße"), undefined, "grüße", undefined],
  ["JSON", Buffer.from('{"a":1}'), "application/json", '{"a":1}', "application/json"],
  [
    "bytes that are no text",
    Buffer.from([0xff, 0]),
    undefined,
    "data:application/octet-stream;base64,/wA=",
    "application/octet-stream",
  ],
  ["a picture", Buffer.from("png"), "image/png", "data:image/png;base64,cG5n", "image/png"],
  [
    "text in another encoding",
    Buffer.from([0xe9]),
    "text/plain;charset=latin1",
    "data:text/plain;base64,6Q==",
    "text/plain;charset=latin1",
  ],
])("%s becomes data", async (_what, payload, contentType, data, takenType) => {
  await using bed = await openDoor();
  const client = await bed.client({ protocolVersion: 5 });
  await client.publishAsync(`${EVENTS}/t`, payload, {
    qos: 1,
    properties: contentType === undefined ? {} : { contentType },
  });
  expect(bed.taken[0]).toMatchObject({ data, ...(takenType !== undefined && { contentType: takenType }) });
});

test("user properties give the event a name of its own and its time", async () => {
  await using bed = await openDoor();
  const client = await bed.client({ protocolVersion: 5 });
  const userProperties = { id: "reading-7", published_at: "2026-03-01T12:00:00.000Z" };
  await client.publishAsync(`${EVENTS}/t`, "1", { qos: 1, properties: { userProperties } });
  expect(bed.taken[0]).toMatchObject({ dedupeKey: "reading-7", publishedAt: Date.parse("2026-03-01T12:00:00.000Z") });
});

test.each([
  ["a payload that is said to be text and is not", { payloadFormatIndicator: true }, Buffer.from([0xff])],
  ["a content type that is none", { contentType: "no type" }, Buffer.from("1")],
  ["a time that is none", { userProperties: { published_at: "yesterday" } }, Buffer.from("1")],
  ["two ids", { userProperties: { id: ["a", "b"] } }, Buffer.from("1")],
])("%s is refused", async (_what, properties, payload) => {
  await using bed = await openDoor();
  const peer = await bed.connect(DEVICE, { protocolVersion: 5 });
  peer.send(publish({ payload, properties }));
  expect(await peer.expect("puback")).toMatchObject({ reasonCode: 0x99 });
  expect(bed.taken).toEqual([]);
});
