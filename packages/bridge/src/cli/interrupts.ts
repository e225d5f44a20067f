/**
 * Ctrl-C. It ends a command at once. Work that must not be cut off, because an answer is the only copy of a key, is asked
 * to end first: the next Ctrl-C is what ends it then.
 */
export class Interrupts {
  readonly #ended = new AbortController();
  readonly #say: (text: string) => void;
  #asked: AbortController | null = null;

  constructor(say: (text: string) => void) {
    this.#say = say;
  }

  /** Aborts when the command is to end at once. */
  get signal(): AbortSignal {
    return this.#ended.signal;
  }

  /** Somebody pressed it. */
  came(): void {
    if (this.#asked === null || this.#asked.signal.aborted) return this.#ended.abort();
    this.#say("\nStopping: letting what is under way end, so that no key is lost. Ctrl-C again stops at once.\n");
    this.#asked.abort();
  }

  /** `isAsked` aborts with the first Ctrl-C: what has not begun by then is left. */
  readonly gently = async <T>(work: (isAsked: AbortSignal) => Promise<T>): Promise<T> => {
    const asked = new AbortController();
    this.#asked = asked;
    try {
      return await work(asked.signal);
    } finally {
      this.#asked = null;
    }
  };
}
