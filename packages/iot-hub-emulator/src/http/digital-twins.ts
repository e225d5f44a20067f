/**
 * Digital twins over REST: what IoT Plug and Play makes of a device's twin and methods. A component's command is the
 * direct method `component*command`.
 */
import { desiredPatchOf } from "../hub/twins/digital-twin-patch.ts";
import { formatDigitalTwin } from "../hub/twins/digital-twin.ts";
import { parseMethodRequest } from "../hub/methods/method-request.ts";
import type { JsonObject, TwinDocument } from "../hub/twins/twin.ts";
import { preconditionOf, readJson, resource } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";
import { identityOf } from "./identity-path.ts";

const ACCESS = { kind: "service", permission: "ServiceConnect" } as const;
const PATCH_BYTES = 256 * 1024;
/** A payload of 128 KB, in JSON that escapes some of it. */
const COMMAND_BYTES = 512 * 1024;
const TWIN = "/digitaltwins/:deviceId";

export const DIGITAL_TWIN_ROUTES: readonly Route[] = [
  { method: "GET", path: TWIN, access: ACCESS, handle: get },
  { method: "PATCH", path: TWIN, access: ACCESS, maxBody: PATCH_BYTES, handle: update },
  ...[`${TWIN}/commands/:command`, `${TWIN}/components/:component/commands/:command`].map((path): Route => ({
    method: "POST",
    path,
    access: ACCESS,
    maxBody: COMMAND_BYTES,
    handle: invoke,
  })),
];

function get(request: HubRequest): HubResponse {
  const twin = request.hub.twins.get(identityOf(request));
  return resource(formatDigitalTwin(twin), twin.etag);
}

// Reading and writing happen in one turn of the event loop, so nothing changes the twin between them.
async function update(request: HubRequest): Promise<HubResponse> {
  const ref = identityOf(request);
  const { twins } = request.hub;
  const { desired, reported } = twins.get(ref)["properties"] as TwinDocument & Record<string, JsonObject>;
  const patch = desiredPatchOf(readJson(request), { desired: desired ?? {}, reported: reported ?? {} });
  const { etag } = await twins.patch(ref, { desired: patch }, preconditionOf(request, "if-match"));
  const { hostName } = request.site.addresses;
  return {
    status: 202,
    headers: { ETag: `"${etag}"`, Location: `https://${hostName}/digitaltwins/${encodeURIComponent(ref.deviceId)}` },
  };
}

async function invoke(request: HubRequest): Promise<HubResponse> {
  const { component, command } = request.params;
  const call = parseMethodRequest({
    methodName: component === undefined ? command : `${component}*${command}`,
    payload: request.body.length === 0 ? null : readJson(request),
    responseTimeoutInSeconds: secondsOf(request, "responseTimeoutInSeconds"),
    connectTimeoutInSeconds: secondsOf(request, "connectTimeoutInSeconds"),
  });
  const { status, payload } = await request.hub.methods.invoke(identityOf(request), call);
  return { status: 200, headers: { "x-ms-command-statuscode": String(status) }, json: payload };
}

// A text that is not a number is passed on, so that the refusal names its parameter.
function secondsOf({ query }: HubRequest, name: string): number | string | undefined {
  const text = query.get(name);
  return text === null ? undefined : /^\d{1,6}$/.test(text) ? Number(text) : text;
}
