/**
 * Where webhooks of Particle's cloud call. Their sender tries each event three times and, when errors outnumber what works,
 * skips calls to the whole host. So an event that is merely not wanted is answered 200; 4xx says that the set-up is wrong.
 */
import { isUtf8 } from "node:buffer";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import type { SourceControl, WebhookAnswer } from "../core/source.ts";
import { ApiError, badRequest, unavailable } from "./api-error.ts";
import { watchMethods } from "./known-methods.ts";
import type { Fields } from "./bodies.ts";
import type { ApiDependencies } from "./dependencies.ts";

interface ToSource {
  Params: { source: string };
  Querystring: Record<string, unknown>;
}

/** Room for the longest data as a form's percent signs. */
const BODY_BYTES = 128 * 1024;
const MAX_SECRET_LENGTH = 256;
const METHODS = ["GET", "POST", "PUT", "DELETE"] as const;

export function registerInbound(app: FastifyInstance, { sources }: Pick<ApiDependencies, "sources">): void {
  app.register(async (inbound) => {
    const refuseOtherMethods = watchMethods(inbound);
    readAnyBody(inbound);
    for (const method of METHODS) {
      inbound.route<ToSource>({
        method,
        url: "/inbound/v1/:source",
        bodyLimit: BODY_BYTES,
        exposeHeadRoute: false,
        onRequest: requireSecret,
        config: { counted: "publishing" },
        schema: { summary: "An event from a webhook of Particle's cloud", tags: ["inbound"] },
        handler: (request, reply) => receive(sources, request, reply),
      });
    }
    refuseOtherMethods();
  });
}

/** A template body may have any content type: JSON objects give fields, anything else is the event's data. */
function readAnyBody(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser("error", "error");
  app.addContentTypeParser<Buffer>("*", { parseAs: "buffer" }, (request, body, done) => {
    if (!isUtf8(body)) return done(badRequest("The body is not valid UTF-8"));
    const text = body.toString("utf8");
    if (!text.trimStart().startsWith("{")) return done(null, text);
    return parseJson(request, text, (error, value) => done(null, error === null ? value : text));
  });
}

/** Before the body is read. */
async function requireSecret(request: FastifyRequest): Promise<void> {
  if (secretIn(request) === null) throw secretRefused();
}

async function receive(
  sources: SourceControl,
  request: FastifyRequest<ToSource>,
  reply: FastifyReply,
): Promise<FastifyReply> {
  const { body } = request;
  const isFields = typeof body === "object" && body !== null;
  if (Array.isArray(body)) throw badRequest("The body must be a JSON object");
  const answer = await sources.receive({
    sourceId: request.params.source,
    secret: secretIn(request),
    fields: isFields ? { ...request.query, ...(body as Fields) } : request.query,
    text: typeof body === "string" && body !== "" ? body : null,
  });
  return send(answer, reply);
}

function send(answer: WebhookAnswer, reply: FastifyReply): FastifyReply {
  switch (answer.kind) {
    case "accepted":
      return reply.send({ ok: true, accepted: true, id: answer.id, repeated: answer.repeated });
    case "ignored":
      return reply.send({ ok: true, accepted: false, reason: answer.reason, message: answer.message });
    case "unknown_source":
    case "secret_refused":
      throw secretRefused();
    case "disabled":
      throw new ApiError(409, {
        ok: false,
        error: "This source is switched off",
        code: "source_disabled",
        next_step: "Switch it on, or delete the webhook in Particle's console.",
      });
    case "refused":
      throw badRequest(answer.message);
    case "unavailable":
      throw unavailable(answer.message, answer.retryAfterSeconds);
  }
}

/** `X-Isthmus-Secret`, a bearer token, or the password of Basic; its user name may be anything. */
function secretIn({ headers }: FastifyRequest): string | null {
  const own = headers["x-isthmus-secret"];
  const secret = typeof own === "string" && own !== "" ? own : authorizationIn(headers.authorization);
  return secret === null || secret === "" || secret.length > MAX_SECRET_LENGTH ? null : secret;
}

function authorizationIn(header: string | undefined): string | null {
  const [, scheme = "", value = ""] = /^(\w+) +(\S+) *$/.exec(header ?? "") ?? [];
  if (scheme.toLowerCase() === "bearer") return value;
  if (scheme.toLowerCase() !== "basic") return null;
  const pair = Buffer.from(value, "base64").toString("utf8");
  const colon = pair.indexOf(":");
  return colon < 0 ? null : pair.slice(colon + 1);
}

/** An id without a source and a wrong secret look the same. */
function secretRefused(): ApiError {
  const body = {
    ok: false,
    error: "invalid_token",
    error_description: "There is no such source, or the webhook's secret is missing or wrong",
    code: "secret_refused",
    next_step: "Send the source's secret as the header X-Isthmus-Secret, or as the password of Basic authentication.",
  } as const;
  return new ApiError(401, body, { "www-authenticate": 'Basic realm="isthmus"' });
}
