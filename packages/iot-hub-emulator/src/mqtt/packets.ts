/** MQTT 3.1.1 control packets as values. The only file that knows the codec; what it lets through is well-formed. */
import { generate, parser } from "mqtt-packet";
import type {
  IConnackPacket,
  IConnectPacket,
  IDisconnectPacket,
  IPingreqPacket,
  IPingrespPacket,
  IPubackPacket,
  IPublishPacket,
  ISubackPacket,
  ISubscribePacket,
  IUnsubackPacket,
  IUnsubscribePacket,
  Packet,
} from "mqtt-packet";

export type ConnectPacket = IConnectPacket;
export type PublishPacket = IPublishPacket & { readonly payload: Buffer };
export type SubscribePacket = ISubscribePacket;
export type UnsubscribePacket = IUnsubscribePacket;
export type AcknowledgePacket = IPubackPacket;

/** What a client may send. */
export type ClientPacket =
  | ConnectPacket
  | PublishPacket
  | SubscribePacket
  | UnsubscribePacket
  | AcknowledgePacket
  | IPingreqPacket
  | IDisconnectPacket;

/** What the hub sends. */
export type ServerPacket =
  | IConnackPacket
  | IPublishPacket
  | ISubackPacket
  | IUnsubackPacket
  | IPubackPacket
  | IPingrespPacket;

/** The peer broke the protocol: its connection ends. */
export class MqttError extends Error {
  override readonly name = "MqttError";
}

/** The only protocol level spoken: MQTT 3.1.1. */
const LEVEL = 4;
/** First byte of a CONNECT. */
export const CONNECT = 0x10;

/** Bytes after the fixed header, for packets where that is fixed. */
const FIXED_LENGTHS: ReadonlyMap<string, number> = new Map([
  ["puback", 2],
  ["pingreq", 0],
  ["disconnect", 0],
]);

/** Whether a whole packet is a CONNECT of another protocol level, which is answered before the connection ends. */
export function isForeignConnect(bytes: Buffer): boolean {
  if (bytes[0] !== CONNECT) return false;
  const nameAt = headerLength(bytes);
  if (nameAt + 2 > bytes.length) return false;
  const levelAt = nameAt + 2 + bytes.readUInt16BE(nameAt);
  const name = bytes.toString("latin1", nameAt + 2, levelAt);
  return (name === "MQTT" && bytes[levelAt] !== LEVEL) || (name === "MQIsdp" && bytes[levelAt] === 3);
}

/** Reads one whole packet. */
export type Decode = (bytes: Buffer) => ClientPacket;

/**
 * Throws `MqttError` for anything that a client of MQTT 3.1.1 must not send. All connections share one codec; it remembers
 * a CONNECT, and is not itself after an error, so those get one of their own.
 */
export function createDecoder(): Decode {
  let shared = createCodec();
  return (bytes) => {
    if (bytes[0] === CONNECT) return requireFromClient(createCodec()(bytes));
    try {
      return requireFromClient(shared(bytes));
    } catch (error) {
      shared = createCodec();
      throw error;
    }
  };
}

const PING_RESPONSE = Buffer.from([0xd0, 0]);

export function encodePacket(packet: ServerPacket): Buffer {
  // By hand what is sent for every message.
  if (packet.cmd === "pingresp") return PING_RESPONSE;
  if (packet.cmd !== "puback") return generate(packet);
  const { messageId = 0 } = packet;
  return Buffer.from([0x40, 2, messageId >> 8, messageId & 0xff]);
}

function createCodec(): (bytes: Buffer) => Packet {
  const codec = parser({ protocolVersion: LEVEL });
  let read: Packet | undefined;
  let broken: Error | undefined;
  codec.on("packet", (packet) => (read = packet));
  codec.on("error", (error: Error) => (broken = error));
  return (bytes) => {
    [read, broken] = [undefined, undefined];
    try {
      codec.parse(bytes);
    } catch (error) {
      broken = error as Error;
    }
    if (broken !== undefined || read === undefined) throw new MqttError(broken?.message ?? "A packet is incomplete.");
    return read;
  };
}

function requireFromClient(packet: Packet): ClientPacket {
  switch (packet.cmd) {
    case "connect":
    case "pingreq":
    case "disconnect":
    case "puback":
      requireLength(packet);
      if (packet.cmd === "puback") requireId(packet);
      return packet;
    case "publish":
      return requirePublish(packet);
    case "subscribe":
      requireId(packet);
      requireSome(packet.subscriptions);
      return packet;
    case "unsubscribe":
      requireId(packet);
      requireSome(packet.unsubscriptions);
      return packet;
    case "auth":
    case "connack":
    case "pingresp":
    case "pubcomp":
    case "pubrec":
    case "pubrel":
    case "suback":
    case "unsuback":
      throw new MqttError(`A client does not send ${packet.cmd.toUpperCase()}.`);
  }
}

function requirePublish(packet: IPublishPacket): PublishPacket {
  if (packet.qos > 0) requireId(packet);
  else if (packet.dup) throw new MqttError("A message of QoS 0 cannot be a duplicate."); // [MQTT-3.3.1-2]
  // Ids may hold wildcards, so those are no matter here; what remains unreadable is.
  if (packet.topic === "" || /[\0\uFFFD]/.test(packet.topic)) throw new MqttError("The topic is not a topic name.");
  return packet as PublishPacket;
}

function requireLength({ cmd, length }: Packet): void {
  const expected = FIXED_LENGTHS.get(cmd);
  if (expected !== undefined && length !== expected) throw new MqttError(`${cmd.toUpperCase()} has a wrong length.`);
}

// [MQTT-2.3.1-1]; the codec reads a missing id as -1.
function requireId({ cmd, messageId = 0 }: Packet): void {
  if (messageId < 1) throw new MqttError(`${cmd.toUpperCase()} needs a packet identifier.`);
}

// [MQTT-3.8.3-3], [MQTT-3.10.3-2]
function requireSome(filters: readonly unknown[]): void {
  if (filters.length === 0) throw new MqttError("A packet names no topic filter.");
}

function headerLength(bytes: Buffer): number {
  let at = 1;
  while (((bytes[at] ?? 0) & 0x80) !== 0) at++;
  return at + 1;
}
