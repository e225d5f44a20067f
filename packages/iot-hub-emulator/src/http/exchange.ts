/** What handlers see of a request and say in answer: no sockets, no status lines. */
import type { X509Certificate } from "node:crypto";
import type { IncomingHttpHeaders } from "node:http";
import { HubError } from "../hub/errors.ts";
import type { Hub } from "../hub/hub.ts";
import type { DeviceIdentity } from "../hub/registry/identity.ts";
import type { Permission } from "../hub/access/policies.ts";
import type { MessageAuthentication } from "../hub/events/telemetry.ts";
import type { Site } from "./site.ts";

export interface HubRequest {
  readonly hub: Hub;
  readonly site: Site;
  /** Decoded path parameters by name. */
  readonly params: Readonly<Record<string, string>>;
  readonly query: URLSearchParams;
  /** By lower-case name. */
  readonly headers: IncomingHttpHeaders;
  /** Name, value, name, value, as sent: property names keep their case. */
  readonly rawHeaders: readonly string[];
  /** Comes from this machine. */
  readonly isLocal: boolean;
  /** What the client showed of itself when it connected, leaf first. */
  readonly peerCertificates: () => readonly X509Certificate[];
  /** Complete, within the route's limit. */
  readonly body: Buffer;
  /** On a route for devices: who sends, and how it signed in. */
  readonly sender?: { readonly identity: DeviceIdentity; readonly authentication: MessageAuthentication };
}

export interface HubResponse {
  readonly status: number;
  readonly headers?: Readonly<Record<string, string>>;
  /** Sent as JSON. Without it and `body` the answer has no body. */
  readonly json?: unknown;
  /** Sent as it is, with its content type. */
  readonly body?: Uint8Array;
  readonly contentType?: string;
}

/** Who may use a route: anyone, an administrator of the hub, a policy with a permission, or the device or module named by the parameters `deviceId` and `moduleId`. */
type Access =
  | { readonly kind: "public" }
  | { readonly kind: "admin" }
  | { readonly kind: "service"; readonly permission: Permission }
  | { readonly kind: "device" };

export interface Route {
  readonly method: "GET" | "PUT" | "POST" | "PATCH" | "DELETE";
  /** Segments joined by `/`; one that starts with `:` is a parameter. Literals ignore case. */
  readonly path: string;
  readonly access: Access;
  /** Largest body in bytes; default none. */
  readonly maxBody?: number;
  readonly handle: (request: HubRequest) => HubResponse | Promise<HubResponse>;
}

/** The request's body as JSON; throws `DeserializationError`. */
export function readJson({ body }: HubRequest): unknown {
  try {
    return JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body)) as unknown;
  } catch (cause) {
    throw new HubError("DeserializationError", "The request body is not valid JSON in UTF-8.", { cause });
  }
}

/** The etag of a precondition header without its quotes, or `*`; `undefined` when the header is absent. */
export function preconditionOf(request: HubRequest, name: "if-match" | "if-none-match"): string | undefined {
  const value = request.headers[name]?.trim();
  return value === undefined ? undefined : value.replace(/^(?:W\/)?"(.*)"$/, "$1");
}

/** An answer with one resource and its etag. */
export function resource(json: unknown, etag: string, status: number = 200): HubResponse {
  return { status, json, headers: { ETag: `"${etag}"` } };
}
