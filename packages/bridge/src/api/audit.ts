/**
 * One hook that records every request which changes something, whichever face it is for. What the answer was is known when it
 * has been sent; a handler has nothing to do for it. Routes with much traffic and those that change nothing have no such hook.
 */
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from "fastify";
import type { Actor, AuditLog } from "../core/audit.ts";
import { MASKED } from "../core/secret-names.ts";
import type { Caller } from "./authentication.ts";
import type { ErrorBody } from "./api-error.ts";
import { PARA_ROOT } from "./request-path.ts";

declare module "fastify" {
  interface FastifyRequest {
    /** Set when a token was recognised. */
    caller: Caller | null;
    /** Set by routes that know who is asking without a token: sign-ins. */
    actor: Actor | null;
    /** Of the error that was the answer. */
    refusalCode: string | null;
    /** What a request made, by the name that its answer tells. */
    made: string | null;
  }
  interface FastifyContextConfig {
    /** `true`: a GET that is recorded. `false`: a change that is not. */
    audited?: boolean;
  }
}

const CHANGING: ReadonlySet<string> = new Set(["POST", "PUT", "PATCH", "DELETE"]);

/** Ask with a body and change nothing. */
const ASKING: readonly RegExp[] = [
  /\/integrations\/preview$/,
  /\/dry-run$/,
  /\/match$/,
  /\/ping$/,
  /\/doctor$/,
  /\/state\/compare$/,
  /^POST .*\/search(\/|$)/,
];

/** What programs do all day: recorded without the objects, so that it is counted and does not fill the log. */
const FREQUENT: readonly RegExp[] = [
  /^(PUT|PATCH) \/admin\/v1\/devices\/:\w+\/state$/,
  /^(PUT|PATCH|POST) \/v1\/(_batch|things?\/:\w+)$/,
  /^POST \/v1\/(products\/:\w+\/)?devices\/:\w+\/:\w+$/,
];

/** Parts of an address that are secrets themselves. */
const SECRET_PARAMETERS: ReadonlySet<string> = new Set(["token", "*"]);
/** Somebody gave a token where an id belongs. */
const LIKE_TOKEN = /^[0-9a-f]{40,}$/;
const MAX_OBJECT = 128;
type DonePayload = (error: Error | null, payload: unknown) => void;
const NO_OBJECTS: Readonly<Record<string, string>> = Object.freeze({});

export function recordChanges(
  app: FastifyInstance,
  { audit, now }: { readonly audit: Pick<AuditLog, "record">; readonly now: () => number },
): void {
  app.decorateRequest("caller", null);
  app.decorateRequest("actor", null);
  app.decorateRequest("refusalCode", null);
  app.decorateRequest("made", null);

  app.addHook("onRoute", (route) => {
    if (!isRecorded(route)) return;
    const id = routeId(route);
    const action = (route.schema as { readonly summary?: string } | undefined)?.summary ?? id;
    const names = objectNames(route.url);
    const frequent = FREQUENT.some((pattern) => pattern.test(id));
    const record = (request: FastifyRequest, reply: FastifyReply, done: () => void): void => {
      const actor = actorOf(request);
      const named = !frequent && actor.kind !== "unknown" && actor.kind !== "claimed";
      audit.record({
        at: now(),
        actor,
        action,
        route: id,
        objects: named ? objectsOf(request, names) : NO_OBJECTS,
        status: reply.statusCode,
        code: request.refusalCode,
        address: request.ip,
      });
      done();
    };
    if (id.startsWith("POST ")) route.preSerialization = [...[route.preSerialization ?? []].flat(), noteMade];
    route.onResponse = [...[route.onResponse ?? []].flat(), record];
  });
}

/** The name by which an error answer can be known. */
export function codeOf({ code, error, error_description }: ErrorBody): string | null {
  return code ?? (error_description === undefined ? null : error);
}

function isRecorded(route: RouteOptions): boolean {
  const { audited, counted } = route.config ?? {};
  if (audited !== undefined) return audited && ![route.method].flat().includes("HEAD");
  if (counted === "publishing" || !CHANGING.has([route.method].flat()[0] ?? "")) return false;
  const id = routeId(route);
  return !ASKING.some((pattern) => pattern.test(id));
}

function routeId({ method, url }: RouteOptions): string {
  const path = url.startsWith(`${PARA_ROOT}/`) ? url.slice(PARA_ROOT.length) : url;
  return `${[method].flat()[0] ?? ""} ${path}`;
}

function actorOf({ actor, caller, para }: FastifyRequest): Actor {
  if (actor !== null) return actor;
  if (para != null) return { kind: "app", slug: para.product.slug, productId: para.product.id };
  if (caller === null) return { kind: "unknown" };
  switch (caller.kind) {
    case "account":
      return { kind: "account", accountId: caller.accountId };
    case "api_user":
      return { kind: "api_user", username: caller.apiUser.username, productId: caller.apiUser.productId };
    case "device": {
      const { id, ownerId, productId } = caller.device;
      return { kind: "device", deviceId: id, ownerId, productId };
    }
  }
}

/** `id` says little: what stands before it in the path says of what. */
function objectNames(url: string): ReadonlyMap<string, string> {
  const plain = url.matchAll(/([\w-]+?)s?\/:(id|idOrName)\b/g);
  return new Map(Array.from(plain, ([, noun = "", parameter = ""]) => [parameter, noun]));
}

function objectsOf(
  { params, made }: FastifyRequest,
  names: ReadonlyMap<string, string>,
): Readonly<Record<string, string>> {
  const objects: Record<string, string> = {};
  for (const [name, value] of Object.entries((params ?? {}) as Record<string, unknown>)) {
    if (typeof value !== "string" || SECRET_PARAMETERS.has(name)) continue;
    objects[names.get(name) ?? name] = LIKE_TOKEN.test(value) ? MASKED : shortened(value);
  }
  if (made !== null) objects["made"] = shortened(made);
  return objects;
}

/** Two that were made are two entries. Answers hold secrets under other names than these. */
function noteMade(request: FastifyRequest, reply: FastifyReply, payload: unknown, done: DonePayload): void {
  if (reply.statusCode === 201) request.made = nameIn(payload, 1);
  done(null, payload);
}

function nameIn(payload: unknown, depth: number): string | null {
  if (typeof payload !== "object" || payload === null || Array.isArray(payload)) return null;
  const fields = payload as Readonly<Record<string, unknown>>;
  const name = fields["slug"] ?? fields["username"] ?? fields["id"];
  if (typeof name === "string") return name;
  if (depth === 0) return null;
  for (const value of Object.values(fields)) {
    const inner = nameIn(value, depth - 1);
    if (inner !== null) return inner;
  }
  return null;
}

function shortened(text: string): string {
  return text.length > MAX_OBJECT ? `${text.slice(0, MAX_OBJECT)}…` : text;
}
