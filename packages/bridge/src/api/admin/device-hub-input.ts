/** What is said of a device in a hub, read strictly. */
import type { FastifyRequest } from "fastify";
import type { MethodCall, TwinPatch } from "../../core/device-desk.ts";
import { newEventId } from "../../core/ids.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { isWithinBounds, TWIN_BOUNDS } from "../../core/json-bounds.ts";
import type { Acknowledgement, CloudToDeviceMessage } from "../../core/twin-hub.ts";
import { badRequest } from "../api-error.ts";
import {
  fieldsOf,
  missing,
  optionalInteger,
  optionalText,
  requiredOneOf,
  requiredText,
  type Fields,
} from "../bodies.ts";

const LARGEST_PAYLOAD = 131_072;
const SECONDS = { response: { least: 5, usual: 30 }, connect: { least: 0, usual: 0 }, most: 300 } as const;
/** A hub keeps a message for two days at most. */
const LIFE_SECONDS = { usual: 3_600, most: 172_800 } as const;
const ACKS: readonly Acknowledgement[] = ["none", "positive", "negative", "full"];
const MAX_PROPERTIES = 50;

export function statusIn(request: FastifyRequest): "enabled" | "disabled" {
  return requiredOneOf(fieldsOf(request), "status", ["enabled", "disabled"]);
}

export function keyIn(request: FastifyRequest): "primary" | "secondary" | "swap" {
  return requiredOneOf(fieldsOf(request), "key", ["primary", "secondary", "swap"]);
}

/** For how long a token stands for the device: a day at most. */
export function tokenIn(request: FastifyRequest): { readonly key: "primary" | "secondary"; readonly minutes: number } {
  const fields = fieldsOf(request);
  const key = fields["key"] === undefined ? "primary" : requiredOneOf(fields, "key", ["primary", "secondary"]);
  return { key, minutes: optionalInteger(fields, "minutes", 1, 1_440) ?? 60 };
}

/** With the etag that the twin had when it was read; `null`: whatever it is like by now. */
export function twinPatchIn(request: FastifyRequest): { readonly patch: TwinPatch; readonly etag: string | null } {
  const fields = fieldsOf(request);
  const tags = section(fields, "tags");
  const desired = section(fields, "desired");
  if (tags === undefined && desired === undefined) throw badRequest("tags or desired is required");
  const patch = { ...(tags && { tags }), ...(desired && { desired }) };
  return { patch, etag: optionalText(fields, "etag", 200) };
}

export function methodIn(request: FastifyRequest): MethodCall {
  const fields = fieldsOf(request);
  const { response, connect, most } = SECONDS;
  const payload = (fields["payload"] ?? null) as Json;
  if (Buffer.byteLength(JSON.stringify(payload)) > LARGEST_PAYLOAD) {
    throw badRequest("payload must have at most 128 KB");
  }
  return {
    name: requiredText(fields, "method", 128),
    payload,
    responseTimeout: optionalInteger(fields, "response_timeout_seconds", response.least, most) ?? response.usual,
    connectTimeout: optionalInteger(fields, "connect_timeout_seconds", connect.least, most) ?? connect.usual,
  };
}

export function messageIn(request: FastifyRequest, now: number): CloudToDeviceMessage {
  const fields = fieldsOf(request);
  const { body } = fields;
  if (body === undefined) missing("body");
  const correlationId = messageIdIn(fields, "correlation_id");
  const life = optionalInteger(fields, "expires_in", 1, LIFE_SECONDS.most) ?? LIFE_SECONDS.usual;
  return {
    messageId: messageIdIn(fields, "message_id") ?? newEventId(now),
    body: Buffer.from(typeof body === "string" ? body : JSON.stringify(body)),
    expiresAt: now + life * 1_000,
    contentType: contentTypeIn(fields) ?? "application/json",
    ...(correlationId !== null && { correlationId }),
    ack: fields["ack"] === undefined || fields["ack"] === null ? "none" : requiredOneOf(fields, "ack", ACKS),
    properties: propertiesIn(fields),
  };
}

/** As hubs take them. */
function messageIdIn(fields: Fields, field: "message_id" | "correlation_id"): string | null {
  const id = optionalText(fields, field, 128);
  if (id === null || /^[A-Za-z0-9\-:.+%_#*?!(),=@;$']+$/.test(id)) return id;
  throw badRequest(`${field} must have letters, digits and - : . + % _ # * ? ! ( ) , = @ ; $ ' alone`);
}

function contentTypeIn(fields: Fields): string | null {
  const type = optionalText(fields, "content_type", 128);
  if (type === null || /^[\x20-\x7e]+$/.test(type)) return type;
  throw badRequest("content_type must have printable ASCII characters alone");
}

function propertiesIn(fields: Fields): Readonly<Record<string, string>> {
  const { properties } = fields;
  if (properties === undefined || properties === null) return {};
  if (!isObject(properties)) throw badRequest("properties must be an object of texts");
  const entries = Object.entries(properties);
  if (entries.length > MAX_PROPERTIES) throw badRequest(`properties must have at most ${MAX_PROPERTIES} entries`);
  for (const [name, value] of entries) {
    if (typeof value !== "string") throw badRequest("properties must be an object of texts");
    if (!/^[\x21-\x7e]{1,128}$/.test(name) || !/^[\x20-\x7e]{0,1024}$/.test(value)) {
      throw badRequest("properties must have names and values of printable ASCII characters");
    }
    if (/^(iothub-|\$)/i.test(name)) throw badRequest("properties must not have names that begin with iothub- or $");
  }
  return properties as Readonly<Record<string, string>>;
}

function section(fields: Fields, name: "tags" | "desired"): JsonObject | undefined {
  const value = fields[name];
  if (value === undefined || value === null) return undefined;
  if (!isObject(value)) throw badRequest(`${name} must be a JSON object`);
  if (!isWithinBounds(value as JsonObject, TWIN_BOUNDS)) throw badRequest(`${name} holds more than a twin can`);
  return value as JsonObject;
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
