/** What a new password must be like. Length is what counts; rules about signs only make people write them down. */
import { badRequest } from "./api-error.ts";
import type { Fields } from "./bodies.ts";

const MIN_LENGTH = 10;
const MAX_LENGTH = 256;

/** `null` when the body has none. */
export function newPasswordIn(fields: Fields, field: string): string | null {
  const value = fields[field];
  if (value === undefined || value === null) return null;
  if (typeof value !== "string" || value.length < MIN_LENGTH || value.length > MAX_LENGTH) {
    throw badRequest(`${field} must be a text of ${MIN_LENGTH} to ${MAX_LENGTH} characters`);
  }
  return value;
}
