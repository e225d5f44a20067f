/** The words of the query language. A query is cut into all its tokens at once; its length bounds their number. */
import { HubError } from "../errors.ts";

const MAX_QUERY_LENGTH = 8192;

export interface Token {
  /** `quoted` is a name in `[[…]]` or `{…}`: never a keyword, whatever it spells. */
  readonly kind: "name" | "quoted" | "string" | "number" | "symbol" | "end";
  /** As written; for `quoted` and `string` what stands between the quotes. */
  readonly text: string;
  /** Counted from 1. */
  readonly column: number;
}

const SYMBOLS = /<>|<=|>=|!=|[=<>+\-*/%()[\],.]/y;
const SPACE = /\s+/y;
const NUMBER = /0[xX][0-9a-fA-F]+|\d+(?:\.\d*)?(?:[eE][+-]?\d+)?/y;
/** Only a system property may have a hyphen in its name, as in `$dt-subject`. */
const NAME = /\$[\p{L}\p{M}\p{N}_$]*(?:-[\p{L}\p{M}\p{N}_$]+)*|[\p{L}_][\p{L}\p{M}\p{N}_$]*/uy;
/** After a dot a name may begin with a digit: keys of twins do. */
const MEMBER = /[\p{L}\p{M}\p{N}_$]+/uy;
const NAME_CHARACTER = /[\p{L}\p{M}\p{N}_$]/u;
const ESCAPES: Readonly<Record<string, string>> = {
  "'": "'",
  '"': '"',
  "\\": "\\",
  "/": "/",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** Throws `ArgumentInvalid` with the column of what is no token. */
export function tokenize(text: string): readonly Token[] {
  if (text.length > MAX_QUERY_LENGTH) {
    throw new HubError("ArgumentInvalid", `The query is longer than ${MAX_QUERY_LENGTH} characters.`);
  }
  const tokens: Token[] = [];
  for (let at = skipSpace(text, 0); at < text.length;) {
    const [token, end] = read(text, at, tokens.at(-1));
    tokens.push(token);
    at = skipSpace(text, end);
  }
  tokens.push({ kind: "end", text: "", column: text.length + 1 });
  return tokens;
}

/** A mistake in a query, with the place where it shows. */
export function syntaxError(column: number, problem: string): HubError {
  return new HubError("ArgumentInvalid", `The query is not valid: ${problem} at column ${column}.`);
}

function read(text: string, at: number, previous: Token | undefined): readonly [Token, end: number] {
  const column = at + 1;
  const make = (kind: Token["kind"], value: string, end: number): [Token, number] => [
    { kind, text: value, column },
    end,
  ];
  const member = previous?.text === "." && previous.kind === "symbol" ? match(MEMBER, text, at) : undefined;
  const name = member ?? match(NAME, text, at);
  if (name !== undefined) return make("name", name, at + name.length);
  const number = match(NUMBER, text, at);
  if (number !== undefined) {
    const end = at + number.length;
    if (NAME_CHARACTER.test(text[end] ?? "")) throw syntaxError(column, "this is neither a number nor a name");
    return make("number", number, end);
  }
  if (text.startsWith("[[", at)) return readQuoted(text, at, "[[", "]]");
  const first = text[at] ?? "";
  if (first === "{") return readQuoted(text, at, "{", "}");
  if (first === "'" || first === '"') return readString(text, at, first);
  const symbol = match(SYMBOLS, text, at);
  if (symbol === undefined) throw syntaxError(column, `the character ${JSON.stringify(first)} is not expected`);
  return make("symbol", symbol, at + symbol.length);
}

function readQuoted(text: string, at: number, open: string, close: string): readonly [Token, number] {
  const end = text.indexOf(close, at + open.length);
  if (end < 0) throw syntaxError(at + 1, `${open} has no ${close}`);
  if (end === at + open.length) throw syntaxError(at + 1, `${open}${close} names nothing`);
  return [{ kind: "quoted", text: text.slice(at + open.length, end), column: at + 1 }, end + close.length];
}

// A quote is escaped by a backslash or, as in SQL, by another one.
function readString(text: string, at: number, quote: string): readonly [Token, number] {
  let value = "";
  for (let i = at + 1; i < text.length; i++) {
    const character = text[i] ?? "";
    if (character === quote) {
      if (text[i + 1] !== quote) return [{ kind: "string", text: value, column: at + 1 }, i + 1];
      value += quote;
      i++;
    } else if (character === "\\") {
      const code = /^u[0-9a-fA-F]{4}/.exec(text.slice(i + 1, i + 6))?.[0];
      const escaped =
        code === undefined ? ESCAPES[text[i + 1] ?? ""] : String.fromCharCode(Number.parseInt(code.slice(1), 16));
      if (escaped === undefined) throw syntaxError(i + 1, "there is no such escape");
      value += escaped;
      i += code?.length ?? 1;
    } else {
      value += character;
    }
  }
  throw syntaxError(at + 1, "the string has no end");
}

function skipSpace(text: string, at: number): number {
  return at + (match(SPACE, text, at)?.length ?? 0);
}

function match(pattern: RegExp, text: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(text)?.[0];
}
