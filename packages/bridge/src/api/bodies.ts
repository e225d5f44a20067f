/** Request bodies: JSON and form fields, read strictly, and the small checks that handlers make on their fields. */
import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import { ApiError, badRequest, refusal } from "./api-error.ts";

/** Fields of a body. From a form all values are texts. */
export type Fields = Readonly<Record<string, unknown>>;

const MAX_FORM_FIELDS = 64;
const NO_FIELDS: Fields = Object.freeze({});
export const UNSUPPORTED_TYPE = "Unsupported content type: send application/json or application/x-www-form-urlencoded";
const FORM_TYPE = "application/x-www-form-urlencoded";

/** Replaces the framework's parsers: text that is not UTF-8 is refused instead of mended, an empty JSON body is no fields. */
export function parseBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>("application/json", { parseAs: "buffer" }, (request, body, done) => {
    if (body.length === 0) return done(null, NO_FIELDS);
    if (!isUtf8(body)) return done(notUtf8());
    return parseJson(request, body.toString("utf8"), (error, value) =>
      error === null ? done(null, value) : done(badRequest("The body is not valid JSON")),
    );
  });
  app.addContentTypeParser<Buffer>(FORM_TYPE, { parseAs: "buffer" }, (_request, body, done) => {
    if (!isUtf8(body)) return done(notUtf8());
    try {
      return done(null, parseForm(body.toString("utf8")));
    } catch (error) {
      return done(error as ApiError);
    }
  });
}

/** Strict where Node's own parser mends: bad escapes, too many fields and forbidden names are refused. */
function parseForm(text: string): Fields {
  const fields: Record<string, string | string[]> = {};
  const parts = text.split("&", MAX_FORM_FIELDS + 1);
  if (parts.length > MAX_FORM_FIELDS) throw badRequest(`A form has at most ${MAX_FORM_FIELDS} fields`);
  for (const part of parts) {
    if (part === "") continue;
    const split = part.indexOf("=");
    const name = decodeForm(split < 0 ? part : part.slice(0, split));
    const value = split < 0 ? "" : decodeForm(part.slice(split + 1));
    if (name === "__proto__" || name === "constructor") throw badRequest("The body has a forbidden field");
    const earlier = Object.hasOwn(fields, name) ? fields[name] : undefined;
    fields[name] = earlier === undefined ? value : [...(Array.isArray(earlier) ? earlier : [earlier]), value];
  }
  return fields;
}

function decodeForm(text: string): string {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    // As in `data=45%`, which people type.
    if (/%(?![\da-f]{2})/i.test(text)) throw badRequest("In a form a percent sign is written %25");
    throw notUtf8();
  }
}

/** Compressed bodies are refused: a small one can unfold to any size. */
export function compressionRefusal(request: FastifyRequest): ApiError | undefined {
  const encoding = request.headers["content-encoding"];
  if (encoding === undefined || encoding === "identity") return undefined;
  return new ApiError(
    415,
    { ok: false, error: "Compressed bodies are not accepted" },
    { "accept-encoding": "identity" },
  );
}

/** The body's fields; none when there is no body. Refuses arrays, texts and numbers. */
export function fieldsOf(request: FastifyRequest): Fields {
  const { body } = request;
  if (request.isMultipart()) throw refusal(415, UNSUPPORTED_TYPE);
  if (body === undefined) return NO_FIELDS;
  if (typeof body !== "object" || body === null || Array.isArray(body)) {
    throw badRequest("The body must be a JSON object");
  }
  return body as Fields;
}

export function isForm(request: FastifyRequest): boolean {
  return request.headers["content-type"]?.toLowerCase().startsWith(FORM_TYPE) ?? false;
}

/** A text field without control characters; `null` and the empty text count as absent. */
export function optionalText(fields: Fields, field: string, maxLength: number): string | null {
  const value = fields[field];
  if (isAbsent(value)) return null;
  if (typeof value !== "string") throw badRequest(`${field} must be a string`);
  if (value.length > maxLength) throw badRequest(`${field} must have at most ${maxLength} characters`);
  if (/\p{Cc}|\p{Cs}/u.test(value)) throw badRequest(`${field} must not hold control characters`);
  return value;
}

export function requiredText(fields: Fields, field: string, maxLength: number): string {
  const value = optionalText(fields, field, maxLength);
  if (value === null || value.trim() === "") missing(field);
  return value;
}

export function missing(field: string): never {
  throw badRequest(`${field} is required`);
}

/** `true` and `false`, as JSON or as a form's text. */
export function optionalFlag(fields: Fields, field: string): boolean | null {
  const value = fields[field];
  if (isAbsent(value)) return null;
  if (value === true || value === "true" || value === "1") return true;
  if (value === false || value === "false" || value === "0") return false;
  throw badRequest(`${field} must be true or false`);
}

/** A whole number, as JSON or as decimal digits. */
export function optionalInteger(fields: Fields, field: string, min: number, max: number): number | null {
  const value = fields[field];
  if (isAbsent(value)) return null;
  const number = typeof value === "string" && /^\d{1,15}$/.test(value) ? Number(value) : value;
  if (typeof number !== "number" || !Number.isInteger(number) || number < min || number > max) {
    throw badRequest(`${field} must be a whole number from ${min} to ${max}`);
  }
  return number;
}

/** One of the known words. */
export function optionalOneOf<T extends string>(fields: Fields, field: string, known: readonly T[]): T | null {
  return isAbsent(fields[field]) ? null : requiredOneOf(fields, field, known);
}

export function requiredOneOf<T extends string>(fields: Fields, field: string, known: readonly T[]): T {
  const value = fields[field];
  const found = known.find((one) => one === value);
  if (found === undefined) throw badRequest(`${field} must be one of ${known.join(", ")}`);
  return found;
}

function isAbsent(value: unknown): boolean {
  return value === undefined || value === null || value === "";
}

function notUtf8(): ApiError {
  return badRequest("The body is not valid UTF-8");
}
