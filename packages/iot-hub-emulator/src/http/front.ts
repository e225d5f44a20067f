/**
 * The hub's HTTPS front: the service REST API and what devices may do over HTTPS. WebSocket for AMQP and MQTT, the
 * admin API under `/admin/` and the page at `/` share this port.
 */
import type { IncomingMessage, RequestListener, ServerResponse } from "node:http";
import { createServer } from "node:https";
import type { Server } from "node:https";
import type { Hub } from "../hub/hub.ts";
import { ABOUT_ROUTES } from "./about.ts";
import { CONFIGURATION_ROUTES } from "./configurations.ts";
import { CLOUD_TO_DEVICE_ROUTES } from "./cloud-to-device.ts";
import { DEVICE_EVENT_ROUTES } from "./device-events.ts";
import { DIGITAL_TWIN_ROUTES } from "./digital-twins.ts";
import { ADMIN_ROUTES } from "./admin.ts";
import type { Route } from "./exchange.ts";
import { FILE_ROUTES } from "./files.ts";
import { handle } from "./handle.ts";
import type { ReportFault } from "./handle.ts";
import { IDENTITY_ROUTES } from "./identities.ts";
import { JOB_ROUTES } from "./jobs.ts";
import { METHOD_ROUTES } from "./methods.ts";
import { QUERY_ROUTES } from "./queries.ts";
import { PAGE_ROUTES } from "./page.ts";
import { createRouter } from "./router.ts";
import type { Site } from "./site.ts";
import { FEEDBACK_ROUTES } from "./feedback.ts";
import { TWIN_ROUTES } from "./twins.ts";
import { WEBSOCKET_ROUTES } from "./websocket-paths.ts";
import { tlsServerOptions } from "../tls/server-options.ts";

export interface HttpsServerOptions {
  /** PEM. */
  readonly certificate: string;
  readonly privateKey: string;
  /** Milliseconds a client may take for the headers, and for a whole request; defaults 15 s and 60 s. */
  readonly headersTimeoutMs?: number;
  readonly requestTimeoutMs?: number;
}

/** Every route of the hub itself. */
export const HUB_ROUTES: readonly Route[] = [
  ...ABOUT_ROUTES,
  ...PAGE_ROUTES,
  ...ADMIN_ROUTES,
  ...IDENTITY_ROUTES,
  ...TWIN_ROUTES,
  ...QUERY_ROUTES,
  ...JOB_ROUTES,
  ...CONFIGURATION_ROUTES,
  ...DEVICE_EVENT_ROUTES,
  ...CLOUD_TO_DEVICE_ROUTES,
  ...FEEDBACK_ROUTES,
  ...METHOD_ROUTES,
  ...DIGITAL_TWIN_ROUTES,
  ...FILE_ROUTES,
  ...WEBSOCKET_ROUTES,
];

/** Application properties travel as headers, so there may be many. */
const MAX_HEADER_BYTES = 32 * 1024;

export interface HttpFrontOptions {
  readonly site: Site;
  /** Of what else shares the port. */
  readonly furtherRoutes?: readonly Route[];
  readonly reportFault?: ReportFault;
}

/** Answers the requests of an HTTPS server in the name of a hub, and of what else shares its port. */
export function createHttpFront(
  hub: Hub,
  { site, furtherRoutes = [], reportFault = () => undefined }: HttpFrontOptions,
): RequestListener {
  const router = createRouter([...HUB_ROUTES, ...furtherRoutes]);
  return (incoming: IncomingMessage, outgoing: ServerResponse) => {
    // A peer that goes away while it sends ends its request and nothing else.
    void handle({ hub, site, router, reportFault }, incoming, outgoing).catch(() => outgoing.destroy());
  };
}

/** The HTTPS server, not yet listening, with the limits that keep slow or greedy clients from costing anything. */
export function createHttpsServer(
  { certificate, privateKey, headersTimeoutMs = 15_000, requestTimeoutMs = 60_000 }: HttpsServerOptions,
  listener: RequestListener,
): Server {
  const server = createServer(
    {
      ...tlsServerOptions({ certificate, privateKey }),
      maxHeaderSize: MAX_HEADER_BYTES,
      headersTimeout: headersTimeoutMs,
      requestTimeout: requestTimeoutMs,
      connectionsCheckingInterval: Math.min(5_000, Math.ceil(headersTimeoutMs / 4)),
    },
    listener,
  );
  // The headers' number is bounded by their bytes.
  server.maxHeadersCount = 0;
  return server;
}
