/** Control packets: what a client may send, strictly, and what it is sent. The only file that knows how they are encoded. */
import { generate, parser } from "mqtt-packet";
import type {
  IConnectPacket,
  IDisconnectPacket,
  IPingreqPacket,
  IPubackPacket,
  IPublishPacket,
  IPubrelPacket,
  ISubscribePacket,
  IUnsubscribePacket,
  Packet,
} from "mqtt-packet";
import { MqttRefusal } from "./refusals.ts";

/** 3.1.1 is protocol level 4. */
export type MqttVersion = 4 | 5;

export type ConnectPacket = IConnectPacket;
export type PublishPacket = IPublishPacket & { readonly payload: Buffer };
export type SubscribePacket = ISubscribePacket;
export type ServerPacket = Packet;

export type ClientPacket =
  | IConnectPacket
  | PublishPacket
  | (IPubackPacket & { readonly messageId: number })
  | (IPubrelPacket & { readonly messageId: number })
  | ISubscribePacket
  | IUnsubscribePacket
  | IPingreqPacket
  | IDisconnectPacket;

/** First byte of a CONNECT. */
export const CONNECT = 0x10;

/** Bytes after the fixed header, where MQTT 3.1.1 fixes them. MQTT 5 does for PINGREQ only. */
const LENGTHS: Readonly<Record<string, number>> = { puback: 2, pubrel: 2, pingreq: 0, disconnect: 0 };
/** A character that text does not hold: the decoder's sign for bytes that are no UTF-8, or a zero [MQTT-1.5.4-2]. */
const NOT_TEXT = /[\0\uFFFD]/;

/** Whether a whole packet is a CONNECT in a version that is not spoken here: it is answered before the connection ends. */
export function isForeignConnect(bytes: Buffer): boolean {
  if (bytes[0] !== CONNECT) return false;
  let at = 1;
  while (((bytes[at] ?? 0) & 0x80) !== 0) at++;
  const nameAt = at + 1;
  if (nameAt + 2 > bytes.length) return false;
  const levelAt = nameAt + 2 + bytes.readUInt16BE(nameAt);
  const name = bytes.toString("latin1", nameAt + 2, levelAt);
  const level = bytes[levelAt];
  if (level === undefined) return false;
  return (name === "MQTT" && level !== 4 && level !== 5) || name === "MQIsdp";
}

/** Reads one whole packet of a connection that speaks this version; a CONNECT says itself which. */
export type Decode = (bytes: Buffer, version: MqttVersion) => ClientPacket;

/**
 * All connections share a codec for each version: one of their own would cost each of them kilobytes. A codec is not itself
 * after an error, and remembers a CONNECT, so those get a fresh one.
 */
export function createDecoder(): Decode {
  const shared = { 4: createCodec(4), 5: createCodec(5) };
  return (bytes, version) => {
    if (bytes[0] === CONNECT) return fromClient(createCodec(version)(bytes));
    try {
      return fromClient(shared[version](bytes), version);
    } catch (error) {
      shared[version] = createCodec(version);
      throw error;
    }
  };
}

const PING_RESPONSE = Buffer.from([0xd0, 0]);

export function encodePacket(packet: ServerPacket, version: MqttVersion): Buffer {
  // By hand what is sent for every event: the bytes are the same in both versions.
  if (packet.cmd === "pingresp") return PING_RESPONSE;
  if (packet.cmd === "puback" && (packet.reasonCode ?? 0) === 0) {
    const { messageId = 0 } = packet;
    return Buffer.from([0x40, 2, messageId >> 8, messageId & 0xff]);
  }
  return generate(packet, { protocolVersion: version });
}

function createCodec(version: MqttVersion): (bytes: Buffer) => Packet {
  const codec = parser({ protocolVersion: version });
  let read: Packet | undefined;
  let broken: Error | undefined;
  codec.on("packet", (packet) => (read = packet));
  codec.on("error", (error: Error) => (broken = error));
  return (bytes) => {
    [read, broken] = [undefined, undefined];
    let left = 0;
    try {
      left = codec.parse(bytes);
    } catch (error) {
      broken = error as Error;
    }
    if (broken !== undefined || read === undefined || left > 0) {
      throw new MqttRefusal("malformed_packet", broken?.message ?? "A packet is not what its header says.");
    }
    return read;
  };
}

function fromClient(packet: Packet, version?: MqttVersion): ClientPacket {
  requireLength(packet, version);
  switch (packet.cmd) {
    case "connect":
      return requireConnect(packet);
    case "pingreq":
    case "disconnect":
      return packet;
    case "puback":
    case "pubrel":
      return { ...packet, messageId: requireId(packet) };
    case "publish":
      return requirePublish(packet, version);
    case "subscribe":
      requireId(packet);
      requireFilters(packet.subscriptions.map(({ topic }) => topic));
      return packet;
    case "unsubscribe":
      requireId(packet);
      requireFilters(packet.unsubscriptions);
      return packet;
    case "auth":
      throw new MqttRefusal("protocol_error", "No authentication exchange is under way.");
    case "connack":
    case "pingresp":
    case "pubcomp":
    case "pubrec":
    case "suback":
    case "unsuback":
      throw new MqttRefusal("protocol_error", `A client does not send ${(packet as Packet).cmd.toUpperCase()} here.`);
  }
}

function requireConnect(packet: IConnectPacket): IConnectPacket {
  const { clientId, username, will } = packet;
  if ([clientId, username ?? "", will?.topic ?? ""].some((text) => NOT_TEXT.test(text))) {
    throw new MqttRefusal("malformed_packet", "CONNECT holds a text that is no UTF-8.");
  }
  return packet;
}

function requirePublish(packet: IPublishPacket, version: MqttVersion | undefined): PublishPacket {
  if (packet.qos > 0) requireId(packet);
  // [MQTT-3.3.1-2]
  else if (packet.dup) throw new MqttRefusal("malformed_packet", "A message of QoS 0 cannot be a duplicate.");
  const isAliased = version === 5 && packet.properties?.topicAlias !== undefined;
  if (packet.topic === "" && !isAliased) throw new MqttRefusal("protocol_error", "PUBLISH names no topic.");
  if (NOT_TEXT.test(packet.topic)) throw new MqttRefusal("malformed_packet", "The topic is no UTF-8.");
  return packet as PublishPacket;
}

function requireLength({ cmd, length }: Packet, version: MqttVersion | undefined): void {
  const expected = version === 5 && cmd !== "pingreq" ? undefined : LENGTHS[cmd];
  if (expected !== undefined && length !== expected) {
    throw new MqttRefusal("malformed_packet", `${cmd.toUpperCase()} has a wrong length.`);
  }
}

// [MQTT-2.2.1-3]; the codec reads a missing id as -1.
function requireId({ cmd, messageId = 0 }: Packet): number {
  if (messageId >= 1) return messageId;
  throw new MqttRefusal("malformed_packet", `${cmd.toUpperCase()} needs a packet identifier.`);
}

// [MQTT-3.8.3-2], [MQTT-3.10.3-2]
function requireFilters(filters: readonly string[]): void {
  if (filters.length === 0) throw new MqttRefusal("protocol_error", "A packet names no topic filter.");
  if (filters.some((filter) => filter === "" || NOT_TEXT.test(filter))) {
    throw new MqttRefusal("malformed_packet", "A topic filter is empty or no UTF-8.");
  }
}
