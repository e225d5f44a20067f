/** Goes through the tokens of a query, one after the other. */
import type { HubError } from "../errors.ts";
import { syntaxError, tokenize } from "./tokens.ts";
import type { Token } from "./tokens.ts";

export class TokenReader {
  readonly #tokens: readonly Token[];
  #next = 0;

  /** Throws `ArgumentInvalid`. */
  constructor(text: string) {
    this.#tokens = tokenize(text);
  }

  peek(ahead: number = 0): Token {
    return this.#tokens[Math.min(this.#next + ahead, this.#tokens.length - 1)] as Token;
  }

  take(): Token {
    const token = this.peek();
    this.#next++;
    return token;
  }

  /** Whether the next token is this keyword, in any case. */
  atWord(word: string): boolean {
    const { kind, text } = this.peek();
    return kind === "name" && text.toLowerCase() === word;
  }

  atSymbol(symbol: string, ahead: number = 0): boolean {
    const { kind, text } = this.peek(ahead);
    return kind === "symbol" && text === symbol;
  }

  /** Takes the next token if it is this keyword. */
  acceptWord(word: string): boolean {
    const found = this.atWord(word);
    if (found) this.#next++;
    return found;
  }

  acceptSymbol(symbol: string): boolean {
    const found = this.atSymbol(symbol);
    if (found) this.#next++;
    return found;
  }

  expectWord(word: string): void {
    if (!this.acceptWord(word)) throw this.unexpected(word.toUpperCase());
  }

  expectSymbol(symbol: string): void {
    if (!this.acceptSymbol(symbol)) throw this.unexpected(`'${symbol}'`);
  }

  expectEnd(wanted: string): void {
    if (this.peek().kind !== "end") throw this.unexpected(wanted);
  }

  /** What to throw when the next token is not what the language asks for here. */
  unexpected(wanted: string): HubError {
    const { kind, text, column } = this.peek();
    const found = kind === "end" ? "the end" : JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text);
    return syntaxError(column, `expected ${wanted} but found ${found}`);
  }
}
