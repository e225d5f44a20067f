/**
 * Query strings as Lucene's users write them, as filters: words, `field:value`, phrases, wildcards, ranges, comparisons,
 * groups, AND, OR, NOT, + and -. Words beside each other are joined by OR, as there. Read once from left to right.
 */
import type { ThingFilter } from "../../core/thing-query.ts";
import { QueryFault, QueryReader, type QueryWord } from "./query-words.ts";

export type ParsedQuery =
  | { readonly kind: "parsed"; readonly filter: ThingFilter }
  /** In a sentence with the place of the mistake. */
  | { readonly kind: "fault"; readonly message: string };

const MAX_LENGTH = 4_096;
const MAX_DEPTH = 20;
const MAX_CLAUSES = 256;
const MAX_FIELD = 255;

/** One clause with how it was marked. */
interface Clause {
  readonly filter: ThingFilter;
  readonly mark: "+" | "-" | null;
}

/** Where the reader is: how deep in parentheses, and in the group of which field. */
interface Place {
  readonly depth: number;
  readonly field: string | null;
}

export function parseQueryString(text: string): ParsedQuery {
  if (text.trim() === "") return { kind: "parsed", filter: { kind: "all" } };
  if (text.length > MAX_LENGTH) return { kind: "fault", message: `It has more than ${MAX_LENGTH} characters` };
  try {
    return { kind: "parsed", filter: new QueryParser(text).parse() };
  } catch (error) {
    if (error instanceof QueryFault) return { kind: "fault", message: error.message };
    throw error;
  }
}

class QueryParser {
  readonly #reader: QueryReader;
  #clauses = 0;

  constructor(text: string) {
    this.#reader = new QueryReader(text);
  }

  parse(): ThingFilter {
    const filter = this.#group({ depth: 0, field: null });
    if (!this.#reader.isAtEnd) throw this.#reader.fault(`'${this.#reader.next}' has no counterpart before it`);
    return filter;
  }

  /** Alternatives beside each other, up to a closing parenthesis or the end. */
  #group(place: Place): ThingFilter {
    const reader = this.#reader;
    const required: ThingFilter[] = [];
    const excluded: ThingFilter[] = [];
    const wanted: ThingFilter[] = [];
    reader.skipSpace();
    do {
      const { filter, mark } = this.#alternatives(place);
      if (mark === null) wanted.push(filter);
      else (mark === "+" ? required : excluded).push(filter);
      reader.skipSpace();
    } while (!reader.isAtEnd && reader.next !== ")");
    const without = excluded.map((filter): ThingFilter => ({ kind: "not", of: filter }));
    // Beside what is required, what is only wanted would merely be ranked higher.
    const chosen = required.length > 0 || wanted.length === 0 ? required : [joined("or", wanted)];
    return joined("and", [...chosen, ...without]);
  }

  #alternatives(place: Place): Clause {
    const first = this.#conjunction(place);
    const all = [first];
    while (this.#takeOperator("OR", "||")) all.push(this.#conjunction(place));
    return all.length === 1 ? first : { filter: joined("or", all.map(unmarked)), mark: null };
  }

  #conjunction(place: Place): Clause {
    const first = this.#marked(place);
    const all = [first];
    while (this.#takeOperator("AND", "&&")) all.push(this.#marked(place));
    return all.length === 1 ? first : { filter: joined("and", all.map(unmarked)), mark: null };
  }

  #takeOperator(keyword: string, sign: string): boolean {
    this.#reader.skipSpace();
    return this.#reader.takeKeyword(keyword) || this.#reader.take(sign);
  }

  #marked(place: Place): Clause {
    const reader = this.#reader;
    reader.skipSpace();
    if (reader.take("+")) return { filter: this.#clause(place), mark: "+" };
    const isExcluded = reader.takeKeyword("NOT") || reader.take("-") || reader.take("!");
    if (!isExcluded) return { filter: this.#clause(place), mark: null };
    return { filter: this.#clause(place), mark: "-" };
  }

  #clause(place: Place): ThingFilter {
    const reader = this.#reader;
    reader.skipSpace();
    if (++this.#clauses > MAX_CLAUSES) throw reader.fault(`There are more than ${MAX_CLAUSES} clauses`);
    for (const keyword of ["AND", "OR", "NOT"]) {
      if (reader.takeKeyword(keyword)) throw reader.fault(`'${keyword}' joins nothing`, reader.at - keyword.length);
    }
    if (reader.next === "(") return this.#parenthesized(place);
    if (place.field !== null && /[[{<>]/.test(reader.next)) return this.#value(place.field, place);
    if (reader.next === "/") throw this.#regularExpression();
    const began = reader.at;
    const word = reader.word(":");
    if (word.isQuoted || reader.next !== ":") return this.#closed(comparison(place.field, word));
    if (word.text.length > MAX_FIELD) throw reader.fault("A field's name is too long", began);
    reader.take(":");
    reader.skipSpace();
    return this.#fieldValue(word.text, place);
  }

  #fieldValue(field: string, place: Place): ThingFilter {
    const reader = this.#reader;
    if (reader.isAtEnd || reader.next === ")") throw reader.fault(`'${field}' has no value`);
    if (field === "_exists_") return this.#closed({ kind: "exists", field: reader.word("").text });
    if (field === "*") return this.#value(null, place);
    if (reader.next === "(") return this.#parenthesized({ ...place, field });
    return this.#value(field, place);
  }

  #parenthesized({ depth, field }: Place): ThingFilter {
    const reader = this.#reader;
    const opened = reader.at;
    reader.take("(");
    if (depth >= MAX_DEPTH) throw reader.fault(`Parentheses are more than ${MAX_DEPTH} deep`, opened);
    const filter = this.#group({ depth: depth + 1, field });
    if (!reader.take(")")) throw reader.fault("The parenthesis is not closed", opened);
    return this.#closed(filter);
  }

  #value(field: string | null, place: Place): ThingFilter {
    const reader = this.#reader;
    if (field !== null && /[[{]/.test(reader.next)) return this.#closed(this.#range(field));
    if (field !== null && /[<>]/.test(reader.next)) return this.#closed(this.#bound(field));
    if (reader.next === "/") throw this.#regularExpression();
    return this.#closed(comparison(field ?? place.field, reader.word("")));
  }

  #range(field: string): ThingFilter {
    const reader = this.#reader;
    const opened = reader.at;
    const includesFrom = reader.take("[");
    if (!includesFrom) reader.take("{");
    const from = this.#edge();
    reader.skipSpace();
    if (!reader.takeKeyword("TO")) throw reader.fault("A range is [from TO to]", opened);
    const to = this.#edge();
    reader.skipSpace();
    const includesTo = reader.take("]");
    if (!includesTo && !reader.take("}")) throw reader.fault("The range is not closed", opened);
    return { kind: "range", field, from, to, includesFrom, includesTo };
  }

  #edge(): string | null {
    this.#reader.skipSpace();
    const { text, isQuoted } = this.#reader.word("");
    return text === "*" && !isQuoted ? null : text;
  }

  /** `>5`, `>=5`, `<5`, `<=5`. */
  #bound(field: string): ThingFilter {
    const reader = this.#reader;
    const isLower = reader.take(">");
    if (!isLower) reader.take("<");
    const included = reader.take("=");
    reader.skipSpace();
    const { text } = reader.word("");
    return {
      kind: "range",
      field,
      from: isLower ? text : null,
      to: isLower ? null : text,
      includesFrom: isLower && included,
      includesTo: !isLower && included,
    };
  }

  /** A weight is for ranking and says nothing of what is found. */
  #closed(filter: ThingFilter): ThingFilter {
    const reader = this.#reader;
    if (reader.next === "~") throw reader.fault("What is only similar is not searched for: use * and ?");
    if (reader.take("^") && !/^\d+(\.\d+)?$/.test(reader.word("").text))
      throw reader.fault("A weight is a number, as in name:boiler^2");
    return filter;
  }

  #regularExpression(): QueryFault {
    return this.#reader.fault("Regular expressions are not searched for: put a text with slashes in quotation marks");
  }
}

function unmarked({ filter, mark }: Clause): ThingFilter {
  return mark === "-" ? { kind: "not", of: filter } : filter;
}

function joined(kind: "and" | "or", of: readonly ThingFilter[]): ThingFilter {
  const [only] = of;
  return only !== undefined && of.length === 1 ? only : { kind, of };
}

function comparison(field: string | null, { text, pattern, hasWildcard, isQuoted }: QueryWord): ThingFilter {
  if (pattern === "*" && !isQuoted) return field === null ? { kind: "all" } : { kind: "exists", field };
  if (hasWildcard) return { kind: "wildcard", field, pattern };
  // By id a Thing is found without looking at the others.
  return field === "id" ? { kind: "equals", field, value: text } : { kind: "text", field, text };
}
