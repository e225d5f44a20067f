/** How a user says what a message is made of: template, content type, properties. Every refusal names its field. */
import { AZURE_IOT_HUB_DEFAULTS, type AzureIotHubOptions } from "../../core/integration.ts";
import { badRequest } from "../api-error.ts";
import { optionalFlag, optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";
import { checkTemplate, templateOf } from "./template-field.ts";

const MAX_PROPERTIES = 20;
const MAX_PROPERTY_NAME = 64;
const MAX_PROPERTY_TEMPLATE = 1_024;

/** In names a hub can route by: the characters of an HTTP header's name [RFC 9110 5.6.2]. */
const TOKEN = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;
const CONTENT_TYPE = /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+(?: *; *[\w-]+=(?:[\w!#$&^.+-]+|"[^"\\]*"))*$/;

/** Written by the bridge itself. */
const OWN_PROPERTIES = new Set(["event", "seq"]);

export type MessageOptions = Pick<AzureIotHubOptions, "template" | "contentType" | "properties" | "parseData">;

/** Throws 400 with the field's name in the error. What is left out has its default. */
export function messageOptions(fields: Fields): MessageOptions {
  return {
    template: templateOf(fields["json"]),
    contentType: contentTypeOf(fields),
    properties: propertiesOf(fields["message_properties"]),
    parseData: optionalFlag(fields, "parse_data") ?? AZURE_IOT_HUB_DEFAULTS.parseData,
  };
}

function contentTypeOf(fields: Fields): string {
  const contentType = optionalText(fields, "content_type", 128);
  if (contentType === null) return AZURE_IOT_HUB_DEFAULTS.contentType;
  if (!CONTENT_TYPE.test(contentType)) throw badRequest("content_type must be a media type, as application/json is");
  return contentType;
}

/** Names and values; from a form, the same as JSON text. */
function propertiesOf(value: unknown): Readonly<Record<string, string>> {
  if (value === undefined || value === null || value === "") return AZURE_IOT_HUB_DEFAULTS.properties;
  const given = typeof value === "string" ? parsed(value) : value;
  if (typeof given !== "object" || given === null || Array.isArray(given)) {
    throw badRequest("message_properties must be an object of names and texts");
  }
  const entries = Object.entries(given);
  if (entries.length > MAX_PROPERTIES) throw badRequest(`message_properties takes at most ${MAX_PROPERTIES}`);
  const names = new Set<string>();
  for (const [name, text] of entries) {
    checkName(name, names);
    checkValue(name, text);
    names.add(name.toLowerCase());
  }
  return Object.fromEntries(entries.map(([name, text]) => [name, String(text)]));
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** A hub's routing queries know no letter case. */
function checkName(name: string, earlier: ReadonlySet<string>): void {
  const lower = name.toLowerCase();
  if (!TOKEN.test(name) || name.length > MAX_PROPERTY_NAME) {
    throw badRequest(
      `message_properties: a name has 1 to ${MAX_PROPERTY_NAME} letters, digits and ! # $ % & ' * + - . ^ _ \` | ~`,
    );
  }
  if (OWN_PROPERTIES.has(lower)) throw badRequest(`message_properties.${name} is always there and cannot be set`);
  if (lower.startsWith("iothub-") || name.startsWith("$")) {
    throw badRequest(`message_properties.${name}: names that begin with iothub- or $ are the hub's own`);
  }
  if (earlier.has(lower)) {
    throw badRequest(`message_properties.${name} is there twice: a hub's routes know no letter case`);
  }
}

function checkValue(name: string, value: unknown): void {
  const where = `message_properties.${name}`;
  if (typeof value === "number" || typeof value === "boolean") return;
  if (typeof value !== "string") throw badRequest(`${where} must be a text`);
  if (value.length > MAX_PROPERTY_TEMPLATE) {
    throw badRequest(`${where} must have at most ${MAX_PROPERTY_TEMPLATE} characters`);
  }
  if (/\p{Cc}|\p{Cs}/u.test(value)) throw badRequest(`${where} must not hold control characters`);
  checkTemplate(value, where);
}
