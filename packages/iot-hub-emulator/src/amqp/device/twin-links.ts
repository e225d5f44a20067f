/**
 * A device's twin: it asks on one link and hears on another. What is asked stands in annotations; the answer has the
 * request's correlation id, a change of desired properties has none.
 */
import { withoutTrailingSlashes } from "iot-hub-protocol";
import type { AmqpMessage } from "../../amqp-codec/message.ts";
import {
  bodyBytes,
  DESIRED_RESOURCE,
  encodeDesiredChange,
  encodeTwinResponse,
  type TwinResponse,
} from "../../amqp-codec/device-exchange.ts";
import { asHubError, errorDocument, HubError } from "../../hub/errors.ts";
import type { Hub } from "../../hub/hub.ts";
import type { IdentityRef } from "../../hub/registry/identity.ts";
import { AmqpError } from "../amqp-error.ts";
import type { ConnectionContext } from "../context.ts";
import { DeviceRequests } from "./device-requests.ts";
import { DeviceResponses } from "./device-responses.ts";
import { authorizeDevice } from "./authorized-device.ts";
import type { IncomingNode, LinkRequest, OutgoingNode } from "../links/link.ts";

const REPORTED_RESOURCE = "/properties/reported";

/** Throws what `Hub.requireDevice` throws when no token of the connection covers the device. */
export function openTwinResponses(context: ConnectionContext, of: IdentityRef, request: LinkRequest): OutgoingNode {
  return new DeviceResponses({ context, device: authorizeDevice(context, request, of), kind: "twinResponses" });
}

/** Throws as `openTwinResponses` does. */
export function openTwinRequests(context: ConnectionContext, of: IdentityRef, request: LinkRequest): IncomingNode {
  const device = authorizeDevice(context, request, of);
  return new DeviceRequests({
    context,
    device,
    kind: "twinRequests",
    async take(message, place) {
      const responses = place.find("twinResponses")?.node;
      if (!(responses instanceof DeviceResponses)) {
        throw new AmqpError("link", "amqp:precondition-failed", "There is no link for the answers on the twin.");
      }
      const { correlationId } = message.properties;
      const answer = await answerTo(context, device.ref, message, responses);
      responses.push(encodeTwinResponse({ correlationId, ...answer }));
    },
  });
}

type Answer = Omit<TwinResponse, "correlationId">;
type Operation = (hub: Hub, ref: IdentityRef, message: AmqpMessage, responses: DeviceResponses) => Promise<Answer>;

/** By operation and resource. */
const OPERATIONS: ReadonlyMap<string, Operation> = new Map<string, Operation>([
  ["GET ", read],
  [`PATCH ${REPORTED_RESOURCE}`, report],
  [`PUT ${DESIRED_RESOURCE}`, subscribe],
  [`DELETE ${DESIRED_RESOURCE}`, unsubscribe],
]);

async function answerTo(
  context: ConnectionContext,
  ref: IdentityRef,
  message: AmqpMessage,
  responses: DeviceResponses,
): Promise<Answer> {
  const { annotations } = message;
  const operation = textOf(annotations.get("operation")).toUpperCase();
  const resource = withoutTrailingSlashes(textOf(annotations.get("resource")));
  try {
    const run = OPERATIONS.get(`${operation} ${resource.toLowerCase()}`);
    if (context.inBandFaults.refusal !== undefined) throw context.inBandFaults.refusal;
    if (run === undefined) throw unknown(operation, resource);
    return await run(context.hub, ref, message, responses);
  } catch (thrown) {
    const error = asHubError(thrown);
    if (!(thrown instanceof HubError)) context.reportFault(error);
    return { status: error.httpStatus, body: JSON.stringify(errorDocument(error, context.hub.now())) };
  }
}

async function read(hub: Hub, ref: IdentityRef): Promise<Answer> {
  await hub.limits.spend("twinRead");
  return { status: 200, body: JSON.stringify(hub.twins.own(ref.deviceId, ref.moduleId)) };
}

async function report(hub: Hub, ref: IdentityRef, { body }: AmqpMessage): Promise<Answer> {
  await hub.limits.spend("twinUpdate", { messages: hub.limits.blocks(bodyBytes(body).length) });
  return { status: 200, version: await hub.twins.report(ref, parseJson(bodyBytes(body))) };
}

async function subscribe(hub: Hub, ref: IdentityRef, _: AmqpMessage, responses: DeviceResponses): Promise<Answer> {
  const notify = (patch: unknown): void => responses.push(encodeDesiredChange(JSON.stringify(patch)));
  responses.keepSubscription(hub.twins.onDesired(ref, notify));
  return { status: 200 };
}

async function unsubscribe(_: Hub, __: IdentityRef, ___: AmqpMessage, responses: DeviceResponses): Promise<Answer> {
  responses.keepSubscription(undefined);
  return { status: 200 };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString("utf8")) as unknown;
  } catch (cause) {
    throw new HubError("DeserializationError", "The reported properties are not JSON.", { cause });
  }
}

function textOf(value: unknown): string {
  return typeof value === "string" ? value : "";
}

function unknown(operation: string, resource: string): HubError {
  const asked = `${operation.slice(0, 32)} ${resource.slice(0, 128)}`.trim();
  return new HubError("ArgumentInvalid", `A twin has no operation ${asked}; there are GET, PATCH, PUT and DELETE.`);
}
