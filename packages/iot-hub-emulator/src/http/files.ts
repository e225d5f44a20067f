/** File upload over HTTPS: where a device may write a file, and what became of it. */
import { HubError } from "../hub/errors.ts";
import type { DeviceIdentity } from "../hub/registry/identity.ts";
import { requireObject } from "../hub/registry/identity-fields.ts";
import { readJson } from "./exchange.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";

const DEVICE = { kind: "device" } as const;
const NOTIFICATIONS = "/devices/:deviceId/files/notifications";
const MAX_BODY: number = 16 * 1024;

export const FILE_ROUTES: readonly Route[] = [
  { method: "POST", path: "/devices/:deviceId/files", access: DEVICE, maxBody: MAX_BODY, handle: begin },
  { method: "POST", path: NOTIFICATIONS, access: DEVICE, maxBody: MAX_BODY, handle: finish },
  // The Node SDK names the upload in the path.
  { method: "POST", path: `${NOTIFICATIONS}/:correlationId`, access: DEVICE, maxBody: MAX_BODY, handle: finish },
];

async function begin(request: HubRequest): Promise<HubResponse> {
  const { blobName } = requireObject(readJson(request), "The file upload");
  if (typeof blobName !== "string") throw new HubError("ArgumentInvalid", "blobName must be a string.");
  return { status: 200, json: await request.hub.fileUploads.begin(deviceOf(request), blobName) };
}

async function finish(request: HubRequest): Promise<HubResponse> {
  const result = requireObject(readJson(request), "The file upload's result");
  const { correlationId = request.params["correlationId"], isSuccess } = result;
  if (typeof correlationId !== "string") throw new HubError("ArgumentInvalid", "correlationId must be a string.");
  if (typeof isSuccess !== "boolean") throw new HubError("ArgumentInvalid", "isSuccess must be true or false.");
  await request.hub.fileUploads.finish(deviceOf(request), { correlationId, isSuccess });
  return { status: 204 };
}

function deviceOf({ sender }: HubRequest): DeviceIdentity {
  if (sender === undefined) throw new Error("A device route was called without its sender.");
  return sender.identity;
}
