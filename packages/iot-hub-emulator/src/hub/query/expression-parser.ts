/**
 * Reads an expression. From loosest to tightest: OR, AND, NOT, comparisons and IN, + and -, * / and %, sign. Chains of
 * one strength are lists and not trees, so only brackets and calls nest, and those to a bound.
 */
import type { Arithmetic, Comparison, Dialect, Expression, Path, Value } from "./expression.ts";
import { FUNCTIONS } from "./functions.ts";
import { settledPath } from "./names.ts";
import { syntaxError } from "./tokens.ts";
import type { Token } from "./tokens.ts";
import type { TokenReader } from "./token-reader.ts";

const MAX_DEPTH = 50;
const MAX_SEGMENTS = 32;
const RESERVED: ReadonlySet<string> = new Set([
  "and",
  "or",
  "not",
  "in",
  "nin",
  "select",
  "from",
  "where",
  "group",
  "order",
  "as",
]);
const LITERALS: ReadonlyMap<string, Value> = new Map<string, Value>([
  ["true", true],
  ["false", false],
  ["null", null],
  ["undefined", undefined],
]);
const COMPARISONS: ReadonlyMap<string, Comparison> = new Map([
  ["=", "="],
  ["!=", "!="],
  ["<>", "!="],
  ["<", "<"],
  ["<=", "<="],
  [">", ">"],
  [">=", ">="],
]);
const ADDITIVE: ReadonlySet<string> = new Set(["+", "-"]);
const MULTIPLICATIVE: ReadonlySet<string> = new Set(["*", "/", "%"]);

type WritablePath = { -readonly [K in keyof Path]: Path[K] };

export class ExpressionParser {
  /** Of every expression read so far. */
  readonly paths: Path[] = [];
  readonly #tokens: TokenReader;
  readonly #dialect: Dialect;
  #depth = 0;

  constructor(tokens: TokenReader, dialect: Dialect) {
    this.#tokens = tokens;
    this.#dialect = dialect;
  }

  expression(): Expression {
    return this.#nested(() => this.#chain("or", () => this.#chain("and", () => this.#negation())));
  }

  /** A path alone, as GROUP BY takes it. */
  path(): Path {
    const { kind } = this.#tokens.peek();
    if (kind !== "name" && kind !== "quoted") throw this.#tokens.unexpected("a name");
    return this.#path(this.#tokens.take());
  }

  /** Spells every path as the documents do; `prefixes` stand for the collection, known only once FROM was read. */
  settle(prefixes: readonly (readonly string[])[]): void {
    for (const path of this.paths as WritablePath[]) {
      if (!path.quoted) path.segments = settledPath(path.segments, prefixes);
    }
  }

  #chain(word: "and" | "or", operand: () => Expression): Expression {
    const first = operand();
    if (!this.#tokens.atWord(word)) return first;
    const operands = [first];
    while (this.#tokens.acceptWord(word)) operands.push(operand());
    return { kind: word, operands };
  }

  #negation(): Expression {
    let negated = false;
    let any = false;
    while (this.#tokens.acceptWord("not")) [negated, any] = [!negated, true];
    const operand = this.#comparison();
    if (negated) return { kind: "not", operand };
    // Twice not is still no more than a truth.
    return any ? { kind: "and", operands: [operand] } : operand;
  }

  #comparison(): Expression {
    const left = this.#additive();
    const { kind, text } = this.#tokens.peek();
    const operator = kind === "symbol" ? COMPARISONS.get(text) : undefined;
    if (operator !== undefined) {
      this.#tokens.take();
      return { kind: "compare", operator, left, right: this.#additive() };
    }
    const negated = this.#tokens.atWord("nin");
    if (!negated && !this.#tokens.atWord("in")) return left;
    this.#tokens.take();
    return { kind: "member", negated, operand: left, list: this.#list() };
  }

  #list(): ReadonlySet<Value> {
    const values = new Set<Value>();
    this.#tokens.expectSymbol("[");
    if (this.#tokens.acceptSymbol("]")) return values;
    do values.add(this.#constant());
    while (this.#tokens.acceptSymbol(","));
    this.#tokens.expectSymbol("]");
    return values;
  }

  #constant(): Value {
    const sign = this.#tokens.acceptSymbol("-") ? -1 : 1;
    const { kind, text } = this.#tokens.peek();
    if (kind === "number") return sign * this.#number();
    const literal = text.toLowerCase();
    if (sign < 0 || (kind !== "string" && !(kind === "name" && LITERALS.has(literal)))) {
      throw this.#tokens.unexpected("a constant");
    }
    this.#tokens.take();
    return kind === "string" ? text : LITERALS.get(literal);
  }

  #additive(): Expression {
    return this.#arithmetic(ADDITIVE, () => this.#arithmetic(MULTIPLICATIVE, () => this.#signed()));
  }

  #arithmetic(operators: ReadonlySet<string>, operand: () => Expression): Expression {
    const first = operand();
    const rest: [Arithmetic, Expression][] = [];
    for (;;) {
      const { kind, text } = this.#tokens.peek();
      if (kind !== "symbol" || !operators.has(text)) break;
      this.#tokens.take();
      rest.push([text as Arithmetic, operand()]);
    }
    return rest.length === 0 ? first : { kind: "arithmetic", first, rest };
  }

  #signed(): Expression {
    let negative = false;
    let any = false;
    for (; this.#tokens.atSymbol("-") || this.#tokens.atSymbol("+"); any = true) {
      if (this.#tokens.take().text === "-") negative = !negative;
    }
    const operand = this.#primary();
    if (!any) return operand;
    if (operand.kind === "value" && typeof operand.value === "number") {
      return negative ? { kind: "value", value: -operand.value } : operand;
    }
    const minus: Expression = { kind: "minus", operand };
    return negative ? minus : { kind: "minus", operand: minus };
  }

  #primary(): Expression {
    const token = this.#tokens.peek();
    if (token.kind === "symbol" && token.text === "(") {
      this.#tokens.take();
      const inner = this.expression();
      this.#tokens.expectSymbol(")");
      return inner;
    }
    if (token.kind === "number") return { kind: "value", value: this.#number() };
    if (token.kind === "string") return { kind: "value", value: this.#tokens.take().text };
    if (token.kind !== "name" && token.kind !== "quoted") throw this.#tokens.unexpected("a name or a value");
    if (token.kind === "name") {
      if (this.#tokens.atSymbol("(", 1)) return this.#call(this.#tokens.take());
      const word = token.text.toLowerCase();
      if (LITERALS.has(word)) return { kind: "value", value: LITERALS.get(this.#tokens.take().text.toLowerCase()) };
      if (RESERVED.has(word)) throw this.#tokens.unexpected("a name or a value");
    }
    return { kind: "path", path: this.#path(this.#tokens.take()) };
  }

  #number(): number {
    const { text, column } = this.#tokens.take();
    const value = Number(text);
    if (!Number.isFinite(value)) throw syntaxError(column, "the number is too large");
    return value;
  }

  #call({ text, column }: Token): Expression {
    const target = FUNCTIONS.get(text.toLowerCase());
    if (target === undefined) throw syntaxError(column, `there is no function ${text.slice(0, 40)}`);
    if (target.dialects !== undefined && !target.dialects.includes(this.#dialect)) {
      throw syntaxError(column, `${target.name} can be used in routes only`);
    }
    this.#tokens.expectSymbol("(");
    const operands: Expression[] = [];
    if (!this.#tokens.atSymbol(")")) {
      do operands.push(this.expression());
      while (this.#tokens.acceptSymbol(","));
    }
    this.#tokens.expectSymbol(")");
    const [least, most] = target.operands;
    if (operands.length < least || operands.length > most) {
      const wanted = least === most ? String(least) : `${least} to ${most}`;
      throw syntaxError(column, `${target.name} takes ${wanted} operands, not ${operands.length},`);
    }
    return { kind: "call", target, operands };
  }

  #path(first: Token): Path {
    const segments: (string | number)[] = [first.text];
    for (;;) {
      if (this.#tokens.acceptSymbol(".")) segments.push(this.#tokens.atSymbol("[") ? this.#index() : this.#member());
      else if (this.#tokens.atSymbol("[")) segments.push(this.#index());
      else if (this.#tokens.peek().kind === "quoted") segments.push(this.#tokens.take().text);
      else break;
      if (segments.length > MAX_SEGMENTS) throw syntaxError(first.column, "the path has too many names");
    }
    const path: Path = { segments, quoted: first.kind === "quoted" };
    this.paths.push(path);
    return path;
  }

  #member(): string {
    const { kind, text } = this.#tokens.peek();
    if (kind !== "name" && kind !== "quoted") throw this.#tokens.unexpected("a name");
    this.#tokens.take();
    return text;
  }

  // `[0]` is the item of an array, `['a b']` the member of an object.
  #index(): string | number {
    this.#tokens.expectSymbol("[");
    const { kind, text } = this.#tokens.peek();
    const whole = kind === "number" && /^\d{1,9}$/.test(text);
    if (!whole && kind !== "string") throw this.#tokens.unexpected("an index or a name in quotes");
    this.#tokens.take();
    this.#tokens.expectSymbol("]");
    return whole ? Number(text) : text;
  }

  #nested(read: () => Expression): Expression {
    if (++this.#depth > MAX_DEPTH) {
      throw syntaxError(this.#tokens.peek().column, `the expression is nested deeper than ${MAX_DEPTH} levels`);
    }
    const expression = read();
    this.#depth--;
    return expression;
  }
}
