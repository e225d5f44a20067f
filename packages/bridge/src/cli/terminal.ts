/** What a command may touch of the world around it; tests give their own. */
export interface Terminal {
  readonly out: (text: string) => void;
  readonly err: (text: string) => void;
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts on Ctrl-C; what streams ends then. */
  readonly signal: AbortSignal;
  /** Unix milliseconds. */
  readonly now: () => number;
}
