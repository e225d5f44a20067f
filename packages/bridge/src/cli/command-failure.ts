/** Why a command did not do its work: one line for people, with the step that mends it. Exit code 1; wrong usage has 2. */
export class CommandFailure extends Error {
  readonly code: string;
  readonly nextStep: string | null;
  readonly exitCode: 1 | 2;
  /** When the server says so. */
  readonly retryAfterSeconds: number | null;

  constructor(
    code: string,
    message: string,
    nextStep: string | null = null,
    exitCode: 1 | 2 = 1,
    retryAfterSeconds: number | null = null,
  ) {
    super(message);
    this.code = code;
    this.nextStep = nextStep;
    this.exitCode = exitCode;
    this.retryAfterSeconds = retryAfterSeconds;
  }
}

/** The command was not given what it needs. */
export function wrongUsage(message: string, nextStep: string | null = null): CommandFailure {
  return new CommandFailure("usage", message, nextStep, 2);
}
