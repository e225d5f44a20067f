/** The sections of a message (OASIS AMQP 1.0, part 3, 3.2) by descriptor code, and the walk over them. */
import { AmqpDecodeError } from "./decode-error.ts";
import type { Reader } from "./reader.ts";

export const SECTION = {
  header: 0x70,
  deliveryAnnotations: 0x71,
  messageAnnotations: 0x72,
  properties: 0x73,
  applicationProperties: 0x74,
  data: 0x75,
  sequence: 0x76,
  value: 0x77,
  footer: 0x78,
} as const;

/** Fields of the properties section, in the order the list holds them. */
export const PROPERTY_FIELDS = [
  "messageId",
  "userId",
  "to",
  "subject",
  "replyTo",
  "correlationId",
  "contentType",
  "contentEncoding",
  "absoluteExpiryTime",
  "creationTime",
  "groupId",
  "groupSequence",
  "replyToGroupId",
] as const;

/** Reads the descriptor of the next described type as its numeric code. Symbolic descriptors go by `names`. */
export function readDescriptor(reader: Reader, names: ReadonlyMap<string, number> = SECTION_NAMES): number {
  if (reader.uint8() !== 0x00) throw new AmqpDecodeError("A described type was expected.");
  const code = reader.uint8();
  switch (code) {
    case 0x53:
      return reader.uint8();
    case 0x80: {
      const value = reader.uint64();
      return typeof value === "number" ? value : -1;
    }
    case 0xa3:
      return names.get(reader.text(reader.uint8())) ?? -1;
    case 0xb3:
      return names.get(reader.text(reader.uint32())) ?? -1;
    default:
      throw new AmqpDecodeError("A descriptor is neither a code nor a name.");
  }
}

const SECTION_NAMES: ReadonlyMap<string, number> = new Map([
  ["amqp:header:list", SECTION.header],
  ["amqp:delivery-annotations:map", SECTION.deliveryAnnotations],
  ["amqp:message-annotations:map", SECTION.messageAnnotations],
  ["amqp:properties:list", SECTION.properties],
  ["amqp:application-properties:map", SECTION.applicationProperties],
  ["amqp:data:binary", SECTION.data],
  ["amqp:amqp-sequence:list", SECTION.sequence],
  ["amqp:amqp-value:*", SECTION.value],
  ["amqp:footer:map", SECTION.footer],
]);

/** Header of the list that comes next: its entry count. An empty list may be written as 0x45. */
export function readListHeader(reader: Reader): number {
  const code = reader.uint8();
  if (code === 0x45) return 0;
  if (code !== 0xc0 && code !== 0xd0) throw new AmqpDecodeError("A list was expected.");
  return reader.compound(code).count;
}

/** Header of the map that comes next: its number of pairs. */
export function readMapHeader(reader: Reader): number {
  const code = reader.uint8();
  if (code !== 0xc1 && code !== 0xd1) throw new AmqpDecodeError("A map was expected.");
  const { count } = reader.compound(code);
  if (count % 2 !== 0) throw new AmqpDecodeError("A map has a key without a value.");
  return count / 2;
}

/** The binary that comes next, as a view. */
export function readBinary(reader: Reader): Buffer {
  const code = reader.uint8();
  if (code === 0xa0) return reader.view(reader.uint8());
  if (code === 0xb0) return reader.view(reader.uint32());
  throw new AmqpDecodeError("A binary was expected.");
}
