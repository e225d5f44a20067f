/** Para's kinds of searches, each with parameters of its own, as filters. */
import type { ThingFilter } from "../../core/thing-query.ts";
import { queryFlag, queryText, queryTexts } from "./query-parameters.ts";
import { parseQueryString } from "./query-string.ts";

type Query = Readonly<Record<string, unknown>>;
type Parsed =
  | { readonly kind: "found"; readonly filter: ThingFilter }
  /** Nothing to look for. Clients send that for an empty list or text, and expect to find nothing. */
  | { readonly kind: "blank"; readonly message: string }
  /** In a sentence that names the parameter. */
  | { readonly kind: "fault"; readonly message: string };

const MAX_FIELD = 255;
const MAX_TEXT = 2_000;
const MAX_TERMS = 500;
/** Of a text to which others are to be similar, this many words are looked for. */
const MAX_WORDS = 30;

/** Thrown inside this file alone, as is the next. */
class Fault extends Error {}
class Blank extends Error {}

const SEARCHES: Readonly<Record<string, (query: Query) => ThingFilter>> = {
  default: (query) => queryString(queryText(query, "q") ?? "*"),

  /** `terms=field:value`, all of them or one; the field may end with `<`, `<=`, `>` or `>=`. */
  terms(query) {
    const of = texts(query, "terms").map(term);
    return { kind: queryFlag(query, "matchall", true) ? "and" : "or", of };
  },

  in(query) {
    const field = fieldIn(query);
    return { kind: "or", of: texts(query, "terms").map((value) => ({ kind: "equals", field, value })) };
  },

  prefix: (query) => ({ kind: "prefix", field: fieldIn(query), prefix: text(query, "prefix") }),

  wildcard: (query) => ({
    kind: "wildcard",
    field: fieldIn(query),
    pattern: queryText(query, "q") === null ? "*" : text(query, "q"),
  }),

  tagged: (query) => ({
    kind: "and",
    of: texts(query, "tags").map((value) => ({ kind: "equals", field: "tags", value })),
  }),

  /** Those that share a word in one of the fields, but for the one that they are compared with. */
  similar(query) {
    const words = [...new Set(text(query, "like").match(/[\p{L}\p{N}]+/gu))].slice(0, MAX_WORDS);
    const fields = queryTexts(query, "fields").length === 0 ? ["name"] : texts(query, "fields").map(field);
    const own = queryText(query, "filterid");
    const shares: ThingFilter = {
      kind: "or",
      of: fields
        .slice(0, 10)
        .flatMap((name) => words.map((word): ThingFilter => ({ kind: "text", field: name, text: word }))),
    };
    if (own === null) return shares;
    return { kind: "and", of: [shares, { kind: "not", of: { kind: "equals", field: "id", value: own } }] };
  },

  nested() {
    throw new Fault(
      "There are no nested objects here: ask for what is inside by its path, as in q=deviceState.engine.rpm:900",
    );
  },

  nearby() {
    throw new Fault("Things have no address here: compare their own fields, as in q=properties.lat:[48 TO 49]");
  },
};

/** What `queryType` asks for with these parameters. */
export function searchFilter(queryType: string, query: Query): Parsed {
  const search = Object.hasOwn(SEARCHES, queryType) ? SEARCHES[queryType] : undefined;
  if (search === undefined) {
    const known = ["id", "ids", "count", ...Object.keys(SEARCHES)].join(", ");
    return { kind: "fault", message: `There is no search of this type: there are ${known}` };
  }
  try {
    return { kind: "found", filter: search(query) };
  } catch (error) {
    if (error instanceof Fault) return { kind: "fault", message: error.message };
    if (error instanceof Blank) return { kind: "blank", message: error.message };
    throw error;
  }
}

/** What an answer says that found nothing because nothing was asked for. */
export function blank(name: string): string {
  return `'${name}' is blank: there is nothing to look for`;
}

function queryString(q: string): ThingFilter {
  const parsed = parseQueryString(q);
  if (parsed.kind === "fault") throw new Fault(`Invalid query string syntax in 'q': ${parsed.message}`);
  return parsed.filter;
}

function term(given: string): ThingFilter {
  const colon = given.indexOf(":");
  if (colon < 1) throw new Fault("'terms' must be field:value, as in terms=name:Boiler");
  const value = given.slice(colon + 1);
  const [, name = "", operator] = /^(.*?)\s*([<>]=?)?$/s.exec(given.slice(0, colon))!;
  if (operator === undefined) return { kind: "equals", field: field(name), value };
  const bound = /^-?\d{1,15}(?:\.\d{1,15})?$/.test(value) ? Number(value) : value;
  const isLower = operator.startsWith(">");
  const included = operator.endsWith("=");
  return {
    kind: "range",
    field: field(name),
    from: isLower ? bound : null,
    to: isLower ? null : bound,
    includesFrom: isLower && included,
    includesTo: !isLower && included,
  };
}

function fieldIn(query: Query): string {
  return field(text(query, "field"));
}

function field(name: string): string {
  if (name === "" || name.length > MAX_FIELD || /\p{Cc}|\p{Cs}/u.test(name)) {
    throw new Fault(`A field's name has 1 to ${MAX_FIELD} characters, none of them a control character`);
  }
  return name;
}

function text(query: Query, name: string): string {
  const value = queryText(query, name);
  if (value === null) throw new Blank(blank(name));
  if (value.length > MAX_TEXT) throw new Fault(`'${name}' must have at most ${MAX_TEXT} characters`);
  return value;
}

function texts(query: Query, name: string): readonly string[] {
  const values = queryTexts(query, name).filter((value) => value !== "");
  if (values.length === 0) throw new Blank(blank(name));
  if (values.length > MAX_TERMS) throw new Fault(`'${name}' must be at most ${MAX_TERMS}`);
  if (values.some((value) => value.length > MAX_TEXT)) {
    throw new Fault(`'${name}' must have at most ${MAX_TEXT} characters each`);
  }
  return values;
}
