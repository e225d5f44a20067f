/** Query strings in the language of Lucene as filters. */
import type { ThingFilter } from "../../core/thing-query.ts";

export type ParsedQuery =
  | { readonly kind: "parsed"; readonly filter: ThingFilter }
  | { readonly kind: "fault"; readonly message: string };

export function parseQueryString(text: string): ParsedQuery {
  if (text.trim() === "" || text.trim() === "*" || text.trim() === "*:*")
    return { kind: "parsed", filter: { kind: "all" } };
  return { kind: "fault", message: "only * is understood yet" };
}
