/** Answers that say no, in the shapes that the device cloud's clients know. */

export interface ErrorBody {
  readonly ok?: false;
  readonly error: string;
  readonly error_description?: string;
  readonly info?: string;
  readonly code?: string;
  readonly next_step?: string;
  /** With `pending_deliveries`: how many. */
  readonly pending?: number;
  /** With `state_refused`: keys joined by dots. */
  readonly path?: string;
}

/** Thrown by handlers, answered by the server's one error handler. Its message never repeats what came in. */
export class ApiError extends Error {
  readonly statusCode: number;
  readonly body: ErrorBody;
  readonly headers: Readonly<Record<string, string>>;

  constructor(statusCode: number, body: ErrorBody, headers: Readonly<Record<string, string>> = {}) {
    super(body.error_description ?? body.info ?? body.error);
    this.statusCode = statusCode;
    this.body = body;
    this.headers = headers;
  }
}

/** `{ ok: false, error }`, the shape of everything that has no shape of its own. */
export function refusal(statusCode: number, error: string): ApiError {
  return new ApiError(statusCode, { ok: false, error });
}

export function badRequest(error: string): ApiError {
  return refusal(400, error);
}

/** What is not there and what belongs to somebody else look the same. */
export function notFound(what: string): ApiError {
  return refusal(404, `${what} not found`);
}

export function permissionDenied(info: string): ApiError {
  return new ApiError(403, { ok: false, error: "Permission Denied", info });
}

export function unknownDevice(): ApiError {
  return permissionDenied("I didn't recognize that device name or ID, or it is not yours");
}

/** OAuth's shape (RFC 6749 section 5.2), which the clients read at sign-in and when a token fails. */
export function oauthError(statusCode: number, error: string, description: string): ApiError {
  const headers = statusCode === 401 ? { "www-authenticate": `Bearer realm="isthmus", error="${error}"` } : {};
  return new ApiError(statusCode, { error, error_description: description }, headers);
}

/** An API user without the permission, in the device cloud's shape. */
export function unauthorized(description: string): ApiError {
  return new ApiError(400, { ok: false, error: "unauthorized", error_description: description });
}

/** Told to come back later: 429 in the device cloud's shape. */
export function rateLimited(description: string, retryAfterSeconds: number): ApiError {
  return new ApiError(
    429,
    { ok: false, error: "rate_limit_exceeded", error_description: description },
    { "retry-after": String(Math.max(1, Math.ceil(retryAfterSeconds))) },
  );
}

export function unavailable(message: string, retryAfterSeconds: number): ApiError {
  return new ApiError(
    503,
    { ok: false, error: "server_error", error_description: message },
    { "retry-after": String(Math.max(1, Math.ceil(retryAfterSeconds))) },
  );
}
