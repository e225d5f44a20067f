/**
 * The page at `/` for people, and what it asks for. Its data, connection strings with their keys among it, goes to
 * browsers on this machine that call the hub by one of its names (a foreign page led here by DNS calls it by another),
 * and to clients that may use the admin API. A foreign page that calls the right name cannot read the answer: no CORS.
 */
import { requireAdmin } from "./admin-access.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";
import { PAGE_HTML } from "./page/html.ts";
import { PAGE_SCRIPT } from "./page/script.ts";
import { PAGE_STYLE } from "./page/style.ts";
import { viewOf } from "./page/view.ts";

const PUBLIC: Route["access"] = { kind: "public" };

const POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join("; ");

/** On every answer of the page. */
const GUARD: Readonly<Record<string, string>> = {
  "Content-Security-Policy": POLICY,
  "X-Content-Type-Options": "nosniff",
  "Cross-Origin-Resource-Policy": "same-origin",
  "Cross-Origin-Opener-Policy": "same-origin",
  "Referrer-Policy": "no-referrer",
  "Cache-Control": "no-store",
  Vary: "Accept",
};

export const PAGE_ROUTES: readonly Route[] = [
  { method: "GET", path: "/page.css", access: PUBLIC, handle: () => asset("text/css", PAGE_STYLE) },
  { method: "GET", path: "/page.js", access: PUBLIC, handle: () => asset("text/javascript", PAGE_SCRIPT) },
  { method: "GET", path: "/page.json", access: PUBLIC, handle: view },
  { method: "GET", path: "/ca.pem", access: PUBLIC, handle: certificate },
];

/** Whether the client is a browser, to which a page says more than JSON. */
export function wantsPage({ headers }: HubRequest): boolean {
  return (headers.accept ?? "").includes("text/html");
}

export function page(): HubResponse {
  return asset("text/html", PAGE_HTML);
}

async function view(request: HubRequest): Promise<HubResponse> {
  if (!isOwnBrowser(request)) requireAdmin(request.hub, request.headers);
  return { status: 200, headers: GUARD, json: await viewOf(request.hub, request.site) };
}

function isOwnBrowser({ hub, headers, isLocal }: HubRequest): boolean {
  const name = (headers.host ?? "").replace(/:\d+$/, "");
  const from = headers["sec-fetch-site"] ?? "none";
  return isLocal && hub.isCalled(name) && (from === "same-origin" || from === "none");
}

function certificate({ site }: HubRequest): HubResponse {
  const headers = { ...GUARD, "Content-Disposition": 'attachment; filename="iot-hub-emulator-ca.pem"' };
  return { status: 200, headers, contentType: "application/x-pem-file", body: Buffer.from(site.addresses.ca) };
}

function asset(type: string, text: string): HubResponse {
  return { status: 200, headers: GUARD, contentType: `${type}; charset=utf-8`, body: Buffer.from(text) };
}
