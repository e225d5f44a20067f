/** Reading a query string character by character: its words, quotes and escapes. */

/** What was written cannot be read. Thrown inside the parser of query strings alone. */
export class QueryFault extends Error {
  /** `at`: index of the character. */
  constructor(what: string, at: number) {
    super(`${what} (at character ${at + 1})`);
  }
}

/** A word as it was meant, and as a pattern in which escaped `*` and `?` stay escaped. */
export interface QueryWord {
  readonly text: string;
  readonly pattern: string;
  readonly hasWildcard: boolean;
  readonly isQuoted: boolean;
}

/** Characters that end a word, wherever they are not escaped. */
const ENDS_WORD = /[\s()[\]{}"^~]/;

export class QueryReader {
  readonly #text: string;
  at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isAtEnd(): boolean {
    return this.at >= this.#text.length;
  }

  /** The next character; empty at the end. */
  get next(): string {
    return this.#text.charAt(this.at);
  }

  skipSpace(): void {
    while (!this.isAtEnd && /\s/.test(this.next)) this.at++;
  }

  /** Goes past this text if it is what comes next. */
  take(text: string): boolean {
    if (!this.#text.startsWith(text, this.at)) return false;
    this.at += text.length;
    return true;
  }

  /** The same for a word that nothing of another word may follow. */
  takeKeyword(keyword: string): boolean {
    const after = this.#text.charAt(this.at + keyword.length);
    return (after === "" || /[\s()[\]{}"+!-]/.test(after)) && this.take(keyword);
  }

  expect(text: string, what: string): void {
    this.skipSpace();
    if (!this.take(text)) throw this.fault(what);
  }

  fault(what: string, at: number = this.at): QueryFault {
    return new QueryFault(what, at);
  }

  /** A quoted text or a word. `stopsAt`: ends a word too, beside what ends all. */
  word(stopsAt: string): QueryWord {
    return this.take('"') ? this.#quoted() : this.#plain(stopsAt);
  }

  #plain(stopsAt: string): QueryWord {
    const began = this.at;
    let text = "";
    let pattern = "";
    let hasWildcard = false;
    while (!this.isAtEnd && !ENDS_WORD.test(this.next) && !stopsAt.includes(this.next)) {
      const { character, isEscaped } = this.#character();
      const isSpecial = /[*?\\]/.test(character);
      text += character;
      pattern += isSpecial && isEscaped ? `\\${character}` : character;
      hasWildcard ||= isSpecial && !isEscaped;
    }
    if (this.at === began) throw this.fault(this.isAtEnd ? "Something is missing at the end" : "A word is missing");
    return { text, pattern, hasWildcard, isQuoted: false };
  }

  #quoted(): QueryWord {
    const began = this.at - 1;
    let text = "";
    while (!this.take('"')) {
      if (this.isAtEnd) throw this.fault("The quotation mark is not closed", began);
      text += this.#character().character;
    }
    return { text, pattern: text, hasWildcard: false, isQuoted: true };
  }

  #character(): { readonly character: string; readonly isEscaped: boolean } {
    const character = this.next;
    this.at++;
    if (character !== "\\") return { character, isEscaped: false };
    if (this.isAtEnd) throw this.fault("The backslash at the end escapes nothing", this.at - 1);
    const code = /^u([0-9a-fA-F]{4})/.exec(this.#text.slice(this.at, this.at + 5))?.[1];
    if (code !== undefined) {
      this.at += 5;
      return { character: String.fromCharCode(Number.parseInt(code, 16)), isEscaped: true };
    }
    const escaped = this.next;
    this.at++;
    return { character: escaped, isEscaped: true };
  }
}
