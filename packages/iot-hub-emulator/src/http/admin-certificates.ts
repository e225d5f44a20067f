/** Certificate authorities of devices over the admin API: a PEM file as it is, or `{ "certificate": PEM }`. */
import { HubError } from "../hub/errors.ts";
import { requireObject } from "../hub/registry/identity-fields.ts";
import { readJson } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";

const ADMIN: Route["access"] = { kind: "admin" };
const CERTIFICATE_BYTES = 64 * 1024;

export const ADMIN_CERTIFICATE_ROUTES: readonly Route[] = [
  { method: "GET", path: "/admin/certificates", access: ADMIN, handle: list },
  { method: "GET", path: "/admin/certificates/:name", access: ADMIN, handle: show },
  { method: "PUT", path: "/admin/certificates/:name", access: ADMIN, maxBody: CERTIFICATE_BYTES, handle: put },
  { method: "DELETE", path: "/admin/certificates/:name", access: ADMIN, handle: remove },
];

function list({ hub }: HubRequest): HubResponse {
  return { status: 200, json: [...hub.certificateAuthorities] };
}

function show({ hub, params }: HubRequest): HubResponse {
  return { status: 200, json: hub.certificateAuthorities.get(params["name"] ?? "") };
}

async function put(request: HubRequest): Promise<HubResponse> {
  const { hub, params } = request;
  return { status: 200, json: await hub.certificateAuthorities.put(params["name"] ?? "", certificateOf(request)) };
}

async function remove({ hub, params }: HubRequest): Promise<HubResponse> {
  await hub.certificateAuthorities.delete(params["name"] ?? "");
  return { status: 204 };
}

function certificateOf(request: HubRequest): string {
  const text = request.body.toString("utf8").trim();
  if (!text.startsWith("{")) return text;
  const { certificate } = requireObject(readJson(request), "The body");
  if (typeof certificate === "string") return certificate;
  throw new HubError("ArgumentInvalid", "The body needs the field certificate, a certificate in PEM.");
}
