/**
 * Messages that are locked for who receives them: cloud-to-device messages, and what the hub tells services. The types of
 * the annotations are those that .NET asks for; it passes over any other.
 */
import type { DeviceMessage } from "iot-hub-protocol";
import { writeApplicationProperties, writeProperties } from "./message-sections.ts";
import { SECTION } from "./sections.ts";
import { Writer } from "./writer.ts";

export interface MessageLock {
  /** A uuid. */
  readonly lockToken: string;
  readonly sequenceNumber: number;
  /** Unix milliseconds. */
  readonly enqueuedTime: number;
  readonly deliveryCount: number;
}

export function encodeLockedMessage(message: DeviceMessage, lock: MessageLock): Buffer {
  const writer = new Writer(message.body.byteLength + 512);
  writeLock(writer, lock);
  writeProperties(writer, message);
  writeApplicationProperties(writer, message);
  writer.described(SECTION.data);
  writer.binary(message.body);
  return writer.written();
}

function writeLock(writer: Writer, { lockToken, sequenceNumber, enqueuedTime, deliveryCount }: MessageLock): void {
  writer.described(SECTION.messageAnnotations);
  const mark = writer.beginCompound(0xd1);
  writer.symbol("x-opt-lock-token");
  writer.string(lockToken);
  writer.symbol("x-opt-sequence-number");
  writer.ulong(sequenceNumber);
  writer.symbol("iothub-enqueuedtime");
  writer.timestamp(enqueuedTime);
  writer.symbol("iothub-deliverycount");
  writer.ubyte(Math.min(255, deliveryCount));
  writer.endCompound(mark, 8);
}
