/** Device twins over REST, as services read and change them. */
import { HubError } from "../hub/errors.ts";
import { parseTwinChange } from "../hub/twin-change.ts";
import type { TwinDocument } from "../hub/twin.ts";
import { preconditionOf, readJson, resource } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";

const CONNECT = { kind: "service", permission: "ServiceConnect" } as const;
/** Tags and properties at their limits, with the metadata that clients send back. */
const TWIN_BYTES: number = 512 * 1024;

export const TWIN_ROUTES: readonly Route[] = [
  { method: "GET", path: "/twins/:deviceId", access: CONNECT, handle: get },
  { method: "PATCH", path: "/twins/:deviceId", access: CONNECT, maxBody: TWIN_BYTES, handle: patch },
  { method: "PUT", path: "/twins/:deviceId", access: CONNECT, maxBody: TWIN_BYTES, handle: replace },
];

function get({ hub, params }: HubRequest): HubResponse {
  return twinResource(hub.twins.get(params["deviceId"] ?? ""));
}

async function patch(request: HubRequest): Promise<HubResponse> {
  const change = parseTwinChange(documentOf(request));
  const ifMatch = preconditionOf(request, "if-match");
  return twinResource(await request.hub.twins.patch(request.params["deviceId"] ?? "", change, ifMatch));
}

async function replace(request: HubRequest): Promise<HubResponse> {
  const change = parseTwinChange(documentOf(request));
  const ifMatch = preconditionOf(request, "if-match");
  return twinResource(await request.hub.twins.replace(request.params["deviceId"] ?? "", change, ifMatch));
}

function documentOf(request: HubRequest): unknown {
  const document = readJson(request);
  const named = (document as { readonly deviceId?: unknown } | null)?.deviceId;
  if (named !== undefined && named !== request.params["deviceId"]) {
    throw new HubError("ArgumentInvalid", "deviceId in the body is not the one in the path.");
  }
  return document;
}

function twinResource(twin: TwinDocument): HubResponse {
  return resource(twin, twin.etag);
}
