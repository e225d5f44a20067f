/**
 * Bytes that no honest peer sends. Decoders may refuse them in one way only: `AmqpDecodeError`. Set AMQP_MUTATIONS for a
 * longer run.
 */
import rhea from "rhea";
import { expect, test } from "vitest";
import { AmqpDecodeError } from "./decode-error.ts";
import { decodeBatch, decodeDeviceMessage } from "./device-message.ts";
import { decodeMessage } from "./message.ts";
import { decodePerformative } from "./performative-decoding.ts";
import { writeAttach, writeDisposition, writeFlow, writeOpen, writeSource } from "./performative-encoding.ts";
import { encodeStoredMessage } from "./stored-message.ts";
import { Writer } from "./writer.ts";

const MUTATIONS = Number(process.env["AMQP_MUTATIONS"] ?? 200_000);

function written(write: (writer: Writer) => void): Buffer {
  const writer = new Writer();
  write(writer);
  return Buffer.from(writer.written());
}

const source = written((writer) => writeSource(writer, "/devices/d1/messages/events"));
const stamps = { sequenceNumber: 1, offset: "1", enqueuedTime: 1, partitionKey: "d", deviceId: "d" };
const SEEDS: readonly Buffer[] = [
  written((w) => writeOpen(w, { containerId: "c", maxFrameSize: 65_536, channelMax: 9, idleTimeOut: 1000 })),
  written((w) =>
    writeAttach(w, {
      name: "n",
      handle: 1,
      role: "sender",
      sndSettleMode: 2,
      rcvSettleMode: 0,
      source,
      target: source,
    }),
  ),
  written((w) => writeFlow(w, { nextIncomingId: 1, incomingWindow: 2, nextOutgoingId: 3, outgoingWindow: 4 })),
  written((w) => writeDisposition(w, { role: "receiver", first: 1, last: 2, outcome: { kind: "accepted" } })),
  rhea.message.encode({
    message_id: "m",
    application_properties: { a: "b", n: 5 },
    message_annotations: { list: [1, "two", { three: 3 }] },
    body: rhea.message.data_section(Buffer.from("body")),
  }) as unknown as Buffer,
  encodeStoredMessage(
    { body: Buffer.from("body"), messageId: "m", properties: new Map([["k", "v"]]) },
    { ...stamps, authMethod: "{}", generationId: "g", hubEnqueuedTime: 1, source: "Telemetry" },
  ),
];

const DECODERS: readonly ((bytes: Buffer) => unknown)[] = [
  (bytes) => decodePerformative(bytes, 0, bytes.length),
  decodeDeviceMessage,
  decodeBatch,
  decodeMessage,
];

// A small generator of its own, so that a failure can be repeated from its seed.
function generator(seed: number): (below: number) => number {
  let state = seed >>> 0 || 1;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

const INTERESTING = [
  0x00, 0x40, 0x45, 0x53, 0x7f, 0x80, 0x98, 0xa0, 0xa1, 0xb1, 0xc0, 0xc1, 0xd0, 0xd1, 0xe0, 0xf0, 0xff,
];

function mutate(seed: Buffer, random: (below: number) => number): Buffer {
  let bytes = Buffer.from(seed);
  for (let i = random(4); i >= 0; i--) {
    const at = random(bytes.length);
    const kind = random(5);
    if (kind < 2) bytes[at] = random(256);
    else if (kind === 2) bytes[at] = INTERESTING[random(INTERESTING.length)] as number;
    else if (kind === 3) bytes = bytes.subarray(0, at + 1);
    else bytes = Buffer.concat([bytes.subarray(0, at), bytes.subarray(random(bytes.length))]);
    if (bytes.length === 0) return Buffer.from([0]);
  }
  return bytes;
}

test(`${MUTATIONS} mutated frames and messages decode or are decode errors`, { timeout: 600_000 }, () => {
  const random = generator(20_260_101);
  let refused = 0;
  for (let i = 0; i < MUTATIONS; i++) {
    const bytes = mutate(SEEDS[random(SEEDS.length)] as Buffer, random);
    const decode = DECODERS[random(DECODERS.length)] as (bytes: Buffer) => unknown;
    try {
      decode(bytes);
    } catch (error) {
      if (!(error instanceof AmqpDecodeError)) throw new Error(`case ${i}: ${bytes.toString("hex")}`, { cause: error });
      refused++;
    }
  }
  expect(refused).toBeGreaterThan(MUTATIONS / 10);
});
