import { ApiFailure } from "./failure.ts";

/**
 * What the API says against one field of a form, for its place beside the field; `undefined` when it speaks of another
 * one. Refusals begin with the name of their field: `policy_key is required`, `message_properties.unit: …`.
 */
export function fieldFailure(failure: unknown, ...fields: readonly string[]): string | undefined {
  if (!(failure instanceof ApiFailure) || failure.status !== 400) return undefined;
  const [named = ""] = /^[\w-]+/.exec(failure.message) ?? [];
  return fields.includes(named) ? failure.message : undefined;
}
