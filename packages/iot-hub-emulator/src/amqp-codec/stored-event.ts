/** Reads back what the hub stored, for those who look at events inside the process. */
import { STAMPS } from "iot-hub-protocol";
import type { DecodedMessage } from "../hub/events/hub-event.ts";
import { decodeMessage } from "./message.ts";
import { Uuid } from "./values.ts";
import type { AmqpValue } from "./values.ts";

/** Throws `AmqpDecodeError` for what is not a message. */
export function decodeStoredEvent(message: Buffer): DecodedMessage {
  const decoded = decodeMessage(message);
  const annotations = plainRecord(decoded.annotations);
  const moduleId = annotations[STAMPS.moduleId];
  const body = bytesOf(decoded.body);
  return {
    deviceId: String(annotations[STAMPS.deviceId] ?? ""),
    ...(moduleId === undefined ? {} : { moduleId: String(moduleId) }),
    source: String(annotations[STAMPS.source] ?? ""),
    body,
    get json() {
      return jsonOf(body);
    },
    properties: textRecord(decoded.applicationProperties),
    systemProperties: plainRecord(Object.entries(decoded.properties)),
    annotations,
  };
}

function textRecord(values: Iterable<readonly [string, AmqpValue]>): Record<string, string> {
  return Object.fromEntries(Object.entries(plainRecord(values)).map(([name, value]) => [name, String(value)]));
}

function plainRecord(values: Iterable<readonly [string, AmqpValue]>): Record<string, string | number> {
  const record: Record<string, string | number> = {};
  for (const [name, value] of values) {
    const plain = plainOf(value);
    if (plain !== undefined) record[name] = plain;
  }
  return record;
}

function plainOf(value: AmqpValue): string | number | undefined {
  if (typeof value === "string" || typeof value === "number") return value;
  if (value instanceof Date) return value.getTime();
  if (value instanceof Uint8Array) return bytesOf(value).toString();
  if (value instanceof Uuid || typeof value === "bigint" || typeof value === "boolean") return String(value);
  return undefined;
}

function bytesOf(body: AmqpValue | undefined): Buffer {
  if (body instanceof Uint8Array) return Buffer.from(body.buffer, body.byteOffset, body.byteLength);
  return Buffer.from(typeof body === "string" ? body : "");
}

function jsonOf(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString()) as unknown;
  } catch {
    return undefined;
  }
}
