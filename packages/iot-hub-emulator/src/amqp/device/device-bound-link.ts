/** The link on which a device receives its cloud-to-device messages. */
import { encodeLockedMessage } from "../../amqp-codec/locked-message.ts";
import type { QueuedMessage } from "../../hub/cloud-to-device/device-queue.ts";
import { asHubError, HubError } from "../../hub/errors.ts";
import type { IdentityRef } from "../../hub/registry/identity.ts";
import type { ConnectionContext } from "../context.ts";
import type { DeviceLinkPlace } from "./device-links.ts";
import { openDeviceSide } from "./device-side.ts";
import type { LinkRequest, OutgoingNode } from "../links/link.ts";
import { LockedMessages, type LockedSource } from "../links/locked-messages.ts";

/** Throws what `Hub.requireDevice` throws when no token of the connection covers the device. */
export function openDeviceBound(context: ConnectionContext, of: IdentityRef, request: LinkRequest): OutgoingNode {
  if (of.moduleId !== undefined) {
    throw new HubError("NotImplemented", "Messages to modules over AMQP are not implemented in this Local Hub.");
  }
  const { identity, grant } = openDeviceSide(context, request, of);
  let place: DeviceLinkPlace | undefined;
  return new LockedMessages(queueOf(context, of.deviceId), {
    opened: (link, node) => (place = context.deviceLinks.join(identity, { kind: "deviceBound", link, node, grant })),
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
