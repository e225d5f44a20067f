/**
 * Gives an expression its meaning: a function from the names' values to a value. Logic has three values; what compares or
 * computes with things of different kinds is `undefined`, and so is a comparison of objects or arrays.
 */
import type { Arithmetic, Comparison, Expression, Path, Value } from "./expression.ts";
import { finite } from "./functions.ts";

/** The value that a path has in the row or message at hand. */
export type Resolve = (path: Path) => Value;
/** `undefined` is neither: a condition that is not `true` does not hold. */
export type Truth = boolean | undefined;
export type Evaluate = (resolve: Resolve) => Value;

const COMPARE: Readonly<Record<Comparison, (a: string | number, b: string | number) => boolean>> = {
  "=": (a, b) => a === b,
  "!=": (a, b) => a !== b,
  "<": (a, b) => a < b,
  "<=": (a, b) => a <= b,
  ">": (a, b) => a > b,
  ">=": (a, b) => a >= b,
};

const COMPUTE: Readonly<Record<Arithmetic, (a: number, b: number) => number>> = {
  "+": (a, b) => a + b,
  "-": (a, b) => a - b,
  "*": (a, b) => a * b,
  "/": (a, b) => a / b,
  "%": (a, b) => a % b,
};

export function compile(expression: Expression): Evaluate {
  switch (expression.kind) {
    case "value": {
      const { value } = expression;
      return () => value;
    }
    case "path": {
      const { path } = expression;
      return (resolve) => resolve(path);
    }
    case "call": {
      const operands = expression.operands.map(compile);
      const { apply } = expression.target;
      return (resolve) => apply(operands.map((operand) => operand(resolve)));
    }
    case "and":
      return junction(expression.operands, false);
    case "or":
      return junction(expression.operands, true);
    case "not": {
      const operand = compile(expression.operand);
      return (resolve) => not(truth(operand(resolve)));
    }
    case "minus": {
      const operand = compile(expression.operand);
      return (resolve) => negative(operand(resolve));
    }
    case "compare": {
      const [left, right] = [compile(expression.left), compile(expression.right)];
      const holds = COMPARE[expression.operator];
      return (resolve) => compare(left(resolve), right(resolve), holds);
    }
    case "arithmetic":
      return arithmetic(expression.first, expression.rest);
    case "member": {
      const operand = compile(expression.operand);
      const { list, negated } = expression;
      return (resolve) => {
        const value = operand(resolve);
        if (value === undefined || (typeof value === "object" && value !== null)) return undefined;
        return list.has(value) !== negated;
      };
    }
    default:
      return expression satisfies never;
  }
}

export function truth(value: Value): Truth {
  return typeof value === "boolean" ? value : undefined;
}

// One operand of the deciding value settles it; otherwise one that is undefined leaves it open.
function junction(expressions: readonly Expression[], deciding: boolean): Evaluate {
  const operands = expressions.map(compile);
  return (resolve) => {
    let result: Truth = !deciding;
    for (const operand of operands) {
      const value = operand(resolve);
      if (value === deciding) return deciding;
      if (typeof value !== "boolean") result = undefined;
    }
    return result;
  };
}

function not(value: Truth): Truth {
  return value === undefined ? undefined : !value;
}

function negative(value: Value): Value {
  return typeof value === "number" ? -value : undefined;
}

function compare(left: Value, right: Value, holds: (a: string | number, b: string | number) => boolean): Truth {
  if (typeof left === "string") return typeof right === "string" ? holds(left, right) : undefined;
  if (typeof left === "number") return typeof right === "number" ? holds(left, right) : undefined;
  if (typeof left === "boolean") return typeof right === "boolean" ? holds(Number(left), Number(right)) : undefined;
  return left === null && right === null ? holds(0, 0) : undefined;
}

function arithmetic(start: Expression, steps: readonly (readonly [Arithmetic, Expression])[]): Evaluate {
  const first = compile(start);
  const rest = steps.map(([operator, operand]) => [COMPUTE[operator], compile(operand)] as const);
  return (resolve) => {
    let total = first(resolve);
    for (const [compute, operand] of rest) {
      const value = operand(resolve);
      if (typeof total !== "number" || typeof value !== "number") return undefined;
      total = finite(compute(total, value));
    }
    return total;
  };
}
