/** Mustache templates as fields of a request: judged when they are saved, so that a slip is told once and not by every event. */
import { mustacheFault, templateFault } from "../../message/template-check.ts";
import { badRequest } from "../api-error.ts";

const MAX_TEMPLATE_BYTES = 16 * 1024;
const MAX_TEMPLATE_DEPTH = 16;

/** The field `json`: a text, an object whose strings are templates, or nothing. */
export function templateOf(json: unknown): string | object | null {
  if (json === undefined || json === null || json === "") return null;
  if (typeof json !== "string" && (typeof json !== "object" || Array.isArray(json))) {
    throw badRequest("json must be an object or a text");
  }
  // Before anything walks through it: what is nested a hundred thousand times would end every such walk.
  if (isDeeperThan(MAX_TEMPLATE_DEPTH, json)) {
    throw badRequest(`json must not be nested deeper than ${MAX_TEMPLATE_DEPTH}`);
  }
  const size = Buffer.byteLength(typeof json === "string" ? json : JSON.stringify(json));
  if (size > MAX_TEMPLATE_BYTES) throw badRequest(`json must have at most ${MAX_TEMPLATE_BYTES} bytes`);
  const fault = templateFault(json);
  if (fault !== null) throw badRequest(`${placeIn("json", fault.path)} cannot be rendered: ${fault.reason}`);
  return json;
}

/** Throws 400 with the field's name for a text that cannot be rendered. */
export function checkTemplate(text: string, field: string): void {
  const fault = mustacheFault(text);
  if (fault !== null) throw badRequest(`${field} cannot be rendered: ${fault}`);
}

function isDeeperThan(levels: number, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeperThan(levels - 1, inner));
}

/** The user's own names, where they are simple enough to stand in a sentence. */
function placeIn(field: string, path: readonly string[]): string {
  return [field, ...path.map((name) => (/^[\w-]{1,64}$/.test(name) ? name : "…"))].join(".");
}
