/** The web console's files under /console/. Its pages are one document; which of them is shown, the document decides. */
import { randomBytes } from "node:crypto";
import type { FastifyInstance, FastifyReply, FastifyRequest } from "fastify";
import { ApiError, notFound } from "./api-error.ts";

/** One built file. */
export interface ConsoleFile {
  readonly type: string;
  readonly bytes: Buffer;
  /** The same, compressed with gzip; `null` where that is not worth it. */
  readonly gzip: Buffer | null;
}

export interface ConsoleFiles {
  /** The document, with an empty `csp-nonce`. */
  readonly document: string;
  /** By file name, whose last part is a hash of the content. */
  readonly assets: ReadonlyMap<string, ConsoleFile>;
}

const EMPTY_NONCE = '<meta name="csp-nonce" content="" />';

/** No other site may load these as parts of its own. */
const OWN_PAGES_ONLY = { "cross-origin-resource-policy": "same-origin" } as const;

/** Files of this server only, no script and no style in the document but by the nonce of this very answer. */
function contentSecurityPolicy(nonce: string): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    `style-src 'self' 'nonce-${nonce}'`,
    "img-src 'self' data:",
    "connect-src 'self'",
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
  ].join("; ");
}

/** `null`: it was not built. */
export function registerConsole(app: FastifyInstance, files: ConsoleFiles | null): void {
  const hidden = { schema: { hide: true } };

  app.get<{ Params: { name: string } }>("/console/assets/:name", hidden, async (request, reply) => {
    const file = files?.assets.get(request.params.name);
    if (file === undefined) throw notFound("File");
    const asGzip = file.gzip !== null && acceptsGzip(request);
    return reply
      .headers({ ...OWN_PAGES_ONLY, "cache-control": "public, max-age=31536000, immutable", vary: "accept-encoding" })
      .headers(asGzip ? { "content-encoding": "gzip" } : {})
      .type(file.type)
      .send(asGzip ? file.gzip : file.bytes);
  });

  // A slash at the end of an address is gone by now.
  for (const path of ["/console", "/console/*"]) {
    app.get(path, hidden, async (_request, reply) => {
      if (files === null) throw notBuilt();
      return sendDocument(reply, files.document);
    });
  }
}

function sendDocument(reply: FastifyReply, document: string): FastifyReply {
  const nonce = randomBytes(16).toString("base64");
  return reply
    .headers({
      "content-security-policy": contentSecurityPolicy(nonce),
      ...OWN_PAGES_ONLY,
      "cross-origin-opener-policy": "same-origin",
      "referrer-policy": "no-referrer",
    })
    .type("text/html; charset=utf-8")
    .send(document.replace(EMPTY_NONCE, `<meta name="csp-nonce" content="${nonce}" />`));
}

function acceptsGzip({ headers }: FastifyRequest): boolean {
  return /\bgzip\b/.test(String(headers["accept-encoding"] ?? ""));
}

function notBuilt(): ApiError {
  return new ApiError(503, {
    ok: false,
    error: "The console is not built",
    code: "console_not_built",
    next_step: "Run `npm run build` where the server was started from, then start it again.",
  });
}
