/**
 * The form in which the hub keeps a message and hands it to readers of the Event Hubs-compatible endpoint: encoded once,
 * when it is appended, with the annotations the hub stamped on it.
 */
import { Buffer } from "node:buffer";
import { type DeviceMessage, STAMPS } from "iot-hub-protocol";
import type { EventAnnotations } from "../hub/events/telemetry.ts";
import { SECTION } from "./sections.ts";
import { writeApplicationProperties, writeProperties } from "./message-sections.ts";
import { Writer } from "./writer.ts";

/** Where messages take shape before they are copied to their own size. Holds nothing between calls. */
const scratch = new Writer(4096);

/** Messages with larger bodies get a buffer of their own, so that the scratch stays small. */
const SCRATCH_BODY = 64 * 1024;

/** Encodes message annotations, properties, application properties and one data section. The result shares no memory. */
export function encodeStoredMessage(message: DeviceMessage, annotations: EventAnnotations): Buffer {
  const writer = message.body.byteLength > SCRATCH_BODY ? new Writer(message.body.byteLength + 4096) : scratch;
  writer.length = 0;
  writeAnnotations(writer, annotations);
  writeProperties(writer, message);
  writeApplicationProperties(writer, message);
  writer.described(SECTION.data);
  writer.binary(message.body);
  return exact(writer);
}

// Events live long, so they own just the bytes they need. In Node's pool each would hold on to 8 KB until its neighbours are
// gone too, and those are buffers of a moment or events of partitions that forget at another pace.
function exact(writer: Writer): Buffer {
  const bytes = Buffer.allocUnsafeSlow(writer.length);
  writer.bytes.copy(bytes, 0, 0, writer.length);
  return bytes;
}

function writeAnnotations(writer: Writer, stamps: EventAnnotations): void {
  writer.described(SECTION.messageAnnotations);
  const mark = writer.beginCompound(0xd1);
  let pairs = 7;
  writer.raw(KEYS.sequenceNumber);
  writer.long(stamps.sequenceNumber);
  writer.raw(KEYS.offset);
  writer.string(stamps.offset);
  writer.raw(KEYS.eventHubEnqueuedTime);
  writer.timestamp(stamps.enqueuedTime);
  writer.raw(KEYS.partitionKey);
  writer.string(stamps.partitionKey);
  writer.raw(KEYS.deviceId);
  writer.string(stamps.deviceId);
  if (stamps.moduleId !== undefined) pairs += addText(writer, KEYS.moduleId, stamps.moduleId);
  if (stamps.authMethod !== undefined) pairs += addText(writer, KEYS.authMethod, stamps.authMethod);
  if (stamps.generationId !== undefined) pairs += addText(writer, KEYS.generationId, stamps.generationId);
  writer.raw(KEYS.enqueuedTime);
  writer.timestamp(stamps.hubEnqueuedTime);
  writer.raw(KEYS.source);
  writer.string(stamps.source);
  if (stamps.modelId !== undefined) pairs += addText(writer, KEYS.modelId, stamps.modelId);
  if (stamps.interfaceId !== undefined) pairs += addText(writer, KEYS.interfaceId, stamps.interfaceId);
  if (stamps.subject !== undefined) pairs += addText(writer, KEYS.subject, stamps.subject);
  writer.endCompound(mark, pairs * 2);
}

function addText(writer: Writer, key: Buffer, value: string): 1 {
  writer.raw(key);
  writer.string(value);
  return 1;
}

/** Annotation names as encoded symbols. */
const KEYS = {
  sequenceNumber: symbol(STAMPS.sequenceNumber),
  offset: symbol(STAMPS.offset),
  eventHubEnqueuedTime: symbol(STAMPS.eventHubEnqueuedTime),
  partitionKey: symbol(STAMPS.partitionKey),
  deviceId: symbol(STAMPS.deviceId),
  moduleId: symbol(STAMPS.moduleId),
  authMethod: symbol(STAMPS.authMethod),
  generationId: symbol(STAMPS.generationId),
  enqueuedTime: symbol(STAMPS.enqueuedTime),
  source: symbol(STAMPS.source),
  interfaceId: symbol("iothub-interface-id"),
  modelId: symbol("dt-dataschema"),
  subject: symbol("dt-subject"),
} as const;

function symbol(text: string): Buffer {
  const writer = new Writer(text.length + 2);
  writer.symbol(text);
  return writer.written();
}
