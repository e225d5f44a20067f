/** One call of the HTTP API: JSON in, JSON out, with the token of the session. */
import { endSession, sessionToken } from "../session/session.ts";
import { failureOf, unreachable, type ApiFailure } from "./failure.ts";

export type Method = "GET" | "POST" | "PUT" | "PATCH" | "DELETE";

/** Fields of a query string; those that are `undefined`, `null` or empty are left out. */
export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

interface Call {
  readonly method?: Method;
  readonly query?: Query;
  /** Sent as JSON; forms as they are. */
  readonly body?: unknown;
  readonly signal?: AbortSignal;
}

/** Resolves with the parsed answer (`null` when it is empty); rejects with an `ApiFailure`. */
export async function request<T>(path: string, call: Call = {}): Promise<T> {
  const response = await send(path, call);
  const text = await response.text();
  return (text === "" ? null : parsed(text)) as T;
}

/** As `request`, for answers that are read as they come or saved as files. */
export async function send(path: string, { method = "GET", query, body, signal }: Call = {}): Promise<Response> {
  const token = sessionToken();
  const isForm = body instanceof FormData || body instanceof URLSearchParams;
  const response = await fetch(withQuery(path, query), {
    method,
    headers: {
      ...(token !== null && { authorization: `Bearer ${token}` }),
      ...(body !== undefined && !isForm && { "content-type": "application/json" }),
    },
    ...(body !== undefined && { body: isForm ? body : JSON.stringify(body) }),
    ...(signal && { signal }),
    cache: "no-store",
    credentials: "omit",
  }).catch((error: unknown) => {
    throw signal?.aborted ? error : unreachable();
  });
  if (response.ok) return response;
  const failure = failureOf(response.status, parsed(await response.text()));
  // Late answers to who was here before end nobody's session.
  if (token === sessionToken() && isSignedOut(failure, token)) endSession("ended");
  throw failure;
}

export function withQuery(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).flatMap(([name, value]) =>
    value === undefined || value === null || value === "" ? [] : [[name, String(value)]],
  );
  return pairs.length === 0 ? path : `${path}?${new URLSearchParams(pairs).toString()}`;
}

/** For path segments: ids and names are anything. */
export function segment(text: string | number): string {
  return encodeURIComponent(text);
}

function isSignedOut({ status, code }: ApiFailure, token: string | null): boolean {
  return token !== null && status === 401 && code === "invalid_token";
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
