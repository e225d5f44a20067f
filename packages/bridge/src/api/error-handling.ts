/** One place where errors become answers: JSON always, because the clients parse error bodies unconditionally. */
import { STATUS_CODES } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Socket } from "node:net";
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ApiError, unavailable } from "./api-error.ts";
import type { ErrorBody } from "./api-error.ts";
import { codeOf } from "./audit.ts";
import { UNSUPPORTED_TYPE } from "./bodies.ts";
import { tooLarge, unsupportedType } from "./para/json-body.ts";
import { paraErrorBody } from "./para/para-error.ts";
import { isParaUrl } from "./request-path.ts";
import { SECURITY_HEADERS } from "./security-headers.ts";

/** What the framework refuses before a handler sees it. Own words: its own would repeat parts of the request. */
const FRAMEWORK_REFUSALS: Readonly<Record<string, { readonly status: number; readonly error: string }>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    error: UNSUPPORTED_TYPE,
  },
  FST_ERR_CTP_BODY_TOO_LARGE: { status: 413, error: "The body is too large" },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: { status: 400, error: "The body does not have the announced length" },
  FST_ERR_CTP_INVALID_JSON_BODY: { status: 400, error: "The body is not valid JSON" },
  FST_REQ_FILE_TOO_LARGE: { status: 413, error: "The file is too large" },
  FST_FILES_LIMIT: { status: 413, error: "One file at a time" },
  FST_FIELDS_LIMIT: { status: 413, error: "Too many fields" },
  FST_PARTS_LIMIT: { status: 413, error: "Too many parts" },
  FST_INVALID_MULTIPART_CONTENT_TYPE: { status: 415, error: "Send the file as multipart/form-data" },
};

/** Errors of Node's HTTP parser, by which a socket ends. */
const SOCKET_REFUSALS: Readonly<Record<string, { readonly status: number; readonly error: string }>> = {
  HPE_HEADER_OVERFLOW: { status: 431, error: "The request's headers are too large" },
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, error: "The request took too long to arrive" },
};

/** `afterRefusal` may put another refusal in the place of one. */
export function handleErrors(
  app: FastifyInstance,
  { afterRefusal }: { afterRefusal(request: FastifyRequest, error: ApiError): ApiError },
): void {
  app.setErrorHandler((error: FastifyError | ApiError, request, reply) =>
    answerError(error instanceof ApiError ? afterRefusal(request, error) : error, request, reply),
  );
  app.setNotFoundHandler((request, reply) =>
    answerRefusal(new ApiError(404, body(isParaUrl(request.url) ? "HTTP 404 Not Found" : "Not found")), request, reply),
  );
}

/** Answers a path that cannot be decoded. */
export function answerMalformedPath(_error: FastifyError, request: FastifyRequest, reply: FastifyReply): void {
  // No hook has run.
  void answerRefusal(new ApiError(400, body("Malformed request"), SECURITY_HEADERS), request, reply);
}

/** Answers what is not even HTTP, and closes. */
export function answerSocketError(error: NodeJS.ErrnoException, socket: Socket): void {
  if (error.code === "ECONNRESET" || socket.destroyed) return;
  const { status, error: text } = SOCKET_REFUSALS[error.code ?? ""] ?? { status: 400, error: "Malformed request" };
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const body = JSON.stringify({ ok: false, error: text });
  const head = [
    `HTTP/1.1 ${status} ${STATUS_CODES[status]}`,
    "Content-Type: application/json; charset=utf-8",
    `Content-Length: ${Buffer.byteLength(body)}`,
    "Connection: close",
  ];
  socket.end(`${head.join("\r\n")}\r\n\r\n${body}`, () => socket.destroy());
}

/** A request of HTTP/1.1 names its host. Refused here, because Node's own refusal has an empty body. */
export function hostRefusal({ raw, headers }: FastifyRequest): ApiError | undefined {
  if (headers.host !== undefined || raw.httpVersion !== "1.1") return undefined;
  return new ApiError(400, { ok: false, error: "The request has no Host header" }, { connection: "close" });
}

/** Answers an `Expect` header that asks for anything but `100-continue`. */
export function answerExpectation(_request: IncomingMessage, response: ServerResponse): void {
  response.writeHead(417, { "content-type": "application/json; charset=utf-8", connection: "close" });
  response.end(JSON.stringify(body("The only expectation that is understood is 100-continue")));
}

function answerError(error: FastifyError | ApiError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (error instanceof ApiError) return answerRefusal(error, request, reply);
  const known = frameworkRefusal(error, request);
  if (known !== null) return answerRefusal(known, request, reply);
  const status = error.statusCode ?? 500;
  if (status >= 400 && status < 500) {
    return answerRefusal(new ApiError(status, body(STATUS_CODES[status] ?? "Bad request")), request, reply);
  }
  request.log.error({ err: error, method: request.method, route: request.routeOptions.url }, "request.failed");
  return answerRefusal(unavailable("The server could not do this. Try again.", 5), request, reply);
}

/** In the shape of the face that was asked. */
function answerRefusal(error: ApiError, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  request.refusalCode = codeOf(error.body);
  const answer = isParaUrl(request.url) ? paraErrorBody(error) : error.body;
  return reply.code(error.statusCode).headers(error.headers).send(answer);
}

function frameworkRefusal({ code, message }: FastifyError, request: FastifyRequest): ApiError | null {
  if (code === "search_too_costly") return new ApiError(400, { ok: false, error: message, code });
  if (isParaUrl(request.url)) {
    if (code === "FST_ERR_CTP_INVALID_MEDIA_TYPE") return unsupportedType();
    if (code === "FST_ERR_CTP_BODY_TOO_LARGE") return tooLarge(request.routeOptions.bodyLimit);
  }
  const known = FRAMEWORK_REFUSALS[code];
  return known === undefined ? null : new ApiError(known.status, body(known.error));
}

function body(error: string): ErrorBody {
  return { ok: false, error };
}
