/** A device's direct methods: calls go out on one link, answers come in on another; a uuid joins them. */
import { encodeMethodCall, methodAnswer } from "../../amqp-codec/device-exchange.ts";
import type { IdentityRef } from "../../hub/registry/identity.ts";
import { AmqpError } from "../amqp-error.ts";
import type { ConnectionContext } from "../context.ts";
import { DeviceRequests } from "./device-requests.ts";
import { DeviceResponses } from "./device-responses.ts";
import { authorizeDevice } from "./authorized-device.ts";
import type { IncomingNode, LinkRequest, OutgoingNode } from "../links/link.ts";

/** The device takes calls while this link is there. Throws what `Hub.requireDevice` throws when no token covers the device. */
export function openMethodRequests(context: ConnectionContext, of: IdentityRef, request: LinkRequest): OutgoingNode {
  const device = authorizeDevice(context, request, of);
  return new DeviceResponses({
    context,
    device,
    kind: "methodRequests",
    opened: (node) =>
      context.hub.methods.offer(device.ref, ({ requestId, methodName, payload }) =>
        node.push(encodeMethodCall(requestId, methodName, payload)),
      ),
  });
}

/** Throws as `openMethodRequests` does. */
export function openMethodResponses(context: ConnectionContext, of: IdentityRef, request: LinkRequest): IncomingNode {
  const device = authorizeDevice(context, request, of);
  return new DeviceRequests({
    context,
    device,
    kind: "methodResponses",
    async take(message) {
      const answer = methodAnswer(message);
      if (answer === undefined) {
        const text = "An answer needs the correlation id of its call and an integer IoThub-status.";
        throw new AmqpError("link", "com.microsoft:argument-error", text);
      }
      context.hub.methods.respond(device.ref, answer.requestId, answer.status, answer.payload);
    },
  });
}
