/** Cloud-to-device messages over HTTPS: a device asks for one, does what it says, and settles it by its lock. */
import { HubError } from "../hub/errors.ts";
import type { QueuedMessage } from "../hub/cloud-to-device/device-queue.ts";
import type { HubRequest, HubResponse, Route } from "./exchange.ts";
import { headerName, headerValue } from "./header-text.ts";

const MESSAGES = "/devices/:deviceId/messages/devicebound";
const DEVICE = { kind: "device" } as const;
const CONNECT = { kind: "service", permission: "ServiceConnect" } as const;

export const CLOUD_TO_DEVICE_ROUTES: readonly Route[] = [
  { method: "GET", path: MESSAGES, access: DEVICE, handle: receive },
  { method: "DELETE", path: `${MESSAGES}/:lock`, access: DEVICE, handle: settle },
  { method: "POST", path: `${MESSAGES}/:lock/abandon`, access: DEVICE, maxBody: 1024, handle: abandon },
  { method: "DELETE", path: "/devices/:deviceId/commands", access: CONNECT, handle: purge },
];

/** The longest lock a queue can be set to. */
const MAX_LOCK_SECONDS = 300;

function receive(request: HubRequest): HubResponse {
  const deviceId = deviceIdOf(request);
  const lockMs = lockTimeOf(request);
  const queued = request.hub.deviceQueues.receive(deviceId, lockMs === undefined ? {} : { lockMs });
  if (queued === undefined) return { status: 204 };
  const { body } = queued.message;
  return { status: 200, headers: headersOf(deviceId, queued), body, contentType: "application/octet-stream" };
}

async function settle(request: HubRequest): Promise<HubResponse> {
  const { hub, query } = request;
  const [deviceId, lock] = [deviceIdOf(request), lockOf(request)];
  await (query.has("reject") ? hub.deviceQueues.reject(deviceId, lock) : hub.deviceQueues.complete(deviceId, lock));
  return { status: 204 };
}

async function abandon(request: HubRequest): Promise<HubResponse> {
  await request.hub.deviceQueues.abandon(deviceIdOf(request), lockOf(request));
  return { status: 204 };
}

async function purge(request: HubRequest): Promise<HubResponse> {
  const deviceId = deviceIdOf(request);
  const totalMessagesPurged = await request.hub.deviceQueues.purge(deviceId);
  return { status: 200, json: { totalMessagesPurged, deviceId, moduleId: null } };
}

function headersOf(deviceId: string, queued: QueuedMessage): Record<string, string> {
  const { message, lockToken, sequenceNumber, enqueuedTime, deliveryCount } = queued;
  const { absoluteExpiryTime } = message;
  const headers: Record<string, string> = {
    ETag: `"${lockToken}"`,
    "iothub-sequencenumber": String(sequenceNumber),
    "iothub-enqueuedtime": new Date(enqueuedTime).toISOString(),
    "iothub-deliverycount": String(deliveryCount),
    "iothub-to": headerValue(message.to ?? `/devices/${encodeURIComponent(deviceId)}/messages/devicebound`),
    "iothub-ack": message.ack ?? "none",
  };
  if (absoluteExpiryTime !== undefined && absoluteExpiryTime > 0) {
    headers["iothub-expiry"] = new Date(absoluteExpiryTime).toISOString();
  }
  for (const [name, value] of [
    ["iothub-messageid", message.messageId],
    ["iothub-correlationid", message.correlationId],
    ["iothub-userid", message.userId],
    // The names that clients read on this side only; on the other they say `iothub-contenttype`.
    ["ContentType", message.contentType],
    ["ContentEncoding", message.contentEncoding],
  ] as const) {
    if (value !== undefined) headers[name] = headerValue(value);
  }
  for (const [name, value] of message.properties) headers[`iothub-app-${headerName(name)}`] = headerValue(value);
  return headers;
}

// Seconds, which clients send as a header or in the query.
function lockTimeOf({ headers, query }: HubRequest): number | undefined {
  const text = headers["iothub-messagelocktimeout"] ?? query.get("iothub-messagelocktimeout") ?? undefined;
  if (text === undefined) return undefined;
  const seconds = Number(text);
  if (!(seconds > 0)) throw new HubError("ArgumentInvalid", "IotHub-MessageLockTimeout must be a number of seconds.");
  return Math.min(seconds, MAX_LOCK_SECONDS) * 1000;
}

function deviceIdOf({ params }: HubRequest): string {
  return params["deviceId"] ?? "";
}

function lockOf({ params }: HubRequest): string {
  return params["lock"] ?? "";
}
