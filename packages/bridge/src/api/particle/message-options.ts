/** How a user says what a message is made of: template, content type, properties. */
import mustache from "mustache";
import { AZURE_IOT_HUB_DEFAULTS, type AzureIotHubOptions } from "../../core/integration.ts";
import { badRequest } from "../api-error.ts";
import { optionalFlag, optionalText } from "../bodies.ts";
import type { Fields } from "../bodies.ts";

const MAX_TEMPLATE_BYTES = 16 * 1024;
const MAX_TEMPLATE_DEPTH = 16;

type MessageOptions = Pick<AzureIotHubOptions, "template" | "contentType" | "properties" | "parseData">;

/** Throws 400 with the field's name in the error. What is left out has its default. */
export function messageOptions(fields: Fields): MessageOptions {
  return {
    template: templateOf(fields["json"]),
    contentType: optionalText(fields, "content_type", 128) ?? AZURE_IOT_HUB_DEFAULTS.contentType,
    properties: AZURE_IOT_HUB_DEFAULTS.properties,
    parseData: optionalFlag(fields, "parse_data") ?? AZURE_IOT_HUB_DEFAULTS.parseData,
  };
}

function templateOf(json: unknown): string | object | null {
  if (json === undefined || json === null || json === "") return null;
  if (typeof json !== "string" && (typeof json !== "object" || Array.isArray(json))) {
    throw badRequest("json must be an object or a text");
  }
  const size = Buffer.byteLength(typeof json === "string" ? json : JSON.stringify(json));
  if (size > MAX_TEMPLATE_BYTES) throw badRequest(`json must have at most ${MAX_TEMPLATE_BYTES} bytes`);
  checkTemplate(json, 0);
  return json;
}

/** Parses every text in the template once, so that a missing brace is told now and not for every event. */
function checkTemplate(value: unknown, depth: number): void {
  if (depth > MAX_TEMPLATE_DEPTH) throw badRequest(`json must not be nested deeper than ${MAX_TEMPLATE_DEPTH}`);
  if (typeof value === "string") {
    try {
      mustache.parse(value);
    } catch {
      throw badRequest("json is not a valid Mustache template: a tag or section is not closed");
    }
  } else if (typeof value === "object" && value !== null) {
    for (const inner of Object.values(value)) checkTemplate(inner, depth + 1);
  }
}
