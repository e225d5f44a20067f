/** Names of device groups, as callers write them. */
import { badRequest } from "../api-error.ts";
import type { Fields } from "../bodies.ts";

const GROUP_NAME = /^[a-z0-9][a-z0-9_-]{0,39}$/;
const MAX_GROUPS_OF_A_DEVICE = 50;

export function requireGroupName(name: string): string {
  if (GROUP_NAME.test(name)) return name;
  throw badRequest("A group's name must be lower-case letters, digits, dashes and underscores, at most 40 characters");
}

/** A list, or a text with commas in between; `null` when the field is absent. Each name once. */
export function groupNamesIn(fields: Fields, field: string): readonly string[] | null {
  const value = fields[field];
  if (value === undefined || value === null) return null;
  const names: readonly unknown[] = Array.isArray(value)
    ? value
    : typeof value === "string"
      ? value.split(",")
      : [value];
  if (names.length > MAX_GROUPS_OF_A_DEVICE) throw badRequest(`${field} takes at most ${MAX_GROUPS_OF_A_DEVICE} names`);
  const cleaned = names.map((name) => {
    if (typeof name !== "string") throw badRequest(`${field} must be a list of names`);
    return name.trim();
  });
  return [...new Set(cleaned.filter((name) => name !== "").map(requireGroupName))];
}
