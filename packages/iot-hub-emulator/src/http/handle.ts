/** One request from its head to its answer: route, version, who, body, operation. */
import { randomUUID } from "node:crypto";
import type { IncomingMessage, ServerResponse } from "node:http";
import { HubError, asHubError } from "../hub/errors.ts";
import type { Strike } from "../hub/faults/faults.ts";
import type { Hub } from "../hub/hub.ts";
import { messageAuthentication } from "../hub/access/authentication.ts";
import { peerCertificates } from "../tls/peer-certificates.ts";
import { requireAdmin } from "./admin-access.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";
import { splitTarget } from "./request-target.ts";
import type { Router } from "./router.ts";
import type { Site } from "./site.ts";
import { spend } from "./spending.ts";

/** Called for every failure that is the hub's own. */
export type ReportFault = (error: HubError) => void;

/** What every request finds. */
export interface HandleContext {
  readonly hub: Hub;
  readonly site: Site;
  readonly router: Router;
  readonly reportFault: ReportFault;
}

export async function handle(
  context: HandleContext,
  incoming: IncomingMessage,
  outgoing: ServerResponse,
): Promise<void> {
  const { hub, reportFault } = context;
  let response: HubResponse | undefined;
  try {
    response = await answer(context, incoming);
  } catch (cause) {
    const error = asHubError(cause);
    if (error.errorName === "ServerError") reportFault(error);
    response = refusal(error, hub.now());
  }
  if (response === undefined) incoming.socket.destroy();
  else if (!outgoing.destroyed) send(response, incoming, outgoing);
}

// The sender is known before a byte of the body is kept. No answer stands for a connection to be cut.
async function answer(
  { hub, site, router }: HandleContext,
  incoming: IncomingMessage,
): Promise<HubResponse | undefined> {
  const { path, query: search } = splitTarget(incoming.url ?? "/");
  const { route, params } = router(methodOf(incoming), path);
  const query = new URLSearchParams(search);
  const { kind } = route.access;
  if ((kind === "service" || kind === "device") && !query.get("api-version")) {
    throw new HubError("InvalidProtocolVersion", "The query parameter api-version is missing.");
  }
  const strike = strikeOf(hub, route, params);
  if (strike?.kind === "error") throw strike.error;
  if (strike?.kind === "drop") return undefined;
  if (strike?.kind === "delay") await strike.over;
  const sender = authorize(hub, route, incoming, path, params);
  const body = await readBody(incoming, route.maxBody ?? 0);
  await spend(hub, route, body);
  const { headers, rawHeaders } = incoming;
  const response = await route.handle({
    hub,
    site,
    params,
    query,
    headers,
    rawHeaders,
    isLocal: isLoopback(incoming.socket.remoteAddress),
    peerCertificates: () => peerCertificates(incoming.socket),
    body,
    ...(sender === undefined ? {} : { sender }),
  });
  return strike?.kind === "acceptThenDrop" ? undefined : response;
}

/**
 * Java's own HTTP client cannot send PATCH: the vendor's Java SDK posts, and names the method in a header. No other method
 * is taken from it.
 */
function methodOf({ method = "GET", headers }: IncomingMessage): string {
  const override = headers["x-http-method-override"];
  return method === "POST" && override === "PATCH" ? override : method;
}

// Faults are for operations of the hub, not for its own pages.
function strikeOf(hub: Hub, { access, method, path }: Route, params: HubRequest["params"]): Strike | undefined {
  if (access.kind !== "service" && access.kind !== "device") return undefined;
  const { deviceId, moduleId } = params;
  return hub.faults.strike("http", {
    protocol: "https",
    operation: `${method} ${path}`,
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(moduleId === undefined ? {} : { moduleId }),
  });
}

function authorize(
  hub: Hub,
  { access }: Route,
  incoming: IncomingMessage,
  path: string,
  params: HubRequest["params"],
): HubRequest["sender"] {
  if (access.kind === "public") return undefined;
  if (access.kind === "admin") return requireAdmin(hub, incoming.headers);
  const { authorization } = incoming.headers;
  if (access.kind === "service") {
    hub.requirePermission(hub.authenticate(authorization ?? ""), access.permission, path);
    return undefined;
  }
  const { deviceId = "", moduleId } = params;
  const principal =
    authorization === undefined
      ? hub.authenticateCertificate(peerCertificates(incoming.socket), deviceId, moduleId)
      : hub.authenticate(authorization, { client: { deviceId, ...(moduleId === undefined ? {} : { moduleId }) } });
  const identity = hub.requireDevice(principal, deviceId, moduleId);
  return { identity, authentication: messageAuthentication(principal) };
}

function isLoopback(address: string = ""): boolean {
  return address === "::1" || /^(?:::ffff:)?127\./.test(address);
}

async function readBody(incoming: IncomingMessage, limit: number): Promise<Buffer> {
  const tooLarge = new HubError("MessageTooLarge", `The request body is larger than ${limit} bytes.`);
  if (Number(incoming.headers["content-length"] ?? 0) > limit) throw tooLarge;
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of incoming.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > limit) throw tooLarge;
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, size);
}

function send(response: HubResponse, incoming: IncomingMessage, outgoing: ServerResponse): void {
  const { json, contentType = "application/json; charset=utf-8" } = response;
  const body = json === undefined ? response.body : Buffer.from(JSON.stringify(json));
  if (!incoming.complete && isSoonOver(incoming)) incoming.resume();
  outgoing.writeHead(response.status, {
    "x-ms-request-id": randomUUID(),
    ...response.headers,
    ...(body === undefined ? {} : { "Content-Type": contentType }),
    ...(response.status === 204 ? {} : { "Content-Length": String(body?.length ?? 0) }),
    ...(incoming.complete || isSoonOver(incoming) ? {} : { Connection: "close" }),
  });
  outgoing.end(body);
}

/** Bytes of an unwanted body that are read and dropped. */
const MAX_DISCARDED = 1024 * 1024;

/**
 * Clients that read no answer before all is sent, as the vendor's Java SDK, would learn nothing of a refusal but a broken
 * connection. What is longer, or of unknown length, is not worth waiting for.
 */
function isSoonOver({ headers }: IncomingMessage): boolean {
  return Number(headers["content-length"] ?? Infinity) <= MAX_DISCARDED;
}

/** The older of the service's two error forms, which the Node and .NET SDKs both read. */
function refusal(error: HubError, now: number): HubResponse {
  const stamp = new Date(now).toISOString();
  const timestamp = `${stamp.slice(5, 7)}/${stamp.slice(8, 10)}/${stamp.slice(0, 4)} ${stamp.slice(11, 19)}`;
  return {
    status: error.httpStatus,
    headers: { "iothub-errorcode": error.errorName },
    json: {
      // Clients split this text at semicolons.
      Message: `ErrorCode:${error.errorName};${error.message.replaceAll(";", ",")}`,
      ExceptionMessage: `Tracking ID:${error.trackingId}-G:0-TimeStamp:${timestamp}`,
    },
  };
}
