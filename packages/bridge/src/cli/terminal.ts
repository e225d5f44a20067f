/** What a command may touch of the world around it; tests give their own. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts on Ctrl-C; what streams ends then. */
  readonly signal: AbortSignal;
  /** For work that must not be cut off: `isAsked` aborts with the first Ctrl-C, `signal` with the second one. */
  readonly gently?: <T>(work: (isAsked: AbortSignal) => Promise<T>) => Promise<T>;
  /** Unix milliseconds. */
  readonly now: () => number;
}

/** Lets work end that Ctrl-C must not cut off, where the terminal can tell two of them apart. */
export function gently<T>(terminal: Terminal, work: (isAsked: AbortSignal) => Promise<T>): Promise<T> {
  return terminal.gently === undefined ? work(terminal.signal) : terminal.gently(work);
}
