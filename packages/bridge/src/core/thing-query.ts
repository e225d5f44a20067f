/** What can be asked about Things, as a tree. Para's query strings are parsed into it, the store turns it into its own language. */
import type { Json } from "./json.ts";

/**
 * `field`: `id`, `name`, `tags`, `timestamp`, `updated`, `type`, `appid`, `parentid`, `creatorid`, `votes`, `version`,
 * `serviceBroker`; `deviceState.a.b`; or `properties.a.b`, a field of the user's own, whose prefix may be left out.
 * Of an array each value counts. Numbers are matched as numbers and by their text.
 */
export type ThingFilter =
  | { readonly kind: "all" }
  | { readonly kind: "none" }
  /** Equal; for `tags` one of them is. Numbers equal numbers and their text. */
  | { readonly kind: "equals"; readonly field: string; readonly value: Json }
  /** Letter case does not count. */
  | { readonly kind: "prefix"; readonly field: string; readonly prefix: string }
  /**
   * `*` any text, `?` one character, a backslash takes the next character as it is; letter case aside. Without `field` in
   * the id, the name, the tags, the state and the user's own fields.
   */
  | { readonly kind: "wildcard"; readonly field: string | null; readonly pattern: string }
  /** A word or phrase in a text, letter case aside, or the whole of an id or a tag; without `field` as above. */
  | { readonly kind: "text"; readonly field: string | null; readonly text: string }
  | {
      readonly kind: "range";
      readonly field: string;
      /** `null`: no bound. */
      readonly from: Json;
      readonly to: Json;
      readonly includesFrom: boolean;
      readonly includesTo: boolean;
    }
  | { readonly kind: "exists"; readonly field: string }
  | { readonly kind: "and" | "or"; readonly of: readonly ThingFilter[] }
  | { readonly kind: "not"; readonly of: ThingFilter };

export interface ThingQuery {
  readonly filter: ThingFilter;
  /** A field as above, or `_docid`: the order of making. */
  readonly sort: string;
  readonly descending: boolean;
  readonly limit: number;
  /** How many to skip. */
  readonly skip: number;
  /** Go on after this one in that order; when it is gone, in the order of making. */
  readonly afterDocId: number | null;
}

/** A search that would keep the store busy for too long was given up. */
export class SearchTooCostly extends Error {
  readonly code = "search_too_costly";

  constructor() {
    super("The search takes too long: ask for fewer things at once, or for fields that fewer words are in.");
  }
}
