/**
 * Peers that break the protocol, by accident or on purpose. The hub ends their connection and nothing else: it never fails
 * itself, never keeps what it was sent, and serves its other peers all the while. Set MQTT_MUTATIONS for a longer run.
 */
import { once } from "node:events";
import { connect as connectTcp } from "node:net";
import { Duplex, Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { generate } from "mqtt-packet";
import type { IPublishPacket, Packet } from "mqtt-packet";
import { expect, test } from "vitest";
import { memoryTaken } from "../testing/memory.ts";
import { startTestBed } from "./test-bed.ts";
import type { MqttPeer, TestBed } from "./test-bed.ts";

const MUTATIONS = Number(process.env["MQTT_MUTATIONS"] ?? 20_000);
const AT_ONCE = 50;
/** Bytes that a flood may take. */
const MOST = 32 << 20;

const TELEMETRY: IPublishPacket = {
  cmd: "publish",
  topic: "devices/d0/messages/events/%24.mid=1&a=b",
  payload: "hello",
  qos: 1,
  messageId: 1,
  dup: false,
  retain: false,
};

/** Everything a device says, one after the other. */
const SCRIPT: readonly Packet[] = [
  {
    cmd: "subscribe",
    messageId: 2,
    subscriptions: [
      { topic: "devices/d0/messages/devicebound/#", qos: 1 },
      { topic: "$iothub/twin/res/#", qos: 0 },
      { topic: "$iothub/methods/POST/#", qos: 0 },
    ],
  },
  TELEMETRY,
  { ...TELEMETRY, topic: "$iothub/twin/GET/?$rid=1", qos: 0 },
  { ...TELEMETRY, topic: "$iothub/twin/PATCH/properties/reported/?$rid=2", payload: '{"a":1}', qos: 0 },
  { ...TELEMETRY, topic: "$iothub/methods/res/200/?$rid=00", payload: "{}", qos: 0 },
  { cmd: "puback", messageId: 1 },
  { cmd: "pingreq" },
  { cmd: "unsubscribe", messageId: 3, unsubscriptions: ["$iothub/twin/res/#"] },
  { cmd: "disconnect" },
];

async function servesOthers(bed: TestBed): Promise<void> {
  const peer = await bed.connect("other");
  peer.send({ ...TELEMETRY, topic: "devices/other/messages/events/" });
  expect(await peer.expect("puback")).toMatchObject({ messageId: 1 });
  expect(bed.faults).toEqual([]);
}

/** What the hub says to these bytes until it closes. */
async function answers(peer: MqttPeer, bytes: Buffer): Promise<readonly string[]> {
  peer.send(bytes);
  const said: string[] = [];
  for (let packet = await peer.next(); packet !== undefined; packet = await peer.next()) said.push(packet.cmd);
  return said;
}

function hex(text: string): Buffer {
  return Buffer.from(text.replaceAll(" ", ""), "hex");
}

test.each([
  ["a remaining length of five bytes", hex("10 ff ff ff ff 7f"), /more than four bytes/],
  ["a CONNECT of 256 MB", hex("10 ff ff ff 7f"), /A packet has 26843/],
  ["HTTP", Buffer.from("GET / HTTP/1.1\r\n\r\n"), /must be CONNECT/],
  ["a TLS hello", hex("16 03 01 00 05 01 00 00 01 00"), /./],
  ["zeros", Buffer.alloc(64), /./],
  ["a CONNECT without anything", hex("10 00"), /protocolId/],
  ["a CONNECT with the reserved flag", hex("10 0c 00 04 4d 51 54 54 04 03 00 3c 00 00"), /flag bit 0/],
])("%s is no beginning", async (_what, bytes, reason) => {
  await using bed = await startTestBed({ devices: ["d0", "other"] });
  const peer = await bed.open();
  expect(await answers(peer, bytes)).toEqual([]);
  expect(bed.endings.map(({ reason: { message } }) => message)).toEqual([expect.stringMatching(reason)]);
  await servesOthers(bed);
});

test.each([
  ["CONNACK", hex("20 02 00 00")],
  ["SUBACK", hex("90 03 00 01 00")],
  ["PUBREC", hex("50 02 00 01")],
  ["PUBREL", hex("62 02 00 01")],
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
  ["PUBACK of three bytes", hex("40 03 00 01 00")],
  ["PINGREQ with a body", hex("c0 01 00")],
  ["DISCONNECT with a body", hex("e0 01 00")],
])("%s ends the connection", async (_what, bytes) => {
  await using bed = await startTestBed({ devices: ["d0", "other"] });
  const peer = await bed.connect("d0");
  expect(await answers(peer, bytes)).toEqual([]);
  expect(bed.endings).toMatchObject([{ clientId: "d0", reason: { name: "MqttError" } }]);
  await servesOthers(bed);
});

test("packets are read however they are cut", async () => {
  await using bed = await startTestBed({ devices: ["d0"] });
  const said = SCRIPT.filter(({ cmd }) => cmd !== "disconnect");
  const bytes = Buffer.concat([bed.connectPacket("d0"), ...said].map((packet) => generate(packet)));
  for (const size of [1, 2, 3, 7, 64, bytes.length]) {
    const peer = await bed.open();
    for (let at = 0; at < bytes.length; at += size) {
      peer.socket.write(bytes.subarray(at, at + size));
      if (size < 7) await new Promise(setImmediate);
    }
    const heard: string[] = [];
    while (heard.at(-1) !== "unsuback") heard.push((await peer.next())?.cmd ?? "the end");
    expect(heard.filter((cmd) => cmd !== "publish" && cmd !== "pingresp")).toEqual([
      "connack",
      "suback",
      "puback",
      "unsuback",
    ]);
    peer.send({ cmd: "disconnect" });
    await peer.over;
  }
  expect(bed.endings).toEqual([]);
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
  const devices = Array.from({ length: AT_ONCE }, (_, i) => `d${i}`);
  await using bed = await startTestBed({ devices: [...devices, "other"], hub: { eventMemoryBytes: 1 << 20 } });
  const random = generator(4711);
  const scripts = devices.map((deviceId) => {
    const connect = generate(bed.connectPacket(deviceId, { clean: false }));
    const rest = SCRIPT.map((packet) =>
      generate(packet).toString("latin1").replaceAll("devices/d0/", `devices/${deviceId}/`),
    );
    // Ids of two digits make packets a byte longer than their header says, which is a mutation of its own.
    return {
      connect: connect.length,
      bytes: Buffer.concat([connect, ...rest.map((text) => Buffer.from(text, "latin1"))]),
    };
  });
  const converse = async (script: (typeof scripts)[number]): Promise<void> => {
    const bytes = Buffer.from(script.bytes);
    const start = random(2) === 0 ? 0 : script.connect;
    for (let i = random(6); i >= 0; i--) bytes[start + random(bytes.length - start)] = random(256);
    const end = random(4) === 0 ? random(bytes.length) : bytes.length;
    const cut = random(end + 1);
    const line = new Line();
    const over = once(line, "close");
    bed.front.accept(line, { certificates: [] });
    line.push(bytes.subarray(0, cut));
    line.push(bytes.subarray(cut, end));
    line.push(null);
    await over;
  };
  for (let i = 0; i < MUTATIONS; i += AT_ONCE) await Promise.all(scripts.map(converse));
  expect(bed.front.connections).toBe(0);
  expect(bed.hub.connections.count).toBe(0);
  expect(bed.hub.sessions.size).toBeLessThanOrEqual(AT_ONCE);
  await servesOthers(bed);
});

test("a flood of garbage does not grow memory", { timeout: 120_000 }, async () => {
  await using bed = await startTestBed({ devices: ["d0", "other"] });
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
  const connect = generate(bed.connectPacket("d0"));
  const pings = Buffer.concat(Array.from({ length: 32_000 }, () => hex("c0 00")));
  expect(await flood(Buffer.alloc(0), Buffer.alloc(1 << 16, 0x5a), 64 << 20)).toBeLessThan(MOST);
  expect(await flood(connect, Buffer.alloc(1 << 16, 0xff), 64 << 20)).toBeLessThan(MOST);
  expect(await flood(connect, pings, 4 << 20)).toBeLessThan(MOST);
  await servesOthers(bed);
});
