/** Reads a whole query: SELECT, FROM, WHERE, GROUP BY. */
import { conditionOf } from "./condition.ts";
import type { Condition } from "./condition.ts";
import { compile } from "./evaluation.ts";
import type { Evaluate } from "./evaluation.ts";
import type { Dialect, Expression, Path } from "./expression.ts";
import { ExpressionParser } from "./expression-parser.ts";
import { COLLECTION_OF } from "./names.ts";
import { syntaxError } from "./tokens.ts";
import { TokenReader } from "./token-reader.ts";

export type Collection = Exclude<Dialect, "routing">;
export type Aggregate = "count" | "avg" | "sum" | "min" | "max";

export interface Column {
  readonly name: string;
  readonly evaluate: Evaluate;
  /** What is told of a group's values; without it the column is the same for all rows of a group. */
  readonly aggregate?: Aggregate;
}

export interface Statement {
  readonly collection: Collection;
  /** Most rows of the whole answer. */
  readonly top?: number;
  /** `*` when absent. */
  readonly columns?: readonly Column[];
  readonly where?: Condition;
  /** Present when rows are grouped; empty for one group of all. */
  readonly groupBy?: readonly Evaluate[];
}

interface Item {
  readonly column: number;
  readonly expression: Expression;
  readonly aggregate?: Aggregate;
  readonly alias?: string;
}

const AGGREGATES: ReadonlySet<string> = new Set<Aggregate>(["count", "avg", "sum", "min", "max"]);
const MAX_COLUMNS = 100;
const CLAUSES: ReadonlySet<string> = new Set(["where", "group", "order", "limit", "offset", "join"]);

/** Throws `ArgumentInvalid` that names the column. */
export function parseStatement(text: string): Statement {
  const tokens = new TokenReader(text);
  const parser = new ExpressionParser(tokens, "devices");
  tokens.expectWord("select");
  const top = tokens.acceptWord("top") ? readTop(tokens) : undefined;
  const items = tokens.acceptSymbol("*") ? undefined : readItems(tokens, parser);
  tokens.expectWord("from");
  const collection = readCollection(tokens);
  const alias = readAlias(tokens);
  const where = tokens.acceptWord("where") ? parser.expression() : undefined;
  const conditionPaths = [...parser.paths];
  const groupBy = tokens.acceptWord("group") ? readGroupBy(tokens, parser) : undefined;
  if (tokens.atWord("order")) throw syntaxError(tokens.peek().column, "ORDER BY is not in the language; found it");
  tokens.expectEnd(groupBy === undefined ? "WHERE, GROUP BY or the end" : "the end");
  parser.settle([...(alias === undefined ? [] : [[alias]]), COLLECTION_OF[collection]]);
  const isGrouped = groupBy !== undefined || items?.some(({ aggregate }) => aggregate !== undefined) === true;
  if (isGrouped) requireGrouped(items, groupBy ?? []);
  return {
    collection,
    ...(top === undefined ? {} : { top }),
    ...(items === undefined ? {} : { columns: columnsOf(items) }),
    ...(where === undefined ? {} : { where: conditionOf(where, conditionPaths) }),
    ...(isGrouped ? { groupBy: (groupBy ?? []).map((path) => compile({ kind: "path", path })) } : {}),
  };
}

/** FROM's collection; throws `ArgumentInvalid`. */
export function readCollection(tokens: TokenReader): Collection {
  const wanted = "devices, devices.modules or devices.jobs";
  if (!tokens.acceptWord("devices")) throw tokens.unexpected(wanted);
  if (!tokens.acceptSymbol(".")) return "devices";
  if (tokens.acceptWord("modules")) return "modules";
  if (tokens.acceptWord("jobs")) return "jobs";
  throw tokens.unexpected(wanted);
}

function readTop(tokens: TokenReader): number {
  const inBrackets = tokens.acceptSymbol("(");
  const { kind, text } = tokens.peek();
  if (kind !== "number" || !/^\d{1,9}$/.test(text)) throw tokens.unexpected("a number of rows");
  tokens.take();
  if (inBrackets) tokens.expectSymbol(")");
  return Number(text);
}

function readItems(tokens: TokenReader, parser: ExpressionParser): readonly Item[] {
  const items: Item[] = [];
  do {
    if (items.length >= MAX_COLUMNS) throw syntaxError(tokens.peek().column, "there are too many columns");
    items.push(readItem(tokens, parser));
  } while (tokens.acceptSymbol(","));
  return items;
}

function readItem(tokens: TokenReader, parser: ExpressionParser): Item {
  const { text, column, kind } = tokens.peek();
  const name = text.toLowerCase();
  const isAggregate = kind === "name" && AGGREGATES.has(name) && tokens.atSymbol("(", 1);
  const expression = isAggregate ? readAggregated(tokens, parser, name as Aggregate) : parser.expression();
  const alias = tokens.acceptWord("as") ? readName(tokens) : undefined;
  return {
    column,
    expression,
    ...(isAggregate ? { aggregate: name as Aggregate } : {}),
    ...(alias === undefined ? {} : { alias }),
  };
}

// COUNT() and COUNT(*) count rows, COUNT(x) those that have an x.
function readAggregated(tokens: TokenReader, parser: ExpressionParser, aggregate: Aggregate): Expression {
  tokens.take();
  tokens.expectSymbol("(");
  const isRow = aggregate === "count" && (tokens.atSymbol(")") || tokens.acceptSymbol("*"));
  const expression: Expression = isRow ? { kind: "value", value: true } : parser.expression();
  tokens.expectSymbol(")");
  return expression;
}

function readAlias(tokens: TokenReader): string | undefined {
  const said = tokens.acceptWord("as");
  const { kind, text } = tokens.peek();
  if (!said && (kind !== "name" || CLAUSES.has(text.toLowerCase()))) return undefined;
  return readName(tokens);
}

function readName(tokens: TokenReader): string {
  const { kind, text } = tokens.peek();
  if (kind !== "name" && kind !== "quoted") throw tokens.unexpected("a name");
  tokens.take();
  return text;
}

function readGroupBy(tokens: TokenReader, parser: ExpressionParser): readonly Path[] {
  tokens.expectWord("by");
  const paths: Path[] = [];
  do paths.push(parser.path());
  while (tokens.acceptSymbol(","));
  return paths;
}

// What is not aggregated must be the same in all rows of a group.
function requireGrouped(items: readonly Item[] | undefined, groupBy: readonly Path[]): void {
  if (items === undefined) throw syntaxError(1, "SELECT * cannot be grouped; name columns");
  const grouped = new Set(groupBy.map(({ segments }) => JSON.stringify(segments)));
  for (const { expression, aggregate, column } of items) {
    if (aggregate !== undefined || expression.kind === "value") continue;
    const key = expression.kind === "path" ? JSON.stringify(expression.path.segments) : undefined;
    if (key === undefined || !grouped.has(key)) {
      throw syntaxError(column, "a column that is not aggregated must stand in GROUP BY; found one");
    }
  }
}

function columnsOf(items: readonly Item[]): readonly Column[] {
  const names = new Set<string>();
  return items.map(({ expression, aggregate, alias, column }, i) => {
    const name = alias ?? nameOf(expression, aggregate) ?? `$${i + 1}`;
    if (names.has(name))
      throw syntaxError(column, `two columns are called ${name.slice(0, 40)}; give one another name with AS`);
    names.add(name);
    return { name, evaluate: compile(expression), ...(aggregate === undefined ? {} : { aggregate }) };
  });
}

/** A column without AS is called by the last name of its path, else by its number (inferred). */
function nameOf(expression: Expression, aggregate: Aggregate | undefined): string | undefined {
  const last = expression.kind === "path" && aggregate === undefined ? expression.path.segments.at(-1) : undefined;
  return typeof last === "string" ? last : undefined;
}
