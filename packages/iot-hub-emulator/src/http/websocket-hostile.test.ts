/**
 * Frames of WebSocket that no honest peer sends, under both subprotocols: the connection ends and nothing else does. Set
 * WEBSOCKET_CASES for a longer run.
 */
import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { connect } from "node:tls";
import type { TLSSocket } from "node:tls";
import { Message } from "azure-iot-device";
import { generate } from "mqtt-packet";
import { expect, test } from "vitest";
import type { HubError } from "../hub/errors.ts";
import { generator, mutateBytes, pick } from "../testing/generator.ts";
import type { Random } from "../testing/generator.ts";
import { startLocalHub } from "../testing/local-hub.ts";
import type { LocalHub } from "../testing/local-hub.ts";
import { memoryInUse } from "../testing/memory.ts";
import { mqttDevice } from "../testing/mqtt-device.ts";

const CASES = Number(process.env["WEBSOCKET_CASES"] ?? 200);
const AT_ONCE = 20;

const OPCODES = [0x0, 0x1, 0x2, 0x8, 0x9, 0xa];

interface FrameOptions {
  readonly opcode?: number;
  readonly final?: boolean;
  readonly masked?: boolean;
  /** What the header says; default what there is. */
  readonly length?: bigint;
}

/** A frame as clients send it, its mask all zeros. RFC 6455, 5.2 */
function frame(payload: Uint8Array, { opcode = 0x2, final = true, masked = true, length }: FrameOptions = {}): Buffer {
  const size = length ?? BigInt(payload.length);
  const mask = masked ? 0x80 : 0;
  const start = [(final ? 0x80 : 0) | opcode];
  const header =
    size < 126n
      ? Buffer.from([...start, mask | Number(size)])
      : size < 65_536n
        ? Buffer.from([...start, mask | 126, Number(size >> 8n), Number(size & 0xffn)])
        : Buffer.concat([Buffer.from([...start, mask | 127]), bigEndian(size)]);
  return Buffer.concat([header, Buffer.alloc(masked ? 4 : 0), payload]);
}

function bigEndian(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64BE(value);
  return bytes;
}

function randomFrame(random: Random, payloads: readonly Buffer[]): Buffer {
  const payload = random(4) === 0 ? randomBytes(random(300)) : mutateBytes(random, pick(random, payloads));
  return frame(payload, {
    opcode: random(4) === 0 ? random(16) : pick(random, OPCODES),
    final: random(4) > 0,
    masked: random(20) > 0,
    ...(random(15) === 0 ? { length: BigInt(random(2 ** 31)) * BigInt(random(2 ** 31)) } : {}),
  });
}

const CONNECT = generate({
  cmd: "connect",
  protocolId: "MQTT",
  protocolVersion: 4,
  clean: true,
  clientId: "d",
  keepalive: 60,
  username: "localhost/d/?api-version=2021-04-12",
  password: Buffer.from("x"),
});
/** What may be inside, by subprotocol. */
const PAYLOADS = {
  mqtt: [CONNECT, Buffer.from([0xc0, 0])],
  AMQPWSB10: [Buffer.from("AMQP\x00\x01\x00\x00", "latin1"), Buffer.from("0000000802000000", "hex")],
} as const;
const SUBPROTOCOLS = Object.keys(PAYLOADS) as (keyof typeof PAYLOADS)[];

/** A socket that is a WebSocket by now. */
async function upgraded({ addresses }: LocalHub, subprotocol: string): Promise<TLSSocket> {
  const socket = connect({ host: "127.0.0.1", port: addresses.httpsPort, ca: addresses.ca, servername: "localhost" });
  socket.on("error", () => undefined);
  await once(socket, "secureConnect");
  socket.write(
    "GET /$iothub/websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n" +
      "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n" +
      `Sec-WebSocket-Protocol: ${subprotocol}\r\n\r\n`,
  );
  const [answer] = (await once(socket, "data")) as [Buffer];
  expect(answer.toString("latin1")).toMatch(/^HTTP\/1.1 101 /);
  return socket;
}

async function startTarget(faults: HubError[]): Promise<LocalHub> {
  const hub = await startLocalHub({ reportFault: (fault) => faults.push(fault) });
  await hub.emulator.hub.registry.create("honest", {});
  return hub;
}

/** A vendor's device is served over WebSocket. */
async function expectWell(hub: LocalHub, faults: readonly HubError[]): Promise<void> {
  expect(faults).toEqual([]);
  const device = await mqttDevice(hub, "honest", { webSocket: true });
  await device.sendEvent(new Message("well"));
  await device.close();
}

test(`${CASES} conversations of generated frames harm nobody`, { timeout: 3_600_000 }, async () => {
  const faults: HubError[] = [];
  await using hub = await startTarget(faults);
  const random = generator(1_618_033);
  const converse = async (): Promise<void> => {
    const subprotocol = pick(random, SUBPROTOCOLS);
    const socket = await upgraded(hub, subprotocol);
    const frames = Array.from({ length: 1 + random(8) }, () => randomFrame(random, PAYLOADS[subprotocol]));
    const over = once(socket, "close");
    socket.resume().end(Buffer.concat(frames));
    await over;
  };
  const run = async (cases: number): Promise<void> => {
    for (let i = 0; i < cases; i += AT_ONCE) await Promise.all(Array.from({ length: AT_ONCE }, converse));
  };
  await run(CASES / 2);
  const before = await memoryInUse();
  await run(CASES / 2);
  expect((await memoryInUse()) - before).toBeLessThan(32 << 20);
  await expectWell(hub, faults);
  expect(hub.emulator.hub.connections.count).toBe(0);
});

const ENDLESS: readonly (readonly [what: string, start: Buffer, piece: Buffer])[] = [
  ["a message of 8 EB", frame(Buffer.alloc(0), { length: 2n ** 63n - 1n }), Buffer.alloc(1 << 16)],
  ["a message of 2^53 bytes", frame(Buffer.alloc(0), { length: 2n ** 53n - 1n }), Buffer.alloc(1 << 16)],
  [
    "fragments of a byte",
    frame(Buffer.alloc(1), { final: false }),
    Buffer.concat(Array.from({ length: 8000 }, () => frame(Buffer.alloc(1), { opcode: 0, final: false }))),
  ],
  [
    "fragments of nothing",
    frame(Buffer.alloc(0), { final: false }),
    Buffer.concat(Array.from({ length: 8000 }, () => frame(Buffer.alloc(0), { opcode: 0, final: false }))),
  ],
  [
    "pings whose answers nobody reads",
    Buffer.alloc(0),
    Buffer.concat(Array.from({ length: 1000 }, () => frame(Buffer.alloc(125), { opcode: 0x9 }))),
  ],
];

test.each(ENDLESS)("%s: memory does not grow", async (_what, start, piece) => {
  const faults: HubError[] = [];
  await using hub = await startTarget(faults);
  for (const subprotocol of SUBPROTOCOLS) {
    const socket = await upgraded(hub, subprotocol);
    socket.pause();
    let isOver = false;
    socket.once("close", () => (isOver = true));
    const before = await memoryInUse();
    socket.write(start);
    // The hub reads and drops, stops reading, or ends the connection; what it did not take is the sender's.
    for (let sent = 0; sent < 24 << 20 && !isOver; sent += piece.length) {
      if (socket.write(piece)) continue;
      const taken = await Promise.race([
        new Promise((resolve) => socket.once("drain", () => resolve(true))),
        pause(300),
      ]);
      if (taken !== true) break;
    }
    const { writableLength } = socket;
    expect((await memoryInUse()) - before - writableLength).toBeLessThan(16 << 20);
    socket.destroy();
  }
  await expectWell(hub, faults);
});

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
