/** What a filter asks of one value, for each kind of value that it may be. */
import type { Json } from "../../core/json.ts";
import type { ThingFilter } from "../../core/thing-query.ts";
import type { Value } from "./driver.ts";
import { phrasePattern, prefixPattern, wholePattern, wildcardPattern } from "./text-patterns.ts";

/** A piece of a statement with what is bound to it. */
export interface Condition {
  readonly sql: string;
  readonly values: readonly Value[];
}

export const NEVER: Condition = { sql: "0", values: [] };

/** `value`: the expression that stands for it. */
export interface ValueTest {
  readonly text: (value: string) => Condition;
  /** Of a text that is matched as a whole. */
  readonly whole: (value: string) => Condition;
  readonly number: (value: string) => Condition;
  /** Of a number that is a point in time, unix milliseconds. */
  readonly time: (value: string) => Condition;
  readonly flag: (value: boolean) => boolean;
}

/** A filter that asks something of a field's values. */
export type Comparison = Extract<ThingFilter, { readonly field: unknown }>;
type Range = Extract<ThingFilter, { kind: "range" }>;

/** `null`: there is nothing to ask of a value, only whether there is one. */
export function valueTest(filter: Comparison): ValueTest | null {
  switch (filter.kind) {
    case "equals":
      return filter.value === null ? null : oneOf([filter.value]);
    case "prefix":
      return matching(prefixPattern(filter.prefix));
    case "wildcard":
      return /^\*+$/.test(filter.pattern) && filter.field !== null ? null : matching(wildcardPattern(filter.pattern));
    case "text":
      return phrase(filter.text);
    case "range":
      return within(filter);
    case "exists":
      return null;
  }
}

/** Numbers equal their text, and flags theirs. */
export function oneOf(values: readonly Json[]): ValueTest {
  const texts = values.flatMap((value) => (typeof value === "object" ? [] : [String(value)]));
  const text = among(texts);
  const flags = new Set(texts);
  return {
    text,
    whole: text,
    number: among(numbersIn(values, numberOf)),
    time: among(numbersIn(values, timeOf)),
    flag: (value) => flags.has(String(value)),
  };
}

function among(values: readonly Value[]): (value: string) => Condition {
  const [only] = values;
  if (only === undefined) return () => NEVER;
  if (values.length === 1) return (value) => ({ sql: `${value} = ?`, values: [only] });
  const list = JSON.stringify(values);
  return (value) => ({ sql: `${value} IN (SELECT value FROM json_each(?))`, values: [list] });
}

function matching(glob: string): ValueTest {
  const test = (value: string): Condition => ({ sql: `${value} GLOB ?`, values: [glob] });
  return { text: test, whole: test, number: test, time: test, flag: () => false };
}

function phrase(text: string): ValueTest {
  if (text.trim() === "") return oneOf([text]);
  const { number, time, flag } = oneOf([text]);
  const pattern = phrasePattern(text);
  return {
    text: (value) => ({ sql: `' ' || ${value} || ' ' GLOB ?`, values: [pattern] }),
    whole: (value) => ({ sql: `${value} GLOB ?`, values: [wholePattern(text)] }),
    number,
    time,
    flag,
  };
}

/** Bounds that are all numbers are about numbers, others about texts in the order of their characters. */
function within(range: Range): ValueTest {
  const text = numbersWithin(range, numberOf) === null ? bounded(range, textOf) : () => NEVER;
  return {
    text,
    whole: text,
    number: numbersWithin(range, numberOf) ?? (() => NEVER),
    time: numbersWithin(range, timeOf) ?? (() => NEVER),
    flag: () => false,
  };
}

function numbersWithin(range: Range, read: (bound: Json) => number | null): ((value: string) => Condition) | null {
  const bounds = [range.from, range.to].filter((bound) => bound !== null);
  return bounds.every((bound) => read(bound) !== null) ? bounded(range, read) : null;
}

function bounded(range: Range, read: (bound: Json) => Value): (value: string) => Condition {
  const { from, to, includesFrom, includesTo } = range;
  return (value) => {
    const parts = [
      ...(from === null ? [] : [{ sql: `${value} ${includesFrom ? ">=" : ">"} ?`, bound: read(from) }]),
      ...(to === null ? [] : [{ sql: `${value} ${includesTo ? "<=" : "<"} ?`, bound: read(to) }]),
    ];
    if (parts.length === 0) return { sql: `${value} IS NOT NULL`, values: [] };
    return { sql: parts.map(({ sql }) => sql).join(" AND "), values: parts.map(({ bound }) => bound) };
  };
}

function numbersIn(values: readonly Json[], read: (value: Json) => number | null): number[] {
  return values.flatMap((value) => read(value) ?? []);
}

function numberOf(value: Json): number | null {
  if (typeof value === "string" && value.trim() === "") return null;
  const number = typeof value === "string" || typeof value === "number" ? Number(value) : Number.NaN;
  return Number.isFinite(number) ? number : null;
}

export function textOf(value: Json): string {
  return typeof value === "object" ? JSON.stringify(value) : String(value);
}

/** A number, or a date as ISO 8601 writes it. */
function timeOf(value: Json): number | null {
  const number = numberOf(value);
  if (number !== null || typeof value !== "string" || !/^\d{4}-\d\d(-\d\d)?/.test(value)) return number;
  const time = Date.parse(value);
  return Number.isNaN(time) ? null : time;
}
