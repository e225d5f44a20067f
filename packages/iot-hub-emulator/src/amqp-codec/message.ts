/** Messages of request-response nodes ($cbs, $management), decoded without losing the type of their ids. */
import { AmqpDecodeError } from "./decode-error.ts";
import { Reader } from "./reader.ts";
import { PROPERTY_FIELDS, readDescriptor, readListHeader, readMapHeader, SECTION } from "./sections.ts";
import { type AmqpValue, Uuid, readValue } from "./values.ts";
import type { Writer } from "./writer.ts";

export type PropertyField = (typeof PROPERTY_FIELDS)[number];

export interface AmqpMessage {
  readonly annotations: ReadonlyMap<string, AmqpValue>;
  readonly properties: Readonly<Partial<Record<PropertyField, AmqpValue>>>;
  readonly applicationProperties: ReadonlyMap<string, AmqpValue>;
  /** The value section, or the bytes of the first data section; `undefined` without a body. */
  readonly body: AmqpValue | undefined;
}

/** Decodes a complete message. Throws `AmqpDecodeError`. */
export function decodeMessage(payload: Buffer): AmqpMessage {
  const reader = new Reader(payload);
  let annotations: ReadonlyMap<string, AmqpValue> = new Map();
  let applicationProperties: ReadonlyMap<string, AmqpValue> = new Map();
  let properties: AmqpMessage["properties"] = {};
  let body: AmqpValue | undefined;
  while (!reader.done) {
    const section = readDescriptor(reader);
    if (section === SECTION.messageAnnotations) annotations = readNamed(reader);
    else if (section === SECTION.applicationProperties) applicationProperties = readNamed(reader);
    else if (section === SECTION.properties) properties = readProperties(reader);
    else if (section === SECTION.value || section === SECTION.data) body ??= readValue(reader);
    else if (section >= SECTION.header && section <= SECTION.footer) reader.skip();
    else throw new AmqpDecodeError("The message has a section that AMQP does not know.");
  }
  return { annotations, properties, applicationProperties, body };
}

function readNamed(reader: Reader): Map<string, AmqpValue> {
  const pairs = readMapHeader(reader);
  const map = new Map<string, AmqpValue>();
  for (let i = 0; i < pairs; i++) {
    const name = readValue(reader);
    const value = readValue(reader);
    if (typeof name === "string") map.set(name, value);
  }
  return map;
}

function readProperties(reader: Reader): AmqpMessage["properties"] {
  const count = readListHeader(reader);
  const properties: Partial<Record<PropertyField, AmqpValue>> = {};
  for (let i = 0; i < count; i++) {
    const value = readValue(reader);
    const field = PROPERTY_FIELDS[i];
    if (field !== undefined && value !== null) properties[field] = value;
  }
  return properties;
}

/** Writes a message id in the type it came in: a client finds its request only by an equal id. */
export function writeMessageId(writer: Writer, id: AmqpValue | undefined): void {
  if (typeof id === "string") writer.string(id);
  else if (typeof id === "number" && id >= 0) writer.ulong(id);
  else if (id instanceof Uuid) writer.uuid(id.bytes);
  else if (id instanceof Uint8Array) writer.binary(id);
  else writer.null();
}
