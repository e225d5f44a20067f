/** Answers that say no, in the shape that Para's clients know: the status again as `code`, and a sentence. */
import { ApiError } from "../api-error.ts";

export interface ParaErrorBody {
  readonly code: number;
  readonly message: string;
  /** Stable, where there is something to tell apart. */
  readonly error?: string;
  readonly next_step?: string;
}

interface More {
  readonly error?: string;
  readonly nextStep?: string;
  readonly headers?: Readonly<Record<string, string>>;
}

/** To be thrown. `message` is a sentence; `error` a stable code in snake case. */
export function paraError(statusCode: number, message: string, { error, nextStep, headers }: More = {}): ApiError {
  const body = {
    error: error ?? message,
    error_description: message,
    ...(nextStep !== undefined && { next_step: nextStep }),
  };
  return new ApiError(statusCode, body, headers);
}

/** Any of our refusals in Para's shape. */
export function paraErrorBody({ statusCode, message, body }: ApiError): ParaErrorBody {
  const error = body.code ?? body.error;
  return {
    code: statusCode,
    message,
    ...(error !== message && /^[a-z_]+$/.test(error) && { error }),
    ...(body.next_step !== undefined && { next_step: body.next_step }),
  };
}
