import { badRequest } from "./api-error.ts";
import type { Fields } from "./bodies.ts";

/** A time as ISO 8601 text (UTC where it names no zone) or unix milliseconds; answered in unix milliseconds. */
export function optionalTime(fields: Fields, field: string): number | null {
  const value = fields[field];
  if (value === undefined || value === null || value === "") return null;
  const isNumber = typeof value === "number" || (typeof value === "string" && /^\d{11,14}$/.test(value));
  const time = isNumber ? Number(value) : typeof value === "string" ? parseIso(value) : Number.NaN;
  if (!Number.isSafeInteger(time) || time < 0 || time > 8.64e15) {
    throw badRequest(`${field} must be a time such as 2026-01-31T12:00:00Z, or unix milliseconds`);
  }
  return time;
}

function parseIso(text: string): number {
  if (!/^\d{4}-\d{2}-\d{2}(T\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:\d{2})?)?$/.test(text)) return Number.NaN;
  const hasZone = text.length <= 10 || /(Z|[+-]\d{2}:\d{2})$/.test(text);
  return Date.parse(hasZone ? text : `${text}Z`);
}
