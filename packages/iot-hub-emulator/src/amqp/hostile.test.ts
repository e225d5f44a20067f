/**
 * Peers that break the protocol, by accident or on purpose. The server answers with an error or closes; it never fails
 * itself, never keeps what it was sent, and serves its other peers all the while. Set AMQP_MUTATIONS for a longer run.
 */
import { once } from "node:events";
import { connect, type Socket } from "node:net";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import rhea from "rhea";
import { expect, test } from "vitest";
import { decodePerformative } from "../amqp-codec/performative-decoding.ts";
import {
  writeAttach,
  writeBegin,
  writeFlow,
  writeOpen,
  writeSource,
  writeTarget,
  writeTransfer,
} from "../amqp-codec/performative-encoding.ts";
import { Writer } from "../amqp-codec/writer.ts";
import { memoryTaken } from "../testing/memory.ts";
import { sendAll, startTestBed, type TestBed } from "./test-bed.ts";

const HEADER = Buffer.from([0x41, 0x4d, 0x51, 0x50, 0, 1, 0, 0]);
const SASL_HEADER = Buffer.from([0x41, 0x4d, 0x51, 0x50, 3, 1, 0, 0]);
const SESSIONS = Math.ceil(Number(process.env["AMQP_MUTATIONS"] ?? 200_000) / 100);
/** Bytes that a flood may take. */
const MOST = 32 << 20;

function encoded(write: (writer: Writer) => void): Buffer {
  const writer = new Writer();
  write(writer);
  return Buffer.from(writer.written());
}

function frame(write: (writer: Writer) => void, channel = 0): Buffer {
  return encoded((writer) => {
    writer.fixed32(0);
    writer.fixed32(0x0200_0000 | channel);
    write(writer);
    writer.bytes.writeUInt32BE(writer.length, 0);
  });
}

const cbs = encoded((writer) => writeTarget(writer, "$cbs"));
const OPEN = frame((w) => writeOpen(w, { containerId: "x", maxFrameSize: 65_536, channelMax: 10, idleTimeOut: 0 }));
const BEGIN = frame((w) =>
  writeBegin(w, { remoteChannel: 0, nextOutgoingId: 0, incomingWindow: 10, outgoingWindow: 10, handleMax: 10 }),
);
const ATTACH = frame((w) =>
  writeAttach(w, {
    name: "n",
    handle: 0,
    role: "sender",
    sndSettleMode: 2,
    rcvSettleMode: 0,
    source: undefined,
    target: cbs,
  }),
);
const TRANSFER = frame((w) => {
  writeTransfer(w, { handle: 0, deliveryId: 0, settled: false, more: false, messageFormat: 0 });
  w.raw(rhea.message.encode({ body: "token" }) as unknown as Buffer);
});
const FLOW = frame((w) => writeFlow(w, { nextIncomingId: 0, incomingWindow: 9, nextOutgoingId: 0, outgoingWindow: 9 }));

async function open(bed: TestBed): Promise<Socket> {
  const socket = connect(bed.port, "127.0.0.1");
  socket.on("error", () => {});
  await once(socket, "connect");
  return socket;
}

/** Everything the server says until it closes. */
async function conversation(bed: TestBed, ...bytes: readonly Uint8Array[]): Promise<Buffer> {
  const socket = await open(bed);
  const parts: Buffer[] = [];
  socket.on("data", (part: Buffer) => parts.push(part));
  socket.write(Buffer.concat(bytes));
  await once(socket, "close");
  return Buffer.concat(parts);
}

/** The types of performatives in what the server said after its protocol header. */
function performatives(said: Buffer): string[] {
  const types: string[] = [];
  for (let at = 8; at < said.length; at += said.readUInt32BE(at)) {
    types.push(decodePerformative(said, at + 8, at + said.readUInt32BE(at)).type);
  }
  return types;
}

/** Another peer sends a message; resolves with how that went, and with what the server did wrong until then. */
async function sendAsOther(bed: TestBed): Promise<unknown> {
  const client = bed.connect();
  await client.putToken(bed.policyToken("device"));
  const sender = await client.openSender("/devices/a/messages/events");
  const outcomes = await sendAll(sender, [{ body: rhea.message.data_section(Buffer.from("x")) }]);
  return { outcomes, faults: bed.faults };
}

const ALL_WELL = { outcomes: ["accepted"], faults: [] };

test("an unknown protocol is answered with the header of ours, and the connection ends", async () => {
  const bed = await startTestBed();
  try {
    for (const start of [Buffer.from("GET / HTTP/1.1\r\n\r\n"), Buffer.from([0x41, 0x4d, 0x51, 0x50, 2, 1, 0, 0])]) {
      expect(await conversation(bed, start)).toEqual(HEADER);
    }
    while (bed.front.connections > 0) await new Promise((resolve) => setImmediate(resolve));
  } finally {
    await bed.stop();
  }
});

const MISTAKES: Readonly<Record<string, readonly [string, readonly Buffer[]]>> = {
  "a frame of 4 GB": ["amqp:connection:framing-error", [OPEN, Buffer.from("ffffffff02000000", "hex")]],
  "a frame too large before open": ["amqp:connection:framing-error", [Buffer.from("0001000002000000", "hex")]],
  "a frame smaller than its header": ["amqp:connection:framing-error", [OPEN, Buffer.from("0000000402000000", "hex")]],
  "a data offset outside the frame": ["amqp:connection:framing-error", [OPEN, Buffer.from("00000008ff000000", "hex")]],
  "a SASL frame after SASL": ["amqp:connection:framing-error", [OPEN, Buffer.from("0000000802010000", "hex")]],
  "garbage in a frame": ["amqp:decode-error", [OPEN, Buffer.from("0000000c02000000deadbeef", "hex")]],
  "a begin before open": ["amqp:not-allowed", [BEGIN]],
  "a second open": ["amqp:not-allowed", [OPEN, OPEN]],
  "a second begin on a channel": ["amqp:not-allowed", [OPEN, BEGIN, BEGIN]],
  "a frame on a channel without session": ["amqp:not-allowed", [OPEN, ATTACH]],
};

test.each(Object.entries(MISTAKES))("%s closes the connection", async (_, [condition, frames]) => {
  const bed = await startTestBed();
  try {
    const said = await conversation(bed, HEADER, ...frames);
    expect(performatives(said).at(-1)).toBe("close");
    expect(said.toString("latin1")).toContain(condition);
    expect(bed.faults).toEqual([]);
  } finally {
    await bed.stop();
  }
});

test("a transfer on a free handle or an attach on a used one ends the session, not the connection", async () => {
  const bed = await startTestBed({ devices: ["a"] });
  try {
    const socket = await open(bed);
    const parts: Buffer[] = [];
    socket.on("data", (part: Buffer) => parts.push(part));
    const heard = async (text: string): Promise<void> => {
      while (!Buffer.concat(parts).includes(text)) await once(socket, "data");
    };
    socket.write(Buffer.concat([HEADER, OPEN, BEGIN, TRANSFER]));
    await heard("amqp:session:unattached-handle");
    const other = (bytes: Buffer): Buffer => {
      const copy = Buffer.from(bytes);
      copy.writeUInt16BE(1, 6);
      return copy;
    };
    socket.write(Buffer.concat([BEGIN, ATTACH, ATTACH].map(other)));
    await heard("amqp:session:handle-in-use");
    socket.destroy();
    expect(await sendAsOther(bed)).toEqual(ALL_WELL);
  } finally {
    await bed.stop();
  }
});

test("silent, slow and unauthenticated peers run out of time", async () => {
  let clock = 0;
  const bed = await startTestBed({ clock: () => clock, devices: ["a"] });
  try {
    const silent = await open(bed);
    const half = await open(bed);
    half.write(HEADER.subarray(0, 3));
    const anonymous = await open(bed);
    const anonymousSaid: Buffer[] = [];
    anonymous.on("data", (part: Buffer) => anonymousSaid.push(part));
    anonymous.write(Buffer.concat([HEADER, OPEN]));
    await once(anonymous, "data");
    const closed = Promise.all([once(silent, "close"), once(half, "close")]);
    clock += 21_000;
    bed.front.tick();
    silent.resume();
    half.resume();
    await closed;
    expect(bed.front.connections).toBe(1);
    clock += 60_000;
    bed.front.tick();
    await once(anonymous, "close");
    expect(performatives(Buffer.concat(anonymousSaid))).toEqual(["open", "close"]);
    expect(await sendAsOther(bed)).toEqual(ALL_WELL);
  } finally {
    await bed.stop();
  }
});

test("an idle peer is kept alive by heartbeats when it asks for them, and dropped when it is silent itself", async () => {
  let clock = 0;
  const bed = await startTestBed({ clock: () => clock });
  try {
    const client = bed.connect({ idle_time_out: 0 } as never);
    await client.putToken(bed.policyToken("service"));
    clock += 250_000;
    bed.front.tick();
    expect(await client.over).toMatchObject({ description: expect.stringContaining("silent") });
    const socket = await open(bed);
    socket.write(
      Buffer.concat([
        HEADER,
        frame((w) => writeOpen(w, { containerId: "x", maxFrameSize: 512, channelMax: 1, idleTimeOut: 10_000 })),
      ]),
    );
    await once(socket, "data");
    clock += 6_000;
    bed.front.tick();
    const [heartbeat] = (await once(socket, "data")) as [Buffer];
    expect(heartbeat.toString("hex")).toBe("0000000802000000");
    socket.destroy();
  } finally {
    await bed.stop();
  }
});

test("connections, sessions and links are limited", async () => {
  const bed = await startTestBed({ devices: ["a"], limits: { maxConnections: 2, maxSessions: 2, maxLinks: 4 } });
  try {
    const client = bed.connect();
    await client.putToken(bed.policyToken("device"));
    const senders = await Promise.all([0, 1, 2, 3].map(() => client.openSender("/devices/a/messages/events")));
    expect(senders).toHaveLength(4);
    client.connection.open_sender("/devices/a/messages/events");
    expect(await client.over).toMatchObject({ condition: "amqp:resource-limit-exceeded" });

    const [one, two] = [await open(bed), await open(bed)];
    const three = await open(bed);
    three.resume();
    await once(three, "close");
    one.destroy();
    two.destroy();
  } finally {
    await bed.stop();
  }
});

test("half-sent deliveries cannot pile up", async () => {
  const devices = ["a", "b", "c", "d", "e", "f"];
  const bed = await startTestBed({ devices, limits: { maxAssemblyBytes: 500_000 } });
  try {
    const client = bed.connect({ max_frame_size: 65_536 });
    await client.putToken(bed.policyToken("device"));
    const senders = await Promise.all(devices.map((id) => client.openSender(`/devices/${id}/messages/events`)));
    for (const sender of senders) {
      // rhea has no way to send a part: the raw frames are put behind its back.
      const handle = (sender as unknown as { local: { handle: number } }).local.handle;
      const socket = (client.connection as unknown as { socket: Socket }).socket;
      for (let i = 0; i < 2; i++) {
        socket.write(
          frame((w) => {
            writeTransfer(w, { handle, deliveryId: 1000 + handle, settled: false, more: true, messageFormat: 0 });
            w.raw(Buffer.alloc(60_000));
          }),
        );
      }
    }
    expect(await client.over).toMatchObject({ condition: "amqp:resource-limit-exceeded" });
  } finally {
    await bed.stop();
  }
});

function generator(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const SCRIPT = [HEADER, OPEN, BEGIN, ATTACH, TRANSFER, FLOW];
const SASL_SCRIPT = [SASL_HEADER, Buffer.from("0000001802010000005341d00000000800000001a300", "hex"), ...SCRIPT];

test(`${SESSIONS} mutated conversations harm nobody`, { timeout: 600_000 }, async () => {
  const bed = await startTestBed({ devices: ["a"] });
  try {
    const random = generator(77);
    const converse = async (): Promise<void> => {
      const bytes = Buffer.concat(random(4) === 0 ? SASL_SCRIPT : SCRIPT);
      for (let i = random(6); i >= 0; i--) bytes[8 + random(bytes.length - 8)] = random(256);
      const socket = await open(bed);
      socket.resume();
      const cut = random(bytes.length);
      socket.write(bytes.subarray(0, cut));
      socket.end(bytes.subarray(cut));
      await once(socket, "close");
    };
    for (let i = 0; i < SESSIONS; i += 20) await Promise.all(Array.from({ length: 20 }, converse));
    expect(await sendAsOther(bed)).toEqual(ALL_WELL);
  } finally {
    await bed.stop();
  }
});

/** A client that is let in: the password is its token. */
function signIn(bed: TestBed): Buffer {
  const response = Buffer.from(`\0iothubowner@sas.root.localhost\0${bed.policyToken("iothubowner")}`);
  const init = frame((w) => {
    w.described(0x41);
    const mark = w.beginCompound(0xd0);
    w.symbol("PLAIN");
    w.binary(response);
    w.endCompound(mark, 2);
  });
  init.writeUInt8(1, 5);
  return Buffer.concat([SASL_HEADER, init, HEADER]);
}

/** Every link of a device and of a service, with credit, messages and outcomes. */
function deviceScript(): Buffer {
  const frames: Buffer[] = [OPEN, BEGIN];
  let handle = 0;
  const attach = (role: "sender" | "receiver", address: string, rcvSettleMode = 0): number => {
    const terminus = encoded((w) => writeTarget(w, address));
    const source = encoded((w) => writeSource(w, address));
    const termini = role === "sender" ? { source: undefined, target: terminus } : { source, target: undefined };
    const name = `${role} ${address}`;
    frames.push(frame((w) => writeAttach(w, { name, handle, role, sndSettleMode: 0, rcvSettleMode, ...termini })));
    const link = { handle, deliveryCount: 0, linkCredit: 50, drain: false };
    const windows = { nextIncomingId: 0, incomingWindow: 99, nextOutgoingId: 0, outgoingWindow: 99 };
    if (role === "receiver") frames.push(frame((w) => writeFlow(w, { ...windows, link })));
    return handle++;
  };
  let deliveryId = 0;
  const send = (to: number, message: object): void => {
    frames.push(
      frame((w) => {
        writeTransfer(w, { handle: to, deliveryId: deliveryId++, settled: false, more: false, messageFormat: 0 });
        w.raw(rhea.message.encode(message as never) as unknown as Buffer);
      }),
    );
  };
  const data = (text: string): unknown => rhea.message.data_section(Buffer.from(text));
  const service = attach("sender", "/messages/devicebound");
  for (const id of ["1", "2"])
    send(service, { to: "/devices/a/messages/devicebound", message_id: id, body: data("x") });
  attach("receiver", "/devices/a/messages/devicebound", 1);
  attach("receiver", "/devices/a/twin");
  const twin = attach("sender", "/devices/a/twin");
  const ask = (operation: string, resource: string, body: string): void =>
    send(twin, { message_annotations: { operation, resource }, correlation_id: "c", body: data(body) });
  ask("GET", "", " ");
  ask("PATCH", "/properties/reported", '{"a":{"b":[1]}}');
  ask("PUT", "/notifications/twin/properties/desired", " ");
  attach("receiver", "/devices/a/methods/devicebound");
  const answers = attach("sender", "/devices/a/methods/devicebound");
  send(answers, { correlation_id: "c", application_properties: { "IoThub-status": 200 }, body: data("{}") });
  attach("receiver", "/messages/serviceBound/feedback");
  const telemetry = attach("sender", "/devices/a/messages/events");
  send(telemetry, { application_properties: { AzIoTHub_FaultOperationType: "KillAmqpC2DLink" }, body: data("x") });
  for (const code of [0x24, 0x25, 0x26, 0x27]) {
    frames.push(
      frame((w) => {
        w.described(0x15);
        const mark = w.beginCompound(0xd0);
        w.boolean(true);
        w.uint(0);
        w.uint(3);
        w.boolean(code === 0x24);
        w.described(code);
        w.byte(0x45);
        w.endCompound(mark, 5);
      }),
    );
  }
  return Buffer.concat(frames);
}

test(`${SESSIONS} mutated conversations of devices and services harm nobody`, { timeout: 600_000 }, async () => {
  const bed = await startTestBed({ devices: ["a"] });
  try {
    const random = generator(78);
    const [greeting, script] = [signIn(bed), deviceScript()];
    const whole = await open(bed);
    whole.resume();
    whole.end(Buffer.concat([greeting, script]));
    await once(whole, "close");
    await expect.poll(() => bed.hub.twins.own("a").reported).toMatchObject({ a: { b: [1] } });
    const converse = async (): Promise<void> => {
      const bytes = Buffer.from(script);
      for (let i = random(6); i >= 0; i--) bytes[random(bytes.length)] = random(256);
      const socket = await open(bed);
      socket.resume();
      const cut = random(bytes.length);
      socket.write(Buffer.concat([greeting, bytes.subarray(0, cut)]));
      socket.end(bytes.subarray(cut));
      await once(socket, "close");
    };
    for (let i = 0; i < SESSIONS; i += 20) {
      await Promise.all(Array.from({ length: 20 }, converse));
      if (i % 200 === 0) await bed.hub.deviceQueues.purge("a");
    }
    expect(await sendAsOther(bed)).toEqual(ALL_WELL);
    expect(bed.hub.connections.count).toBe(1);
  } finally {
    await bed.stop();
  }
});

test("a flood of garbage does not grow memory", { timeout: 120_000 }, async () => {
  const bed = await startTestBed({ devices: ["a"] });
  try {
    const flood = async (start: Buffer, piece: Buffer, bytes: number): Promise<number> => {
      const socket = await open(bed);
      socket.resume();
      return memoryTaken(async (look) => {
        async function* pieces(): AsyncIterable<Buffer> {
          yield start;
          for (let sent = 0; sent < bytes; sent += piece.length) {
            if (sent % (bytes / 4) < piece.length) await look();
            yield piece;
          }
        }
        // The server closes long before the end of it.
        await pipeline(Readable.from(pieces()), socket).catch(() => {});
      });
    };
    const empty = frame(() => {});
    const heartbeats = Buffer.concat(Array.from({ length: 8_000 }, () => empty));
    expect(await flood(HEADER, Buffer.alloc(1 << 16, 0x5a), 64 << 20)).toBeLessThan(MOST);
    expect(await flood(Buffer.concat([HEADER, OPEN]), Buffer.alloc(1 << 16, 0xff), 64 << 20)).toBeLessThan(MOST);
    expect(await flood(Buffer.concat([HEADER, OPEN]), heartbeats, 64 << 20)).toBeLessThan(MOST);
    expect(await sendAsOther(bed)).toEqual(ALL_WELL);
  } finally {
    await bed.stop();
  }
});
