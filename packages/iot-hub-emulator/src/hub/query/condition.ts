/** Conditions: what stands after WHERE, as the condition of a route, and as the target of a job or configuration. */
import { compile, truth } from "./evaluation.ts";
import type { Resolve, Truth } from "./evaluation.ts";
import type { Dialect, Expression, Path, Value } from "./expression.ts";
import { ExpressionParser } from "./expression-parser.ts";
import { COLLECTION_OF } from "./names.ts";
import { TokenReader } from "./token-reader.ts";

export type { Resolve, Truth } from "./evaluation.ts";
export type { Dialect, Path, Value } from "./expression.ts";

export interface Condition {
  /** Only `true` holds. Never throws and costs time in proportion to the condition's text and the texts it looks at. */
  (resolve: Resolve): Truth;
  /** Every path it may ask for. */
  readonly paths: readonly Path[];
  /** The only ids for which it can hold, when its text says so: `deviceId = 'a' AND …`, `deviceId IN [...]`. */
  readonly deviceIds?: ReadonlySet<string>;
}

/** Throws `ArgumentInvalid` that names the column. At most 8,192 characters. */
export function parseCondition(text: string, dialect: Dialect): Condition {
  const tokens = new TokenReader(text);
  const parser = new ExpressionParser(tokens, dialect);
  const expression = parser.expression();
  tokens.expectEnd("AND, OR or the end");
  if (dialect !== "routing") parser.settle([COLLECTION_OF[dialect]]);
  return conditionOf(expression, parser.paths);
}

export function conditionOf(expression: Expression, paths: readonly Path[]): Condition {
  const evaluate = compile(expression);
  const deviceIds = namedDevices(expression);
  return Object.assign((resolve: Resolve): Truth => truth(evaluate(resolve)), {
    paths,
    ...(deviceIds === undefined ? {} : { deviceIds }),
  });
}

/** What a path leads to in a document, or its rest from one of its names on; inherited members are not there. */
export function valueAt(document: Value, segments: readonly (string | number)[], from: number = 0): Value {
  let value: Value = document;
  for (let i = from; i < segments.length; i++) {
    const segment = segments[i] as string | number;
    if (typeof value !== "object" || value === null) return undefined;
    if (Array.isArray(value)) {
      if (typeof segment !== "number") return undefined;
      value = (value as readonly Value[])[segment];
    } else {
      const name = String(segment);
      value = Object.hasOwn(value, name) ? (value as Readonly<Record<string, Value>>)[name] : undefined;
    }
  }
  return value;
}

function namedDevices(expression: Expression): ReadonlySet<string> | undefined {
  if (expression.kind === "and") {
    for (const operand of expression.operands) {
      const named = namedDevices(operand);
      if (named !== undefined) return named;
    }
  }
  if (expression.kind === "member" && !expression.negated && isDeviceId(expression.operand)) {
    return new Set([...expression.list].filter((value) => typeof value === "string"));
  }
  if (expression.kind !== "compare" || expression.operator !== "=") return undefined;
  const { left, right } = expression;
  const [name, other] = isDeviceId(left) ? [left, right] : [right, left];
  if (!isDeviceId(name) || other.kind !== "value") return undefined;
  return new Set(typeof other.value === "string" ? [other.value] : []);
}

function isDeviceId(expression: Expression): boolean {
  if (expression.kind !== "path") return false;
  const { segments } = expression.path;
  return segments.length === 1 && segments[0] === "deviceId";
}
