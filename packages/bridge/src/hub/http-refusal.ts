/** Error answers of the hub's REST interface: a name in a header, and a body of one of two forms. */
import { splitWords } from "./error-classification.ts";
import type { Refusal } from "./error-classification.ts";

export interface HttpAnswer {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  readonly body: string;
}

/**
 * Reads `iothub-errorcode` and the body's `Message`: either `ErrorCode:{Name};{words}`, or itself a JSON text with
 * `errorCode` and `message`. A body of any other form is taken as the hub's words.
 */
export function readHttpRefusal({ status, headers, body }: HttpAnswer): Refusal {
  const message = fieldOf(parse(body), "Message");
  const inner = typeof message === "string" ? parse(message) : undefined;
  const legacy = typeof message === "string" ? splitWords(message) : undefined;
  const number = fieldOf(inner, "errorCode");
  const name = single(headers["iothub-errorcode"]) ?? legacy?.name;
  const words = fieldOf(inner, "message") ?? legacy?.text ?? message ?? body;
  const retryAfter = Number(single(headers["retry-after"]) ?? Number.NaN);
  return {
    status,
    text: [number, words].filter((part) => part !== undefined && part !== "").join(" "),
    ...(name === undefined ? {} : { name }),
    ...(Number.isFinite(retryAfter) ? { retryAfter } : {}),
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function fieldOf(value: unknown, name: string): string | number | undefined {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  const field = (value as Record<string, unknown>)[name];
  return typeof field === "string" || typeof field === "number" ? field : undefined;
}

function single(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header[0] : header;
}
