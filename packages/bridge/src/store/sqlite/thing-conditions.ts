/** Turns a filter into a condition on the rows of Things (`t`) and of their states (`s`). */
import type { Json } from "../../core/json.ts";
import type { ThingFilter } from "../../core/thing-query.ts";
import { isOfState, thingField, type ThingField } from "./thing-fields.ts";
import { NEVER, oneOf, textOf, valueTest, type Comparison, type Condition, type ValueTest } from "./value-tests.ts";

/** More would only be sent to keep others waiting. Faces refuse such filters with a sentence. */
const MAX_PARTS = 1_024;

export interface FilterCondition extends Condition {
  /** Whether states must be joined. */
  readonly needsState: boolean;
  /** How many comparisons it takes to judge a row. */
  readonly cost: number;
}

export function conditionOf(filter: ThingFilter): FilterCondition {
  const parts = Array.from(leaves(filter));
  if (parts.length > MAX_PARTS) throw new Error(`A filter has at most ${MAX_PARTS} parts.`);
  const needsState = parts.some((part) => "field" in part && (part.field === null || isOfState(part.field)));
  return { ...condition(filter), needsState, cost: parts.length };
}

/** Ids of which the filter lets no others through; `null`: it may be any. */
export function namedIds(filter: ThingFilter): readonly string[] | null {
  if (filter.kind === "equals" && filter.field === "id") return [textOf(filter.value)];
  if (filter.kind === "and") return filter.of.map(namedIds).find((ids) => ids !== null) ?? null;
  if (filter.kind !== "or") return null;
  const all = filter.of.map(namedIds);
  return all.some((ids) => ids === null) ? null : all.flatMap((ids) => ids ?? []);
}

function* leaves(filter: ThingFilter): Generator<ThingFilter> {
  if (filter.kind === "and" || filter.kind === "or") for (const one of filter.of) yield* leaves(one);
  else if (filter.kind === "not") yield* leaves(filter.of);
  else yield filter;
}

function condition(filter: ThingFilter): Condition {
  switch (filter.kind) {
    case "all":
      return { sql: "1", values: [] };
    case "none":
      return NEVER;
    case "and":
      return joined("AND", filter.of.map(condition));
    case "or":
      return joined("OR", [...equalsByField(filter.of), ...filter.of.filter(isNoValue).map(condition)]);
    case "not": {
      const { sql, values } = condition(filter.of);
      return { sql: `NOT ${sql}`, values };
    }
    case "equals":
    case "prefix":
    case "wildcard":
    case "text":
    case "range":
    case "exists":
      return comparison(filter);
  }
}

function comparison(filter: Comparison): Condition {
  const test = valueTest(filter);
  if (filter.field === null) return test === null ? NEVER : anywhere(test);
  const field = thingField(filter.field);
  if (test !== null) return holds(field, test);
  const there = exists(field);
  return filter.kind === "equals" ? { ...there, sql: `NOT ${there.sql}` } : there;
}

type Equals = Extract<ThingFilter, { kind: "equals" }>;
const isValue = (filter: ThingFilter): filter is Equals => filter.kind === "equals" && filter.value !== null;
const isNoValue = (filter: ThingFilter): boolean => !isValue(filter);

/** One look into a field for all values that it may have, however many. */
function equalsByField(filters: readonly ThingFilter[]): Condition[] {
  const values = new Map<string, Json[]>();
  for (const { field, value } of filters.filter(isValue)) values.set(field, [...(values.get(field) ?? []), value]);
  return [...values].map(([field, wanted]) => holds(thingField(field), oneOf(wanted)));
}

/** As a balanced tree: SQLite bounds how deep an expression is. */
function joined(operator: "AND" | "OR", parts: readonly Condition[]): Condition {
  const [first] = parts;
  if (first === undefined) return { sql: operator === "AND" ? "1" : "0", values: [] };
  if (parts.length === 1) return first;
  const half = parts.length >> 1;
  const [left, right] = [joined(operator, parts.slice(0, half)), joined(operator, parts.slice(half))];
  return { sql: `(${left.sql} ${operator} ${right.sql})`, values: [...left.values, ...right.values] };
}

/** Always true or false, so that its opposite is what one expects where there is no value. */
function holds(field: ThingField, test: ValueTest): Condition {
  switch (field.kind) {
    case "text":
      return wrapped("((", (field.isWhole ? test.whole : test.text)(field.sql), ") IS TRUE)");
    case "number":
    case "time":
      return wrapped("((", test[field.kind](field.sql), ") IS TRUE)");
    case "flag": {
      const accepted = [...(test.flag(true) ? ["1"] : []), ...(test.flag(false) ? ["0"] : [])];
      return { sql: `(${field.sql} IN (${accepted.join(", ")}))`, values: [] };
    }
    case "tags":
      return wrapped("EXISTS (SELECT 1 FROM json_each(t.tags) v WHERE ", test.whole("v.atom"), ")");
    case "json": {
      const inside = ofJson(test);
      return {
        sql: `EXISTS (SELECT 1 FROM json_each(${field.column}, ?) v WHERE typeof(v.key) <> 'text' AND ${inside.sql})`,
        values: [field.path, ...inside.values],
      };
    }
  }
}

/** A value in JSON, or one in an array of them: `v` is a row of `json_each`, whose keys are texts in objects alone. */
function ofJson(test: ValueTest): Condition {
  const text = wrapped("v.type = 'text' AND ", test.text("v.atom"), "");
  const number = wrapped("v.type IN ('integer', 'real') AND ", test.number("v.atom"), "");
  const flags = [true, false].filter((flag) => test.flag(flag)).map((flag) => `'${flag}'`);
  return {
    sql: `((${text.sql}) OR (${number.sql}) OR v.type IN (${flags.join(", ")}))`,
    values: [...text.values, ...number.values],
  };
}

function exists(field: ThingField): Condition {
  if (field.kind === "tags") return { sql: "(json_array_length(t.tags) > 0)", values: [] };
  if (field.kind === "json") return { sql: `(json_type(${field.column}, ?) IS NOT NULL)`, values: [field.path] };
  return { sql: `(${field.sql} IS NOT NULL)`, values: [] };
}

function anywhere(test: ValueTest): Condition {
  const inside = ofJson(test);
  const trees = ["t.properties", "s.state"].map((column) => ({
    sql: `EXISTS (SELECT 1 FROM json_tree(${column}) v WHERE v.atom IS NOT NULL AND ${inside.sql})`,
    values: inside.values,
  }));
  return joined("OR", [...["id", "name", "tags"].map((name) => holds(thingField(name), test)), ...trees]);
}

function wrapped(before: string, { sql, values }: Condition, after: string): Condition {
  return { sql: `${before}${sql}${after}`, values };
}
