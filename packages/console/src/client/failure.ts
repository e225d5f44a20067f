/** Why the server said no, as its answers tell it. */
export class ApiFailure extends Error {
  /** HTTP status; 0 when the server was not reached. */
  readonly status: number;
  /** Stable; `null` where the answer has none. */
  readonly code: string | null;
  readonly nextStep: string | null;
  /** The answer's body, for fields that only one route has. */
  readonly body: unknown;

  constructor(failure: {
    status: number;
    message: string;
    code?: string | null;
    nextStep?: string | null;
    body?: unknown;
  }) {
    super(failure.message);
    this.status = failure.status;
    this.code = failure.code ?? null;
    this.nextStep = failure.nextStep ?? null;
    this.body = failure.body;
  }
}

/** Reads an error answer of any face: `error` and `next_step`, or OAuth's `error_description`. */
export function failureOf(status: number, body: unknown): ApiFailure {
  const fields = typeof body === "object" && body !== null ? (body as Record<string, unknown>) : {};
  const text = (name: string): string | null => (typeof fields[name] === "string" ? fields[name] : null);
  const code = text("code") ?? (text("error_description") === null ? null : text("error"));
  const message =
    text("error_description") ?? text("error") ?? text("message") ?? text("info") ?? `The server answered ${status}.`;
  return new ApiFailure({ status, message, code, nextStep: text("next_step"), body });
}

export function unreachable(): ApiFailure {
  return new ApiFailure({
    status: 0,
    message: "The server does not answer.",
    code: "unreachable",
    nextStep: "Is it running? This page goes on by itself when it is back.",
  });
}
