/**
 * A row of a query: names are looked up in what is stored, and the document that services see is made only for rows that
 * are shown or asked for something that is not stored as it is.
 */
import type { DeviceRecord } from "../registry/devices.ts";
import type { JsonObject } from "../twins/twin.ts";
import { valueAt } from "./condition.ts";
import type { Resolve } from "./condition.ts";

export interface Row {
  readonly resolve: Resolve;
  readonly document: () => JsonObject;
}

/** A device or module; `format` makes its document. */
export function twinRow({ identity, twin }: DeviceRecord, format: () => JsonObject): Row {
  let made: JsonObject | undefined;
  const document = (): JsonObject => (made ??= format());
  const resolve: Resolve = ({ segments }) => {
    const [first, second, third] = segments;
    if (first === "tags") return valueAt(twin.tags, segments, 1);
    if (first === "deviceId" && second === undefined) return identity.deviceId;
    // A section's own `$version` and `$metadata` stand elsewhere.
    const isValue = first === "properties" && third !== undefined && !String(third).startsWith("$");
    if (isValue && (second === "desired" || second === "reported")) return valueAt(twin[second].values, segments, 2);
    return valueAt(document(), segments);
  };
  return { resolve, document };
}

export function documentRow(document: JsonObject): Row {
  return { resolve: ({ segments }) => valueAt(document, segments), document: () => document };
}

/** About how much a document takes as text, in characters; names and structure count little. */
export function sizeOf(value: unknown): number {
  if (typeof value === "string") return value.length + 2;
  if (typeof value !== "object" || value === null) return 8;
  let size = 2;
  for (const [key, inner] of Object.entries(value)) size += key.length + 4 + sizeOf(inner);
  return size;
}
