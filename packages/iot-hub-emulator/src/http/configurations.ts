/** Automatic configurations over REST. */
import { HubError } from "../hub/errors.ts";
import { preconditionOf, readJson, resource } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";

// Which permissions these need is inferred.
const READ = { kind: "service", permission: "RegistryRead" } as const;
const WRITE = { kind: "service", permission: "RegistryWrite" } as const;
const CONFIGURATION_BYTES: number = 512 * 1024;

export const CONFIGURATION_ROUTES: readonly Route[] = [
  { method: "GET", path: "/configurations", access: READ, handle: list },
  { method: "GET", path: "/configurations/:configurationId", access: READ, handle: get },
  { method: "PUT", path: "/configurations/:configurationId", access: WRITE, maxBody: CONFIGURATION_BYTES, handle: put },
  { method: "DELETE", path: "/configurations/:configurationId", access: WRITE, handle: remove },
  { method: "POST", path: "/configurations/testQueries", access: READ, maxBody: CONFIGURATION_BYTES, handle: test },
  {
    method: "POST",
    path: "/devices/:deviceId/applyConfigurationContent",
    access: WRITE,
    maxBody: CONFIGURATION_BYTES,
    handle: apply,
  },
];

async function list({ hub, query }: HubRequest): Promise<HubResponse> {
  const top = query.get("top");
  if (top !== null && !/^[1-9]\d{0,8}$/.test(top)) {
    throw new HubError("ArgumentInvalid", "top must be a positive number.");
  }
  return { status: 200, json: await hub.configurations.list(top === null ? undefined : Number(top)) };
}

async function get({ hub, params }: HubRequest): Promise<HubResponse> {
  const configuration = await hub.configurations.get(idOf(params));
  return resource(configuration, configuration.etag);
}

async function put(request: HubRequest): Promise<HubResponse> {
  const { hub, params } = request;
  const ifMatch = preconditionOf(request, "if-match");
  const configuration = await hub.configurations.put(idOf(params), readJson(request), ifMatch);
  return resource(configuration, configuration.etag);
}

async function remove(request: HubRequest): Promise<HubResponse> {
  await request.hub.configurations.delete(idOf(request.params), preconditionOf(request, "if-match"));
  return { status: 204 };
}

function test(request: HubRequest): HubResponse {
  return { status: 200, json: request.hub.configurations.testQueries(readJson(request)) };
}

async function apply(request: HubRequest): Promise<HubResponse> {
  await request.hub.configurations.applyContent(request.params["deviceId"] ?? "", readJson(request));
  return { status: 204 };
}

function idOf(params: HubRequest["params"]): string {
  return params["configurationId"] ?? "";
}
