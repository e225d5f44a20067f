/** Whether an object is one that a search asks for. For the few objects that are searched in memory; Things are searched in the store. */
import type { Json, JsonObject } from "../../core/json.ts";
import type { ThingFilter } from "../../core/thing-query.ts";

const OWN_FIELDS = "properties.";

export function fits(object: JsonObject, filter: ThingFilter): boolean {
  switch (filter.kind) {
    case "all":
      return true;
    case "none":
      return false;
    case "and":
      return filter.of.every((part) => fits(object, part));
    case "or":
      return filter.of.some((part) => fits(object, part));
    case "not":
      return !fits(object, filter.of);
    case "exists":
      return fieldOf(object, filter.field) !== undefined;
    case "equals":
      return texts(fieldOf(object, filter.field)).includes(textOf(filter.value));
    case "prefix":
      return texts(fieldOf(object, filter.field)).some((text) => lower(text).startsWith(lower(filter.prefix)));
    case "wildcard":
      return searched(object, filter.field).some((text) => matches(lower(text), tokensOf(lower(filter.pattern))));
    case "text":
      return searched(object, filter.field).some((text) => lower(text).includes(lower(filter.text)));
    case "range":
      return texts(fieldOf(object, filter.field)).some((text) => isWithin(text, filter));
  }
}

/** Below 0: `a` stands before `b`. Numbers by size, texts by their characters; what is not there first. */
export function compareValues(a: Json | undefined, b: Json | undefined): number {
  if (a === undefined || b === undefined) return Number(a !== undefined) - Number(b !== undefined);
  const [left, right] = [textOf(a), textOf(b)];
  const difference = Number(left) - Number(right);
  if (!Number.isNaN(difference)) return difference;
  return left < right ? -1 : Number(left > right);
}

export function fieldOf(object: JsonObject, field: string): Json | undefined {
  const name = field.startsWith(OWN_FIELDS) ? field.slice(OWN_FIELDS.length) : field;
  return Object.hasOwn(object, name) ? object[name] : undefined;
}

function isWithin(text: string, range: Extract<ThingFilter, { kind: "range" }>): boolean {
  const { from, to, includesFrom, includesTo } = range;
  const fromSide = from === null ? 1 : compareValues(text, from);
  const toSide = to === null ? -1 : compareValues(text, to);
  return (fromSide > 0 || (includesFrom && fromSide === 0)) && (toSide < 0 || (includesTo && toSide === 0));
}

/** Of an array each value counts. */
function texts(value: Json | undefined): readonly string[] {
  return value === undefined ? [] : [value].flat().map((one) => textOf(one as Json));
}

function textOf(value: Json): string {
  return typeof value === "string" ? value : JSON.stringify(value);
}

/** Without a field all values count. */
function searched(object: JsonObject, field: string | null): readonly string[] {
  return (field === null ? Object.values(object) : [fieldOf(object, field)]).flatMap(texts);
}

function lower(text: string): string {
  return text.toLowerCase();
}

const ANY_TEXT = Symbol("*");
const ANY_CHARACTER = Symbol("?");
type Token = string | typeof ANY_TEXT | typeof ANY_CHARACTER;

/** A backslash takes the next character as it is. */
function tokensOf(pattern: string): readonly Token[] {
  return (pattern.match(/\\?./gsu) ?? []).map((piece) => {
    if (piece === "*") return ANY_TEXT;
    if (piece === "?") return ANY_CHARACTER;
    return piece.length > 1 && piece.startsWith("\\") ? piece.slice(1) : piece;
  });
}

/** Goes back to the last star only, so that no pattern takes long. */
function matches(text: string, pattern: readonly Token[]): boolean {
  const characters = Array.from(text);
  let [at, inPattern, star, resume] = [0, 0, -1, 0];
  while (at < characters.length) {
    const token = pattern[inPattern];
    if (token === ANY_TEXT) {
      star = inPattern++;
      resume = at;
    } else if (token === ANY_CHARACTER || (token !== undefined && token === characters[at])) {
      inPattern++;
      at++;
    } else if (star >= 0) {
      inPattern = star + 1;
      at = ++resume;
    } else {
      return false;
    }
  }
  return pattern.slice(inPattern).every((token) => token === ANY_TEXT);
}
