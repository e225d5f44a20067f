/** The functions of the query language. What is asked of a value of the wrong kind is `undefined`. */
import type { JsonValue } from "../twins/twin.ts";
import { isObject } from "../twins/twin.ts";
import type { Dialect, Value } from "./expression.ts";

export interface QueryFunction {
  readonly name: string;
  /** Fewest and most operands. */
  readonly operands: readonly [number, number];
  /** Where it can be used; default everywhere. */
  readonly dialects?: readonly Dialect[];
  readonly apply: (values: readonly Value[]) => Value;
}

/** No expression may build a longer text, in characters. */
const MAX_TEXT = 256 * 1024;
const MAX_OPERANDS = 64;
const DECIMAL = /^\s*[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d+)?\s*$/;

const ROWS: readonly QueryFunction[] = [
  test("is_defined", (value) => value !== undefined),
  test("is_null", (value) => value === null),
  test("is_number", (value) => typeof value === "number"),
  test("is_string", (value) => typeof value === "string"),
  test("is_bool", (value) => typeof value === "boolean"),
  test("is_array", (value) => Array.isArray(value)),
  test("is_object", (value) => isObject(value)),
  test("is_primitive", (value) => value !== undefined && (value === null || typeof value !== "object")),
  maths("abs", Math.abs),
  maths("exp", Math.exp),
  maths("square", (x) => x * x),
  maths("ceiling", Math.ceil),
  maths("floor", Math.floor),
  maths("sign", Math.sign),
  maths("sqrt", Math.sqrt),
  {
    name: "power",
    operands: [2, 2],
    apply: ([base, exponent]) =>
      typeof base === "number" && typeof exponent === "number" ? finite(base ** exponent) : undefined,
  },
  { name: "concat", operands: [1, MAX_OPERANDS], apply: concat },
  text("length", (value) => value.length),
  text("lower", (value) => value.toLowerCase()),
  text("upper", (value) => value.toUpperCase()),
  { name: "substring", operands: [2, 3], apply: substring },
  search("index_of", (value, part) => value.indexOf(part)),
  search("starts_with", (value, part) => value.startsWith(part)),
  search("startswith", (value, part) => value.startsWith(part)),
  search("ends_with", (value, part) => value.endsWith(part)),
  search("endswith", (value, part) => value.endsWith(part)),
  search("contains", (value, part) => value.includes(part)),
  // Application properties of messages are texts; twins have numbers.
  { name: "as_number", operands: [1, 1], dialects: ["routing"], apply: ([value]) => asNumber(value) },
];

/** By name in lower case. */
export const FUNCTIONS: ReadonlyMap<string, QueryFunction> = new Map(ROWS.map((row) => [row.name, row]));

/** A number that JSON can tell, else `undefined`. */
export function finite(value: number): number | undefined {
  return Number.isFinite(value) ? value : undefined;
}

function test(name: string, holds: (value: Value) => boolean): QueryFunction {
  return { name, operands: [1, 1], apply: ([value]) => holds(value) };
}

function maths(name: string, compute: (x: number) => number): QueryFunction {
  return { name, operands: [1, 1], apply: ([x]) => (typeof x === "number" ? finite(compute(x)) : undefined) };
}

function text(name: string, compute: (value: string) => JsonValue): QueryFunction {
  return { name, operands: [1, 1], apply: ([value]) => (typeof value === "string" ? compute(value) : undefined) };
}

function search(name: string, compute: (value: string, part: string) => JsonValue): QueryFunction {
  return {
    name,
    operands: [2, 2],
    apply: ([value, part]) =>
      typeof value === "string" && typeof part === "string" ? compute(value, part) : undefined,
  };
}

function concat(values: readonly Value[]): Value {
  let joined = "";
  for (const value of values) {
    if (typeof value !== "string" || joined.length + value.length > MAX_TEXT) return undefined;
    joined += value;
  }
  return joined;
}

// Positions count from 0.
function substring([value, start, length]: readonly Value[]): Value {
  if (typeof value !== "string" || !isPosition(start)) return undefined;
  if (length === undefined) return value.slice(start);
  return isPosition(length) ? value.slice(start, start + length) : undefined;
}

function isPosition(value: Value): value is number {
  return typeof value === "number" && Number.isInteger(value) && value >= 0;
}

function asNumber(value: Value): Value {
  if (typeof value === "number") return value;
  return typeof value === "string" && DECIMAL.test(value) ? finite(Number(value)) : undefined;
}
