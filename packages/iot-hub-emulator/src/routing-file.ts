/** Routes, endpoints and enrichments from a JSON file, as the command is given one. */
import { readFileSync } from "node:fs";
import { parseRouting } from "./hub/routing/routing-settings.ts";
import type { RoutingSettings } from "./hub/routing/routing-settings.ts";

/** Throws an error whose message says what is wrong with the file, and where. */
export function readRoutingFile(file: string): RoutingSettings {
  const text = readFileSync(file, "utf8");
  let document: unknown;
  try {
    document = JSON.parse(text);
  } catch (cause) {
    throw new Error(`${file} is no JSON: ${(cause as Error).message}`, { cause });
  }
  return parseRouting(document);
}
