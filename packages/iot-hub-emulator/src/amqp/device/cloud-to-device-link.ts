/** The link on which a device receives its cloud-to-device messages. */
import { encodeLockedMessage } from "../../amqp-codec/locked-message.ts";
import type { QueuedMessage } from "../../hub/cloud-to-device/device-queue.ts";
import { asHubError } from "../../hub/errors.ts";
import type { IdentityRef } from "../../hub/registry/identity.ts";
import type { ConnectionContext } from "../context.ts";
import type { DeviceLinkPlace } from "./device-links.ts";
import { authorizeDevice } from "./authorized-device.ts";
import type { LinkRequest, OutgoingNode } from "../links/link.ts";
import { LockedMessages, type LockedSource } from "../links/locked-messages.ts";

/** Throws what `Hub.requireDevice` throws when no token of the connection covers the device. */
export function openCloudToDevice(context: ConnectionContext, of: IdentityRef, request: LinkRequest): OutgoingNode {
  const { identity, grant } = authorizeDevice(context, request, of);
  let place: DeviceLinkPlace | undefined;
  const source = queueOf(context, of.deviceId);
  return new LockedMessages(of.moduleId === undefined ? source : neverAvailable(source), {
    opened: (link, node) => (place = context.deviceLinks.join(identity, { kind: "cloudToDevice", link, node, grant })),
    closed: () => place?.leave(),
    failed: (error) => context.reportFault(asHubError(error)),
  });
}

function queueOf({ hub: { deviceQueues } }: ConnectionContext, deviceId: string): LockedSource<QueuedMessage> {
  const to = `/devices/${encodeURIComponent(deviceId)}/messages/deviceBound`;
  return {
    receive: () => deviceQueues.receive(deviceId, { lockMs: "connection" }),
    encode: (queued) => encodeLockedMessage({ ...queued.message, to }, queued),
    complete: (lockToken) => deviceQueues.complete(deviceId, lockToken),
    reject: (lockToken) => deviceQueues.reject(deviceId, lockToken),
    abandon: (lockToken) => deviceQueues.abandon(deviceId, lockToken),
    release: (lockTokens) => deviceQueues.release(deviceId, lockTokens),
    onAvailable: (listener) => deviceQueues.onAvailable(deviceId, listener),
  };
}

// Services cannot send to modules here, and are told so; the vendor's Java client cannot open a module without this link.
function neverAvailable(source: LockedSource<QueuedMessage>): LockedSource<QueuedMessage> {
  return { ...source, receive: () => undefined, onAvailable: () => () => undefined };
}
