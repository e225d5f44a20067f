/**
 * Who calls in Para's face: a program that has an app's secret. It signs each request with it, or sends a token that it made
 * with it. Every route asks, save those that say they are public; a route cannot forget to.
 *
 * What can be judged before the body is read is judged before; a signature covers the body and is compared after.
 */
import type { FastifyInstance, FastifyRequest } from "fastify";
import type { Product } from "../../core/product.ts";
import type { ApiDependencies } from "../dependencies.ts";
import { accessKeyOf, appIdentifier } from "./access-key.ts";
import { bodyBytes, parseJsonBody } from "./json-body.ts";
import { paraError } from "./para-error.ts";
import { isSignedWith, parseSignature, scopeOf, signingTime } from "./signature.ts";
import type { Signature } from "./signature.ts";
import { signedHosts } from "./signed-hosts.ts";
import { parseSuperToken } from "./super-token.ts";

/** An app, that is: a product whose secret the caller has. */
export interface ParaCaller {
  readonly product: Product;
  /** `app:{slug}` */
  readonly accessKey: string;
  /** The app that makes other apps. */
  readonly isRoot: boolean;
  /** An app's access key: a token of the root app asks for that app's keys. */
  readonly getCredentials: string | null;
  /** By a token, not by a signature. */
  readonly byToken: boolean;
}

declare module "fastify" {
  interface FastifyRequest {
    /** Set in Para's face; `null` on public routes. */
    para: ParaCaller | null;
  }
  interface FastifyContextConfig {
    /** `public`: asks for no credentials. */
    para?: "public";
  }
}

const MAX_AGE_MS = 15 * 60_000;
const MAX_ACCESS_KEY = 256;
const HOW_TO_CALL =
  "Sign the request with the app's keys (AWS Signature Version 4, service para, region us-east-1), or send a token made with " +
  "them. `isthmus things token PRODUCT` makes a token, `isthmus things keys PRODUCT --renew` new keys.";

/** A signature that waits for the body. */
interface Unproven {
  readonly caller: ParaCaller;
  readonly secret: string;
  readonly date: string;
  readonly signature: Signature;
}

type Needs = Pick<ApiDependencies, "directory" | "appKeys" | "now" | "limits">;

/** Who called. Only for routes that are not public. */
export function paraCaller({ para }: FastifyRequest): ParaCaller {
  if (para === null || para === undefined) throw new Error("A public route of Para's face asked who called");
  return para;
}

/** Makes every route of `app` ask for credentials. */
export function authenticatePara(app: FastifyInstance, { directory, appKeys, now, limits }: Needs): void {
  const unproven = new WeakMap<FastifyRequest, Unproven>();
  app.decorateRequest("para", null);

  app.addHook("onRequest", async (request) => {
    if (request.routeOptions.config.para === "public") return;
    const { authorization } = request.headers;
    if (authorization === undefined) throw withoutHeader(request);
    const [scheme = "", credentials = ""] = authorization.trim().split(/\s+(.*)/s);
    switch (scheme.toLowerCase()) {
      case "aws4-hmac-sha256":
        unproven.set(request, await signer(request, authorization));
        return;
      case "bearer":
        request.para = await tokenHolder(credentials);
        return;
      case "anonymous":
        throw guestRefused(request);
      default:
        throw paraError(401, "The Authorization header is of a scheme that is not known here.", {
          nextStep: HOW_TO_CALL,
        });
    }
  });

  app.addHook("preHandler", async (request) => {
    const claim = unproven.get(request);
    const body = await bodyBytes(request);
    if (claim !== undefined) {
      unproven.delete(request);
      request.para = proven(request, claim, body);
    }
    request.body = parseJsonBody(request, body);
  });

  async function signer(request: FastifyRequest, header: string): Promise<Unproven> {
    const signature = parseSignature(header);
    if (signature === null) {
      throw paraError(401, "The Authorization header is no whole AWS4-HMAC-SHA256 signature.", {
        nextStep:
          "It reads: AWS4-HMAC-SHA256 Credential=app:NAME/DATE/us-east-1/para/aws4_request, SignedHeaders=…, Signature=…",
      });
    }
    const date = request.headers["x-amz-date"];
    const signedAt = typeof date === "string" ? signingTime(date) : null;
    if (signedAt === null || now() - signedAt > MAX_AGE_MS) {
      throw paraError(400, "Request has expired.", {
        error: "request_expired",
        nextStep:
          "Sign each request anew, with the time of now in X-Amz-Date (20260131T235959Z); check this computer's clock.",
      });
    }
    const { caller, secret } = await appOf(signature.accessKey);
    return { caller, secret, date: date as string, signature };
  }

  function proven(
    request: FastifyRequest,
    { caller, secret, date, signature }: Unproven,
    body: Uint8Array,
  ): ParaCaller {
    const signed = {
      method: request.method,
      url: request.originalUrl,
      headers: request.headers,
      hosts: signedHosts(request, limits.trustedProxies.length > 0),
      body,
    };
    if (isSignedWith(secret, date, signed, signature)) return caller;
    const where = `${request.method} ${pathOf(request)}`;
    throw paraError(403, `Invalid signature for request ${where} coming from app ${caller.product.slug}`, {
      error: "invalid_signature",
      nextStep: whyUnproven(signature, date),
    });
  }

  async function tokenHolder(token: string): Promise<ParaCaller> {
    if (token === "") throw invalidToken("The Authorization header has no token.");
    if (token.split(".").length !== 3) {
      throw invalidToken("This address wants an app's keys; an Isthmus access token does not open it.");
    }
    const parsed = parseSuperToken(token, now());
    if (typeof parsed === "string") throw invalidToken(parsed);
    const { appid, sub, getCredentials } = parsed.claims;
    const app = await knownApp(appid);
    if (app === null || !parsed.isSignedWith(app.secret)) {
      throw invalidToken("The token was not made with the app's present secret.");
    }
    if (sub !== null && (await isAccount(sub))) throw invalidToken("Tokens of users are not known here.");
    return { ...app.caller, getCredentials, byToken: true };
  }

  async function appOf(accessKey: string): Promise<{ readonly caller: ParaCaller; readonly secret: string }> {
    const known = await knownApp(accessKey);
    if (known === null) throw paraError(404, "App not found.", { error: "app_not_found", nextStep: HOW_TO_CALL });
    return known;
  }

  /** A product without a secret is no app yet. */
  async function knownApp(key: string): Promise<{ readonly caller: ParaCaller; readonly secret: string } | null> {
    const slug = key.length > MAX_ACCESS_KEY ? "" : appIdentifier(key);
    const product = slug === "" ? null : await directory.product(slug);
    // A product is found by its number too, which is no access key.
    if (product === null || product.slug !== slug) return null;
    const [secret, root] = await Promise.all([appKeys.appSecret(product.id), appKeys.rootApp()]);
    if (secret === null) return null;
    const caller = {
      product,
      accessKey: accessKeyOf(product),
      isRoot: root?.id === product.id,
      getCredentials: null,
      byToken: false,
    };
    return { caller, secret };
  }

  async function isAccount(sub: string): Promise<boolean> {
    if (sub.length > MAX_ACCESS_KEY) return false;
    return (await directory.account(sub)) !== null || (await directory.accountByUsername(sub)) !== null;
  }
}

/** Guests call with an access key alone, in the query or in the header. No app here lets them in. */
function withoutHeader(request: FastifyRequest): Error {
  const { accessKey } = request.query as Record<string, unknown>;
  if (accessKey !== undefined) return guestRefused(request);
  return paraError(401, "This address wants an app's keys, and the request has no Authorization header.", {
    error: "credentials_missing",
    nextStep: HOW_TO_CALL,
    headers: { "www-authenticate": "AWS4-HMAC-SHA256, Bearer" },
  });
}

function guestRefused(request: FastifyRequest): Error {
  const where = `${request.method} ${pathOf(request)}`;
  return paraError(403, `You don't have permission to access this resource. [${where}] [GUEST]`, {
    error: "guests_not_allowed",
    nextStep: HOW_TO_CALL,
  });
}

function invalidToken(message: string): Error {
  return paraError(401, message, {
    error: "invalid_token",
    nextStep: HOW_TO_CALL,
    headers: { "www-authenticate": 'Bearer error="invalid_token"' },
  });
}

function whyUnproven({ scope, signedHeaders }: Signature, date: string): string {
  if (scope !== scopeOf(date))
    return `The credential's scope must be ${scopeOf(date)}, the day being that of X-Amz-Date.`;
  const unsigned = ["host", "x-amz-date"].filter((name) => !signedHeaders.includes(name));
  if (unsigned.length > 0) return `The header ${unsigned[0]} must be among the SignedHeaders.`;
  return (
    "Check the secret. Sign the path as it is sent, encoded once more, the query sorted by name, and the body's own bytes; " +
    "behind a proxy the Host must arrive as it was sent."
  );
}

/** Without the query, which may hold secrets. */
function pathOf({ originalUrl }: FastifyRequest): string {
  return originalUrl.split("?", 1)[0]!.slice(0, 300);
}
