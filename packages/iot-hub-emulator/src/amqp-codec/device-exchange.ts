/** Messages of a device's twin and method links, as the hub writes them. */
import { Buffer } from "node:buffer";
import { type AmqpMessage, writeMessageId } from "./message.ts";
import { SECTION } from "./sections.ts";
import { type AmqpValue, Uuid } from "./values.ts";
import { Writer } from "./writer.ts";

export interface TwinResponse {
  /** As the device sent it, in its own type. */
  readonly correlationId: AmqpValue | undefined;
  /** As in HTTP. */
  readonly status: number;
  /** Of the reported properties, after they were changed. */
  readonly version?: number;
  /** JSON text. */
  readonly body?: string;
}

export function encodeTwinResponse({ correlationId, status, version, body = "" }: TwinResponse): Buffer {
  const writer = new Writer(body.length + 256);
  writer.described(SECTION.messageAnnotations);
  const mark = writer.beginCompound(0xd1);
  writer.symbol("status");
  writer.int(status);
  if (version !== undefined) {
    writer.symbol("version");
    writer.long(version);
  }
  writer.endCompound(mark, version === undefined ? 2 : 4);
  writeCorrelationId(writer, correlationId);
  writeBody(writer, Buffer.from(body));
  return writer.written();
}

/** Where desired properties are subscribed to, and what their notifications are called. */
export const DESIRED_RESOURCE = "/notifications/twin/properties/desired";

/** A change of desired properties. Clients know it by what it lacks: a correlation id. */
export function encodeDesiredChange(body: string): Buffer {
  const writer = new Writer(body.length + 256);
  writer.described(SECTION.messageAnnotations);
  const mark = writer.beginCompound(0xd1);
  writer.symbol("resource");
  writer.string(DESIRED_RESOURCE);
  writer.endCompound(mark, 2);
  writeBody(writer, Buffer.from(body));
  return writer.written();
}

/** A call of a direct method; `requestId` is a uuid. */
export function encodeMethodCall(requestId: string, methodName: string, payload: Buffer): Buffer {
  const writer = new Writer(payload.length + 512);
  writeCorrelationId(writer, new Uuid(Buffer.from(requestId.replaceAll("-", ""), "hex")));
  writer.described(SECTION.applicationProperties);
  const mark = writer.beginCompound(0xd1);
  writer.string("IoThub-methodname");
  writer.string(methodName);
  writer.endCompound(mark, 2);
  writeBody(writer, payload);
  return writer.written();
}

export interface MethodAnswer {
  readonly requestId: string;
  readonly status: number;
  readonly payload: Buffer;
}

/** What a device answers to a call; `undefined` when it names no call or no status. */
export function methodAnswer({ properties, applicationProperties, body }: AmqpMessage): MethodAnswer | undefined {
  const id = properties.correlationId;
  const status = Number(applicationProperties.get("IoThub-status"));
  if (!(typeof id === "string" || id instanceof Uuid) || !Number.isInteger(status)) return undefined;
  return { requestId: id.toString().toLowerCase(), status, payload: bodyBytes(body) };
}

/** The bytes of a body that is data or text; empty without one. */
export function bodyBytes(body: AmqpMessage["body"]): Buffer {
  if (typeof body === "string") return Buffer.from(body);
  return body instanceof Uint8Array ? Buffer.from(body.buffer, body.byteOffset, body.byteLength) : Buffer.alloc(0);
}

function writeCorrelationId(writer: Writer, id: AmqpValue | undefined): void {
  writer.described(SECTION.properties);
  const mark = writer.beginCompound(0xd0);
  for (let i = 0; i < 5; i++) writer.null();
  writeMessageId(writer, id);
  writer.endCompound(mark, 6);
}

function writeBody(writer: Writer, body: Buffer): void {
  writer.described(SECTION.data);
  writer.binary(body);
}
