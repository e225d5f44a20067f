/** Addresses as people and older clients write them, turned into those of the routes; and which face a request is for. */
import type { IncomingMessage } from "node:http";

/**
 * Where the routes of Para's face are. Both faces live under `/v1`, so requests for Para's are put under this prefix before
 * they are routed. Nobody reaches it from outside.
 */
export const PARA_ROOT = "/para";

/** The credentials of Para's clients: a signature, a guest's access key, or a token of three parts (JWT). Ours have one part. */
const PARA_SCHEME = /^(?:AWS4-HMAC-SHA256|Anonymous)(?:\s|$)/i;
const THREE_PARTS = /^Bearer\s+[\w-]+\.[\w-]*\.[\w-]*\s*$/i;
/** What is here and nowhere in Particle's face. */
const PARA_PATH = /^\/v1(?:\/*(?:[?]|$)|\/_|\/(?:things?|apps?|search|utils)(?:[/?]|$))/;
const PARA_QUERY = /[?&]accessKey=/;
const PARA_TOKENS = /^\/jwt_auth(?:[/?]|$)/;
/** However it is spelled: the router decodes before it compares. */
const FROM_OUTSIDE = /^\/(?:p|%70)(?:a|%61)(?:r|%72)(?:a|%61)(?:[/?]|$)/;

/**
 * A slash too many at the end (`/v1/webhooks/`) or at the beginning (`//v1/devices`, from a base address that ends with one) is taken away.
 * Behind `events/` in a GET it stays: there it belongs to the prefix of a stream.
 */
export function routedUrl({ url = "/", method, headers }: Pick<IncomingMessage, "url" | "method" | "headers">): string {
  const plain = plainUrl(url, method);
  if (FROM_OUTSIDE.test(plain)) return "/not-found";
  return isForPara(plain, headers.authorization) ? PARA_ROOT + withoutSlashes(plain) : plain;
}

/** Whether a routed URL is one of Para's face. */
export function isParaUrl(routed: string): boolean {
  return routed.startsWith(`${PARA_ROOT}/`);
}

/** What proxies are asked for names the host as well [RFC 9112 3.2.2]. The router would take it away, after it was looked at here. */
function withoutHost(url: string): string {
  if (url.startsWith("/")) return url;
  const path = url.replace(/^https?:\/\/[^/?#]*/i, "");
  return path.startsWith("/") ? path : `/${path}`;
}

function plainUrl(sent: string, method: string | undefined): string {
  const url = withoutHost(sent);
  const start = url.startsWith("//") ? url.slice(1) : url;
  const query = start.indexOf("?");
  const path = query < 0 ? start : start.slice(0, query);
  if (path.length < 2 || !path.endsWith("/")) return start;
  if (method === "GET" && /\/events\/./.test(path)) return start;
  return path.slice(0, -1) + start.slice(path.length);
}

/** One of Para's clients asks for `/v1//`. */
function withoutSlashes(url: string): string {
  const query = url.indexOf("?");
  let end = query < 0 ? url.length : query;
  const search = url.slice(end);
  while (url[end - 1] === "/") end--;
  return url.slice(0, end) + search;
}

// Every published event passes here: what it has not in it is looked for in the cheapest way.
function isForPara(url: string, authorization: string | undefined): boolean {
  if (!url.startsWith("/v1")) return PARA_TOKENS.test(url);
  if (url.length > 3 && url[3] !== "/" && url[3] !== "?") return false;
  if (authorization === undefined) return PARA_PATH.test(url) || PARA_QUERY.test(url);
  return hasParaCredentials(authorization) || PARA_PATH.test(url);
}

function hasParaCredentials(authorization: string): boolean {
  const first = authorization[0];
  if (first === "A" || first === "a") return PARA_SCHEME.test(authorization);
  return authorization.includes(".") && THREE_PARTS.test(authorization);
}
