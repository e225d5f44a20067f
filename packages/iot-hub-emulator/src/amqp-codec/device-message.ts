/**
 * Incoming device-to-cloud messages, decoded straight into the vocabulary's `DeviceMessage`: no generic values in between,
 * because this runs once for every message of every device.
 */
import { Buffer } from "node:buffer";
import { type DeviceMessage, STAMPS } from "iot-hub-protocol";
import { AmqpDecodeError } from "./decode-error.ts";
import { Reader } from "./reader.ts";
import { readBinary, readDescriptor, readListHeader, readMapHeader, SECTION } from "./sections.ts";
import { type AmqpValue, Uuid, readValue } from "./values.ts";

type Draft = { -readonly [K in keyof DeviceMessage]: DeviceMessage[K] } & { properties: Map<string, string> };
type TextField = "messageId" | "correlationId" | "userId" | "to" | "contentType" | "contentEncoding";
type TimeField = "absoluteExpiryTime" | "creationTime";

const EMPTY = Buffer.alloc(0);

/** Position in the properties list to field; gaps are fields a hub ignores. */
const PROPERTIES: readonly (TextField | TimeField | undefined)[] = [
  "messageId",
  "userId",
  "to",
  undefined,
  undefined,
  "correlationId",
  "contentType",
  "contentEncoding",
  "absoluteExpiryTime",
  "creationTime",
];

/**
 * Application properties that are system properties by another way. Java says from whom a message comes; the hub stamps
 * what it knows of the sender, so that is dropped.
 */
const SPECIAL: ReadonlyMap<string, "ack" | "messageSchema" | "outputName" | "stamped"> = new Map([
  ["iothub-ack", "ack"],
  ["iothub-message-schema", "messageSchema"],
  ["iothub-outputname", "outputName"],
  [STAMPS.deviceId, "stamped"],
  [STAMPS.moduleId, "stamped"],
]);

const ANNOTATIONS: ReadonlyMap<AmqpValue, "interfaceId" | "subject"> = new Map([
  ["iothub-interface-id", "interfaceId"],
  ["dt-subject", "subject"],
]);

/**
 * Decodes a transfer's payload of message-format 0. Uuid ids become text, application property values that are not
 * strings are turned into strings. The body is a view of `payload`. Throws `AmqpDecodeError`.
 */
export function decodeDeviceMessage(payload: Buffer): DeviceMessage {
  const draft: Draft = { body: EMPTY, properties: new Map() };
  const reader = new Reader(payload);
  let bodies = 0;
  while (!reader.done) bodies += readSection(reader, draft, bodies);
  return draft;
}

/**
 * Decodes a payload of message-format 0x80013700: data sections that each hold one encoded message.
 * Sections around them describe the batch and are ignored, as a hub does. Throws `AmqpDecodeError`.
 */
export function decodeBatch(payload: Buffer): DeviceMessage[] {
  const messages: DeviceMessage[] = [];
  const reader = new Reader(payload);
  while (!reader.done) {
    if (readDescriptor(reader) === SECTION.data) messages.push(decodeDeviceMessage(readBinary(reader)));
    else reader.skip();
  }
  if (messages.length === 0) throw new AmqpDecodeError("The batch holds no message.");
  return messages;
}

/** Application properties that stand on a batch before its messages, not on one of them. */
export function decodeBatchProperties(payload: Buffer): ReadonlyMap<string, string> {
  const draft: Draft = { body: EMPTY, properties: new Map() };
  const reader = new Reader(payload);
  while (!reader.done) {
    const section = readDescriptor(reader);
    if (section === SECTION.data) break;
    if (section === SECTION.applicationProperties) readApplicationProperties(reader, draft);
    else reader.skip();
  }
  return draft.properties;
}

// Returns 1 when the section was (part of) the body.
function readSection(reader: Reader, draft: Draft, bodies: number): 0 | 1 {
  switch (readDescriptor(reader)) {
    case SECTION.messageAnnotations:
      readAnnotations(reader, draft);
      return 0;
    case SECTION.properties:
      readProperties(reader, draft);
      return 0;
    case SECTION.applicationProperties:
      readApplicationProperties(reader, draft);
      return 0;
    case SECTION.data: {
      const data = readBinary(reader);
      draft.body = bodies === 0 ? data : Buffer.concat([draft.body, data]);
      return 1;
    }
    case SECTION.value:
      if (bodies > 0) throw new AmqpDecodeError("The message has two bodies.");
      draft.body = valueBody(readValue(reader));
      return 1;
    case SECTION.sequence:
      throw new AmqpDecodeError("A sequence is no body of a device-to-cloud message.");
    case SECTION.header:
    case SECTION.deliveryAnnotations:
    case SECTION.footer:
      reader.skip();
      return 0;
    default:
      throw new AmqpDecodeError("The message has a section that AMQP does not know.");
  }
}

function readProperties(reader: Reader, draft: Draft): void {
  const count = readListHeader(reader);
  for (let i = 0; i < count; i++) {
    const field = PROPERTIES[i];
    if (field === undefined) {
      reader.skip();
      continue;
    }
    const text = readText(reader);
    if (text === undefined) continue;
    if (field !== "absoluteExpiryTime" && field !== "creationTime") draft[field] = text;
    else setTime(draft, field, text);
  }
}

function readApplicationProperties(reader: Reader, draft: Draft): void {
  const pairs = readMapHeader(reader);
  for (let i = 0; i < pairs; i++) {
    const name = readText(reader);
    const value = readText(reader) ?? "";
    if (name === undefined) throw new AmqpDecodeError("An application property has no name.");
    const field = SPECIAL.get(name);
    if (field === undefined) draft.properties.set(name, value);
    else if (field !== "stamped") draft[field] = value;
  }
}

function readAnnotations(reader: Reader, draft: Draft): void {
  const pairs = readMapHeader(reader);
  for (let i = 0; i < pairs; i++) {
    const field = ANNOTATIONS.get(readValue(reader));
    if (field === undefined) reader.skip();
    else {
      const text = readText(reader);
      if (text !== undefined) draft[field] = text;
    }
  }
}

// Text that is no date is left out, as the hub's HTTPS front does.
function setTime(draft: Draft, field: TimeField, text: string): void {
  const at = Date.parse(text);
  if (Number.isFinite(at)) draft[field] = at;
}

/** Any scalar as text; `undefined` for null. Strings come first because they are nearly all there is. */
function readText(reader: Reader): string | undefined {
  reader.need(1);
  if (reader.bytes[reader.position] === 0xa1) {
    reader.position++;
    return reader.text(reader.uint8());
  }
  const value = readValue(reader);
  return value === null ? undefined : asText(value);
}

function asText(value: AmqpValue): string {
  if (typeof value === "string") return value;
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength).toString();
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? "" : value.toISOString();
  if (value instanceof Uuid) return value.toString();
  if (value === null) return "";
  if (typeof value === "object") throw new AmqpDecodeError("A property holds a value that is no text.");
  return String(value);
}

function valueBody(value: AmqpValue): Buffer {
  if (value instanceof Uint8Array) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (typeof value === "string") return Buffer.from(value);
  throw new AmqpDecodeError("The body is neither bytes nor text.");
}
