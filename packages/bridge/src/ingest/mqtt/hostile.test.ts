/**
 * Peers that break the protocol, by accident or on purpose. Their connection ends and nothing else: the server never fails,
 * never keeps what it was sent, and serves its other devices all the while. Set MQTT_INGEST_MUTATIONS for a longer run.
 */
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { generate } from "mqtt-packet";
import type { IPublishPacket, Packet } from "mqtt-packet";
import { expect, test } from "vitest";
import { memoryTaken } from "../../testing/memory.ts";
import { DEVICE, openDoor, OTHER } from "./testing/door-under-test.ts";
import type { DoorUnderTest } from "./testing/door-under-test.ts";

const MUTATIONS = Number(process.env["MQTT_INGEST_MUTATIONS"] ?? 10_000);
const AT_ONCE = 25;
/** Bytes that a flood may take. */
const MOST = 32 << 20;

const EVENT: IPublishPacket = {
  cmd: "publish",
  topic: `devices/${DEVICE}/events/t`,
  payload: "hello",
  qos: 1,
  messageId: 1,
  dup: false,
  retain: false,
};

/** Everything that a device says, one after the other. */
const SCRIPT: readonly Packet[] = [
  { cmd: "subscribe", messageId: 2, subscriptions: [{ topic: `devices/${DEVICE}/commands/#`, qos: 1 }] },
  EVENT,
  { ...EVENT, qos: 2, messageId: 5 },
  { cmd: "pubrel", messageId: 5 },
  { ...EVENT, topic: `devices/${DEVICE}/describe`, payload: '{"functions":["f"],"variables":{"v":"int32"}}' },
  { ...EVENT, topic: `devices/${DEVICE}/responses/00`, payload: "1", qos: 0 },
  { cmd: "subscribe", messageId: 4, subscriptions: [{ topic: `devices/${DEVICE}/state/desired`, qos: 1 }] },
  { ...EVENT, topic: `devices/${DEVICE}/state/reported`, payload: '{"fan":{"speed":null},"__proto__":{"a":1}}' },
  { cmd: "puback", messageId: 1 },
  { cmd: "pingreq" },
  { cmd: "unsubscribe", messageId: 3, unsubscriptions: [`devices/${DEVICE}/commands/#`] },
  { cmd: "disconnect" },
];
/** The same, with all that MQTT 5 adds. */
const SCRIPT_5: readonly Packet[] = [
  {
    ...EVENT,
    properties: {
      topicAlias: 1,
      contentType: "application/json",
      payloadFormatIndicator: true,
      messageExpiryInterval: 60,
      responseTopic: "a",
      correlationData: Buffer.from("b"),
      userProperties: { id: "1", published_at: "2026-03-01T12:00:00Z" },
    },
  },
  { ...EVENT, topic: "", messageId: 2, properties: { topicAlias: 1 } },
  ...SCRIPT,
];

async function servesOthers(bed: DoorUnderTest): Promise<void> {
  const peer = await bed.connect(OTHER);
  peer.send({ ...EVENT, topic: `devices/${OTHER}/events/t` });
  expect(await peer.expect("puback")).toMatchObject({ messageId: 1 });
  expect(bed.log.filter(({ level }) => level === "error")).toEqual([]);
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

test.each([
  ["a remaining length of five bytes", hex("10 ff ff ff ff 7f")],
  ["a CONNECT of 256 MB", hex("10 ff ff ff 7f")],
  ["a CONNECT of 16 KB and one byte", hex("10 fe 7f")],
  ["HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n")],
  ["a TLS hello", hex("16 03 01 00 05 01 00 00 01 00")],
  ["zeros", Buffer.alloc(64)],
  ["a CONNECT without anything", hex("10 00")],
  ["a CONNECT with the reserved flag", hex("10 0c 00 04 4d 51 54 54 04 03 00 3c 00 00")],
  ["a CONNECT with a client id past its end", hex("10 0e 00 04 4d 51 54 54 04 02 00 3c ff ff 61 62")],
  ["a CONNECT with a property that is none", hex("10 0f 00 04 4d 51 54 54 05 02 00 3c 02 7f 00 00 00")],
  ["a PUBLISH", generate(EVENT)],
])("%s is no beginning", async (_what, bytes) => {
  await using bed = await openDoor();
  const peer = await bed.open();
  peer.send(bytes);
  expect(await peer.rest()).toEqual([]);
  await servesOthers(bed);
});

test.each([
  ["CONNECT again", "connect"],
  ["CONNACK", hex("20 02 00 00")],
  ["SUBACK", hex("90 03 00 01 00")],
  ["PUBREC", hex("50 02 00 01")],
  ["PINGRESP", hex("d0 00")],
  ["AUTH", hex("f0 00")],
  ["type 0", hex("00 00")],
  ["SUBSCRIBE with wrong flags", hex("80 06 00 01 00 01 61 00")],
  ["SUBSCRIBE without filters", hex("82 02 00 01")],
  ["SUBSCRIBE with id 0", hex("82 06 00 00 00 01 61 00")],
  ["SUBSCRIBE with QoS 3", hex("82 06 00 01 00 01 61 03")],
  ["UNSUBSCRIBE without filters", hex("a2 02 00 01")],
  ["PUBLISH with QoS 3", hex("36 05 00 01 61 00 01")],
  ["PUBLISH with id 0", hex("32 05 00 01 61 00 00")],
  ["PUBLISH without id", hex("32 03 00 01 61")],
  ["PUBLISH with a topic past its end", hex("30 04 00 ff 61 62")],
  ["PUBLISH without topic", hex("30 02 00 00")],
  ["PUBLISH with a zero in its topic", hex("30 04 00 02 61 00")],
  ["PUBLISH with a topic that is no UTF-8", hex("30 04 00 02 61 ff")],
  ["PUBLISH of QoS 0 as a duplicate", hex("38 03 00 01 61")],
  ["PUBLISH of 64 KB and one byte", hex("30 fe ff 03")],
  ["PUBACK of three bytes", hex("40 03 00 01 00")],
  ["PINGREQ with a body", hex("c0 01 00")],
  ["DISCONNECT with a body", hex("e0 01 00")],
])("%s ends the connection", async (_what, bytes) => {
  await using bed = await openDoor();
  const peer = await bed.connect();
  peer.send(typeof bytes === "string" ? bed.connectPacket() : bytes);
  expect(await peer.rest()).toEqual([]);
  await servesOthers(bed);
});

test.each([
  [
    "a subscription identifier",
    {
      cmd: "subscribe",
      messageId: 1,
      subscriptions: [{ topic: "a", qos: 0 }],
      properties: { subscriptionIdentifier: 1 },
    },
    0xa1,
  ],
  ["an alias for nothing", { ...EVENT, topic: "", properties: { topicAlias: 3 } }, 0x82],
  ["an alias of 0", hex("32 09 00 01 61 00 01 03 23 00 00"), 0x94],
  [
    "a session longer than asked at the beginning",
    { cmd: "disconnect", reasonCode: 0, properties: { sessionExpiryInterval: 5 } },
    0x82,
  ],
  ["a CONNECT again", "connect", 0x82],
  ["a packet that is too large", hex("30 fe ff 03"), 0x95],
  ["a property that is none", hex("30 06 00 01 61 02 7f 00"), 0x81],
] as const)("MQTT 5 is told of %s", async (_what, packet, reasonCode) => {
  await using bed = await openDoor();
  const peer = await bed.connect(DEVICE, { protocolVersion: 5 });
  if (packet === "connect") peer.send(generate(bed.connectPacket(DEVICE, { protocolVersion: 5 })));
  else peer.send(packet as Packet | Buffer);
  expect(await peer.rest()).toMatchObject([{ cmd: "disconnect", reasonCode }]);
  await servesOthers(bed);
});

test("packets are read however they are cut", async () => {
  await using bed = await openDoor();
  const said = SCRIPT.filter(({ cmd }) => cmd !== "disconnect");
  const bytes = Buffer.concat([bed.connectPacket(), ...said].map((packet) => generate(packet)));
  for (const size of [1, 2, 3, 7, 64, bytes.length]) {
    const peer = await bed.open();
    for (let at = 0; at < bytes.length; at += size) {
      peer.socket.write(bytes.subarray(at, at + size));
      if (size < 7) await new Promise(setImmediate);
    }
    const heard: string[] = [];
    while (heard.filter((cmd) => cmd === "puback").length < 3 || !heard.includes("unsuback")) {
      heard.push((await peer.next())?.cmd ?? "the end");
    }
    expect(heard.toSorted()).toEqual(
      ["connack", "pingresp", "puback", "puback", "puback", "pubcomp", "pubrec", "suback", "suback", "unsuback"].filter(
        (cmd) => heard.includes(cmd) || cmd !== "pingresp",
      ),
    );
    peer.socket.destroy();
  }
});

/** A connection without a network below it. */
class Line extends Duplex {
  override _read(): void {}
  override _write(_chunk: unknown, _encoding: string, done: () => void): void {
    done();
  }
}

function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

test(`${MUTATIONS} mutated conversations harm nobody`, { timeout: 1_800_000 }, async () => {
  await using bed = await openDoor({ limits: { connects: { intervalMs: 0, burst: 1 } } });
  bed.states.desire({ fan: { speed: 3 } });
  const random = generator(4711);
  const pristine = JSON.stringify(Object.getOwnPropertyNames(Object.prototype));
  const scripts = ([4, 5] as const).map((protocolVersion) => {
    const will = { topic: EVENT.topic, payload: "gone", qos: 1, retain: false } as const;
    const connect = generate(bed.connectPacket(DEVICE, { protocolVersion, clean: false, will }));
    const rest = (protocolVersion === 5 ? SCRIPT_5 : SCRIPT).map((packet) => generate(packet, { protocolVersion }));
    return { connect: connect.length, bytes: Buffer.concat([connect, ...rest]) };
  });
  const converse = async (): Promise<void> => {
    const script = scripts[random(scripts.length)]!;
    const bytes = Buffer.from(script.bytes);
    const start = random(2) === 0 ? 0 : script.connect;
    for (let i = random(6); i >= 0; i--) bytes[start + random(bytes.length - start)] = random(256);
    const end = random(4) === 0 ? random(bytes.length) : bytes.length;
    const cut = random(end + 1);
    const line = new Line();
    const over = once(line, "close");
    bed.door.accept(line, "192.0.2.1");
    line.push(bytes.subarray(0, cut));
    line.push(bytes.subarray(cut, end));
    line.push(null);
    await over;
  };
  for (let i = 0; i < MUTATIONS; i += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, converse));
  expect(bed.door.connections).toBe(0);
  expect(bed.door.links.link(DEVICE)).toBeNull();
  expect(JSON.stringify(Object.getOwnPropertyNames(Object.prototype))).toBe(pristine);
  for (const { device } of bed.taken) expect(device?.id).toBe(DEVICE);
  for (const { deviceId } of bed.states.reported) expect(deviceId).toBe(DEVICE);
  await servesOthers(bed);
});

test("a flood of garbage does not grow memory", { timeout: 120_000 }, async () => {
  await using bed = await openDoor();
  const flood = async (start: Buffer, piece: Buffer, bytes: number): Promise<number> => {
    const socket = connectTcp(bed.port, "127.0.0.1");
    socket.on("error", () => undefined).resume();
    return memoryTaken(async (look) => {
      async function* pieces(): AsyncIterable<Buffer> {
        yield start;
        for (let sent = 0; sent < bytes; sent += piece.length) {
          if (sent % (bytes / 4) < piece.length) await look();
          yield piece;
        }
      }
      // The server closes long before the end of it.
      await pipeline(Readable.from(pieces()), socket).catch(() => undefined);
    });
  };
  const connect = generate(bed.connectPacket());
  const pings = Buffer.concat(Array.from({ length: 32_000 }, () => hex("c0 00")));
  expect(await flood(Buffer.alloc(0), Buffer.alloc(1 << 16, 0x5a), 64 << 20)).toBeLessThan(MOST);
  expect(await flood(connect, Buffer.alloc(1 << 16, 0xff), 64 << 20)).toBeLessThan(MOST);
  expect(await flood(connect, pings, 4 << 20)).toBeLessThan(MOST);
  await servesOthers(bed);
});

test("a peer that does not read what it is sent is dropped", async () => {
  await using bed = await openDoor({ limits: { maxOutputBytes: 64 * 1024 } });
  const peer = await bed.connect();
  peer.send({ cmd: "subscribe", messageId: 1, subscriptions: [{ topic: `devices/${DEVICE}/commands/#`, qos: 0 }] });
  await peer.expect("suback");
  peer.socket.pause();
  let sent = 0;
  while (bed.door.connections > 0 && sent < 1_000) {
    await bed.door.links.command(DEVICE, "x", Buffer.alloc(60_000));
    sent += 1;
  }
  expect(sent).toBeLessThan(1_000);
  await servesOthers(bed);
});
