/** Device-to-cloud messages over HTTPS: one message whose properties are headers, or a JSON batch. */
import type { DeviceMessage } from "iot-hub-protocol";
import { HubError } from "../hub/errors.ts";
import { withCreationTime } from "../hub/events/telemetry.ts";
import { requireObject } from "../hub/registry/identity-fields.ts";
import { readJson } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";

const BATCH_TYPE = "application/vnd.microsoft.iothub.json";
/** Room for 256 KB of messages in base64 with their properties in JSON. */
const EVENTS_BYTES: number = 1024 * 1024;
const PROPERTY_PREFIX = "iothub-app-";

type TextField = "messageId" | "correlationId" | "userId" | "to" | "ack" | "contentType" | "contentEncoding";
type PlainField = TextField | "messageSchema" | "interfaceId" | "subject";

/** By lower-case header name. */
const TEXT_HEADERS: ReadonlyMap<string, PlainField> = new Map<string, PlainField>([
  ["iothub-messageid", "messageId"],
  ["iothub-correlationid", "correlationId"],
  ["iothub-userid", "userId"],
  ["iothub-to", "to"],
  ["iothub-ack", "ack"],
  ["iothub-contenttype", "contentType"],
  ["iothub-contentencoding", "contentEncoding"],
  ["iothub-messageschema", "messageSchema"],
  ["iothub-interface-id", "interfaceId"],
  ["dt-subject", "subject"],
]);
const TIME_HEADERS: ReadonlyMap<string, "absoluteExpiryTime" | "creationTime"> = new Map<
  string,
  "absoluteExpiryTime" | "creationTime"
>([
  ["iothub-expiry", "absoluteExpiryTime"],
  ["iothub-creationtimeutc", "creationTime"],
]);

export const DEVICE_EVENT_ROUTES: readonly Route[] = [
  "/devices/:deviceId/messages/events",
  "/devices/:deviceId/modules/:moduleId/messages/events",
].map((path) => ({ method: "POST", path, access: { kind: "device" }, maxBody: EVENTS_BYTES, handle: send }));

async function send(request: HubRequest): Promise<HubResponse> {
  const { hub, headers, sender } = request;
  if (sender === undefined) throw new Error("A device route was called without its sender.");
  const isBatch = headers["content-type"]?.split(";")[0]?.trim().toLowerCase() === BATCH_TYPE;
  const messages = isBatch ? batchOf(readJson(request)) : [messageOf(request.body, pairs(request.rawHeaders))];
  await hub.acceptTelemetry(sender.identity, messages, sender.authentication);
  return { status: 204 };
}

function batchOf(document: unknown): readonly DeviceMessage[] {
  if (!Array.isArray(document)) throw new HubError("ArgumentInvalid", "A batch is an array of messages.");
  return document.map((item) => {
    const { body, base64Encoded, properties } = requireObject(item, "Each message of a batch");
    if (typeof body !== "string")
      throw new HubError("ArgumentInvalid", "Each message of a batch needs a body in text.");
    const entries = Object.entries(requireObject(properties ?? {}, "properties"));
    return messageOf(base64Encoded === false ? Buffer.from(body, "utf8") : fromBase64(body), entries);
  });
}

function messageOf(body: Buffer, headers: Iterable<readonly [string, unknown]>): DeviceMessage {
  const message: { -readonly [K in keyof DeviceMessage]: DeviceMessage[K] } = { body, properties: new Map() };
  const properties = new Map<string, string>();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const [text, time] = [TEXT_HEADERS.get(key), TIME_HEADERS.get(key)];
    if (text !== undefined) message[text] = textOf(name, value);
    else if (time !== undefined) message[time] = timeOf(name, value);
    else if (key.startsWith(PROPERTY_PREFIX)) properties.set(name.slice(PROPERTY_PREFIX.length), textOf(name, value));
  }
  return withCreationTime({ ...message, properties });
}

function* pairs(rawHeaders: readonly string[]): Generator<readonly [string, string]> {
  for (let i = 0; i + 1 < rawHeaders.length; i += 2) yield [rawHeaders[i] ?? "", rawHeaders[i + 1] ?? ""];
}

function textOf(name: string, value: unknown): string {
  if (typeof value !== "string") throw new HubError("ArgumentInvalid", `${name} must be a string.`);
  return value;
}

function timeOf(name: string, value: unknown): number {
  const at = typeof value === "string" ? Date.parse(value) : Number.NaN;
  if (Number.isNaN(at)) throw new HubError("ArgumentInvalid", `${name} must be a date.`);
  return at;
}

function fromBase64(text: string): Buffer {
  if (!/^[A-Za-z0-9+/]*={0,2}$/.test(text)) throw new HubError("IotHubFormatError", "A message body is not base64.");
  return Buffer.from(text, "base64");
}
