/**
 * Bodies in Para's face. They are kept as the bytes that came, because the signature is over them; read as JSON whatever
 * the content type says as long as it says nothing else, since some clients name none; and read with every method, since
 * some clients send one with DELETE.
 */
import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { ApiError } from "../api-error.ts";
import { paraError } from "./para-error.ts";

const NO_BYTES = new Uint8Array();
const JSON_TYPE = /^\s*(?:application\/(?:[\w.-]+\+)?json|text\/json|text\/plain|application\/octet-stream)\s*(?:;|$)/i;
const MAX_DEPTH = 100;
const [OPEN_BRACE, OPEN_BRACKET] = Buffer.from("{[");

/** In place of the parsers of the other faces: bodies stay bytes until their sender is known. */
export function keepBodyBytes(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser<Buffer>("*", { parseAs: "buffer" }, (_request, body, done) => done(null, body));
}

/** The body as it came. Not more than the route's limit. */
export async function bodyBytes(request: FastifyRequest): Promise<Uint8Array> {
  if (Buffer.isBuffer(request.body)) return request.body;
  const { "content-length": length, "transfer-encoding": encoding } = request.headers;
  // The framework leaves the bodies of GET and HEAD alone.
  if (request.method !== "GET" || ((length ?? "0") === "0" && encoding === undefined)) return NO_BYTES;
  const limit = request.routeOptions.bodyLimit;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.raw as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge(limit);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The body's value; `undefined` without a body, and with methods to which a body means nothing. */
export function parseJsonBody(request: FastifyRequest, body: Uint8Array): unknown {
  if (body.length === 0 || request.method === "GET" || request.method === "DELETE") return undefined;
  const type = request.headers["content-type"];
  if (type !== undefined && type !== "" && !JSON_TYPE.test(type) && !isCurls(type, body)) throw unsupportedType();
  if (!isUtf8(body)) throw paraError(400, "The body is not valid UTF-8.");
  return parseJson(Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8"));
}

/** `curl -d` calls everything a form. */
function isCurls(type: string, body: Uint8Array): boolean {
  return /^application\/x-www-form-urlencoded\b/i.test(type) && (body[0] === OPEN_BRACE || body[0] === OPEN_BRACKET);
}

export function tooLarge(limit: number): ApiError {
  return paraError(400, `Request is too large - the maximum is ${Math.floor(limit / 1024)} KB.`, {
    error: "request_too_large",
  });
}

export function unsupportedType(): ApiError {
  return paraError(415, "Bodies are JSON: send them with Content-Type: application/json.", {
    error: "unsupported_content_type",
    nextStep: "With curl: -H 'Content-Type: application/json'.",
  });
}

function parseJson(text: string): unknown {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw paraError(400, "The body is not valid JSON.", { error: "invalid_json" });
  }
  refuseHostile(value, MAX_DEPTH);
  return value;
}

/** Recursion ends at the limit, so that no body exhausts the stack. */
function refuseHostile(value: unknown, levels: number): void {
  if (typeof value !== "object" || value === null) return;
  if (levels === 0) throw paraError(400, `The body is nested more than ${MAX_DEPTH} deep.`);
  if (Object.hasOwn(value, "__proto__")) throw paraError(400, "The body has a forbidden field.");
  for (const member of Object.values(value)) refuseHostile(member, levels - 1);
}
