/** The links on which services receive feedback on cloud-to-device messages, and notifications of uploaded files. */
import { encodeLockedMessage } from "../../amqp-codec/locked-message.ts";
import { asHubError } from "../../hub/errors.ts";
import type { ServiceMessage, ServiceQueue } from "../../hub/cloud-to-device/service-queue.ts";
import type { ConnectionContext } from "../context.ts";
import type { OutgoingNode } from "../links/link.ts";
import { LockedMessages, type LockedSource } from "../links/locked-messages.ts";
import type { OutgoingLink } from "../links/outgoing-link.ts";

/** Throws `IotHubUnauthorizedAccess` without a token that has ServiceConnect. */
export function openServiceQueue(context: ConnectionContext, path: string, queue: ServiceQueue): OutgoingNode {
  const grant = context.credentials.forService(path);
  let opened: OutgoingLink | undefined;
  return new LockedMessages(sourceOf(queue, context.hub.hostName), {
    opened: (link) => grant.dependents.add((opened = link)),
    closed: () => opened !== undefined && grant.dependents.delete(opened),
    failed: (error) => context.reportFault(asHubError(error)),
  });
}

// .NET reads the name of the hub from the user id of feedback, and fails where there is none.
function sourceOf(queue: ServiceQueue, userId: string): LockedSource<ServiceMessage> {
  return {
    receive: () => queue.receive({ lockMs: "connection" }),
    encode: (message) => {
      const { body, contentType } = message;
      const document = { body, contentType, contentEncoding: "utf-8", userId };
      return encodeLockedMessage({ ...document, properties: new Map() }, message);
    },
    complete: (lockToken) => queue.complete(lockToken),
    // Nobody asks for what was rejected here again.
    reject: (lockToken) => queue.complete(lockToken),
    abandon: (lockToken) => queue.abandon(lockToken),
    release: (lockTokens) => queue.release(lockTokens),
    onAvailable: (listener) => queue.onAvailable(listener),
  };
}
