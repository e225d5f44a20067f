/** Direct methods over REST, of devices and of modules. */
import { parseMethodRequest } from "../hub/methods/method-request.ts";
import { refOf } from "../hub/registry/identity.ts";
import { readJson } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";

/** A payload of 128 KB, in JSON that escapes some of it, and the other fields. */
const METHOD_BYTES: number = 512 * 1024;

export const METHOD_ROUTES: readonly Route[] = [
  "/twins/:deviceId/methods",
  "/twins/:deviceId/modules/:moduleId/methods",
].map((path) => ({
  method: "POST",
  path,
  access: { kind: "service", permission: "ServiceConnect" },
  maxBody: METHOD_BYTES,
  handle: invoke,
}));

async function invoke(request: HubRequest): Promise<HubResponse> {
  const { deviceId = "", moduleId } = request.params;
  const ref = refOf({ deviceId, moduleId });
  const { status, payload } = await request.hub.methods.invoke(ref, parseMethodRequest(readJson(request)));
  return { status: 200, json: { status, payload } };
}
