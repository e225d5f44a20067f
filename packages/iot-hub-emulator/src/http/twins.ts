/** Twins of devices and modules over REST, as services read and change them. */
import { parseTwinChange } from "../hub/twins/twin-change.ts";
import type { TwinDocument } from "../hub/twins/twin.ts";
import { preconditionOf, readJson, resource } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";
import { identityOf, requireSameIdentity } from "./identity-path.ts";

const CONNECT = { kind: "service", permission: "ServiceConnect" } as const;
/** Tags and properties at their limits, with the metadata that clients send back. */
const TWIN_BYTES: number = 512 * 1024;

export const TWIN_ROUTES: readonly Route[] = ["/twins/:deviceId", "/twins/:deviceId/modules/:moduleId"].flatMap(
  (path): Route[] => [
    { method: "GET", path, access: CONNECT, handle: get },
    { method: "PATCH", path, access: CONNECT, maxBody: TWIN_BYTES, handle: patch },
    { method: "PUT", path, access: CONNECT, maxBody: TWIN_BYTES, handle: replace },
  ],
);

function get(request: HubRequest): HubResponse {
  return twinResource(request.hub.twins.get(identityOf(request)));
}

async function patch(request: HubRequest): Promise<HubResponse> {
  const change = parseTwinChange(documentOf(request));
  const ifMatch = preconditionOf(request, "if-match");
  return twinResource(await request.hub.twins.patch(identityOf(request), change, ifMatch));
}

async function replace(request: HubRequest): Promise<HubResponse> {
  const change = parseTwinChange(documentOf(request));
  const ifMatch = preconditionOf(request, "if-match");
  return twinResource(await request.hub.twins.replace(identityOf(request), change, ifMatch));
}

function documentOf(request: HubRequest): unknown {
  const document = readJson(request);
  requireSameIdentity(document, identityOf(request));
  return document;
}

function twinResource(twin: TwinDocument): HubResponse {
  return resource(twin, twin.etag);
}
