/** Claims-based security: a client puts its tokens on `$cbs` before it opens the links that need them. */
import type { AmqpMessage } from "../../amqp-codec/message.ts";
import { asHubError } from "../../hub/errors.ts";
import { hubErrorCondition } from "../amqp-error.ts";
import type { ConnectionContext } from "../context.ts";
import type { IncomingNode, OutgoingNode } from "../links/link.ts";
import { requestNode, ResponseNode, type Response } from "../links/request-response.ts";
import { authenticateToken } from "./sasl.ts";

const TOKEN_TYPES = new Set(["servicebus.windows.net:sastoken", "sastoken"]);

export function openTokenRequests({ hub, credentials, responses }: ConnectionContext): IncomingNode {
  return requestNode("cbs", responses, ({ applicationProperties, body }) => {
    const problem = malformed(applicationProperties, body);
    if (problem !== undefined) return { status: 400, description: problem };
    try {
      credentials.add(authenticateToken(hub, body as string));
      return { status: 200, description: "OK" };
    } catch (error) {
      return refusal(error);
    }
  });
}

export function openTokenResponses({ responses }: ConnectionContext, target: string | undefined): OutgoingNode {
  return new ResponseNode("cbs", responses, target);
}

function malformed(properties: AmqpMessage["applicationProperties"], body: unknown): string | undefined {
  if (properties.get("operation") !== "put-token") return "The operation must be put-token.";
  const type = properties.get("type");
  if (typeof type !== "string" || !TOKEN_TYPES.has(type)) {
    return "The type must be servicebus.windows.net:sastoken; other tokens are not implemented.";
  }
  if (typeof properties.get("name") !== "string") return "The name must be the audience of the token.";
  return typeof body === "string" ? undefined : "The body must be the token as a string.";
}

// The status says it all: with a condition beside it Python's client would tell its user neither of them.
function refusal(thrown: unknown): Response {
  const error = asHubError(thrown);
  return { status: error.httpStatus, description: hubErrorCondition(error).description ?? "" };
}
