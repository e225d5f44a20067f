/** What a query says, as data: made by expression-parser.ts, given its meaning by evaluation.ts. */
import type { JsonValue } from "../twins/twin.ts";
import type { QueryFunction } from "./functions.ts";

/** A JSON value, or `undefined` for what is not there. */
export type Value = JsonValue | undefined;

/** A name and the way down from it: `tags.floors[0]` is `["tags", "floors", 0]`. */
export interface Path {
  readonly segments: readonly (string | number)[];
  /** The first name stood in `[[…]]` or `{…}`: in a route it is then an application property, even when it begins with `$`. */
  readonly quoted: boolean;
}

export type Comparison = "=" | "!=" | "<" | "<=" | ">" | ">=";
export type Arithmetic = "+" | "-" | "*" | "/" | "%";

export type Expression =
  | { readonly kind: "value"; readonly value: Value }
  | { readonly kind: "path"; readonly path: Path }
  | { readonly kind: "call"; readonly target: QueryFunction; readonly operands: readonly Expression[] }
  | { readonly kind: "and" | "or"; readonly operands: readonly Expression[] }
  | { readonly kind: "not" | "minus"; readonly operand: Expression }
  | {
      readonly kind: "compare";
      readonly operator: Comparison;
      readonly left: Expression;
      readonly right: Expression;
    }
  | {
      readonly kind: "arithmetic";
      readonly first: Expression;
      readonly rest: readonly (readonly [Arithmetic, Expression])[];
    }
  | {
      readonly kind: "member";
      readonly negated: boolean;
      readonly operand: Expression;
      readonly list: ReadonlySet<Value>;
    };

/** Which collection a condition is about, and so which names and functions it may use. */
export type Dialect = "devices" | "modules" | "jobs" | "routing";
