/**
 * The property bag at the end of an MQTT topic: `key=value&…`, both sides percent-encoded. System properties have short
 * names that start with `$.`; clients often encode the `$`, so names are decoded before they are compared.
 */
import type { DeviceMessage } from "./message.ts";

type TextField =
  | "messageId"
  | "correlationId"
  | "userId"
  | "to"
  | "contentType"
  | "contentEncoding"
  | "messageSchema"
  | "outputName"
  | "interfaceId"
  | "subject";
type TimeField = "absoluteExpiryTime" | "creationTime";

// Maps, because a name comes from outside and may be one that every object inherits.
const TEXT_FIELDS: ReadonlyMap<string, TextField> = new Map<string, TextField>([
  ["$.mid", "messageId"],
  ["$.cid", "correlationId"],
  ["$.uid", "userId"],
  ["$.to", "to"],
  ["$.ct", "contentType"],
  ["$.ce", "contentEncoding"],
  ["$.schema", "messageSchema"],
  ["$.on", "outputName"],
  ["$.ifid", "interfaceId"],
  ["$.sub", "subject"],
]);
const TIME_FIELDS: ReadonlyMap<string, TimeField> = new Map<string, TimeField>([
  ["$.exp", "absoluteExpiryTime"],
  ["$.ctime", "creationTime"],
]);

/** Device and module id of the connection. The hub stamps what it knows of the sender, so what the sender says is dropped. */
const STAMPED: ReadonlySet<string> = new Set(["$.cdid", "$.cmid"]);

/** Writes a message's properties as a property bag: system properties first, then application properties. */
export function formatPropertyBag(message: Omit<DeviceMessage, "body">): string {
  const parts: string[] = [];
  const add = (key: string, value: string): number =>
    parts.push(`${encodeURIComponent(key)}=${encodeURIComponent(value)}`);
  for (const [key, field] of TEXT_FIELDS) {
    const value = message[field];
    if (value !== undefined) add(key, value);
  }
  for (const [key, field] of TIME_FIELDS) {
    const value = message[field];
    if (value !== undefined) add(key, new Date(value).toISOString());
  }
  if (message.ack !== undefined) add("iothub-ack", message.ack);
  for (const [key, value] of message.properties) add(key, value);
  return parts.join("&");
}

/**
 * Reads a property bag; `undefined` when its encoding is broken. A key alone stands for null and reads as the empty
 * string; a trailing slash, which the Node SDK adds for outputs, is ignored.
 */
export function parsePropertyBag(bag: string): Omit<DeviceMessage, "body"> | undefined {
  const system: { -readonly [K in TextField]?: string } & { -readonly [K in TimeField]?: number } & { ack?: string } =
    {};
  const properties = new Map<string, string>();
  for (const part of bag.replace(/\/$/, "").split("&")) {
    if (part === "") continue;
    const split = part.indexOf("=");
    const [key, value] = split < 0 ? [decode(part), ""] : [decode(part.slice(0, split)), decode(part.slice(split + 1))];
    if (key === undefined || value === undefined) return undefined;
    const text = TEXT_FIELDS.get(key);
    const time = TIME_FIELDS.get(key);
    if (text !== undefined) system[text] = value;
    else if (time !== undefined) {
      const at = Date.parse(value);
      if (Number.isFinite(at)) system[time] = at;
    } else if (key === "iothub-ack") system.ack = value;
    else if (!STAMPED.has(key)) properties.set(key, value);
  }
  return { ...system, properties };
}

function decode(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
