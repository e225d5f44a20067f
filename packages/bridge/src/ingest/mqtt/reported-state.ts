/** What a device publishes on `devices/{id}/state/reported`: a JSON merge patch of what it is like. */
import { isUtf8 } from "node:buffer";
import type { JsonObject } from "../../core/json.ts";

/** No twin holds more levels within its section. Looked at before anybody walks through it. */
const MAX_DEPTH = 10;

/** The patch, or a sentence about what is wrong with it. */
export function parseReported(payload: Buffer): JsonObject | string {
  const patch = parsed(payload);
  if (typeof patch !== "object" || patch === null || Array.isArray(patch))
    return "A reported state is a JSON object, in UTF-8.";
  if (isDeeper(patch, MAX_DEPTH + 1)) return `A state is at most ${MAX_DEPTH} levels deep.`;
  return patch as JsonObject;
}

function parsed(payload: Buffer): unknown {
  if (!isUtf8(payload)) return undefined;
  try {
    return JSON.parse(payload.toString("utf8"));
  } catch {
    return undefined;
  }
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== "object" || value === null) return false;
  return levels === 0 || Object.values(value).some((inner) => isDeeper(inner, levels - 1));
}
