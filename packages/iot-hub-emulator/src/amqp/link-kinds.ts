/** What can be attached: one row per kind of address. A new kind of link is a new row here and a file of its own. */
import { type HubAddress, parseHubAddress } from "iot-hub-protocol";
import { HubError } from "../hub/errors.ts";
import { AmqpError } from "./amqp-error.ts";
import { openTokenRequests, openTokenResponses } from "./cbs.ts";
import type { ConnectionContext } from "./context.ts";
import { openManagementRequests, openManagementResponses } from "./event-management.ts";
import { type EventHubAddress, parseEventHubAddress, refuseSending } from "./event-hub-address.ts";
import { openEventReceiver } from "./event-receiver.ts";
import type { IncomingNode, LinkRequest, OutgoingNode } from "./link.ts";
import { openRedirect } from "./redirect.ts";
import { openTelemetry } from "./telemetry-link.ts";

/** Addresses of the hub's host and of its Event Hubs-compatible endpoints: one listener serves both. */
type Address = HubAddress | EventHubAddress;

type Kind = Address["kind"];
type Of<K extends Kind> = Extract<Address, { kind: K }>;

interface LinkKind<K extends Kind> {
  /** The peer sends. */
  readonly incoming?: (context: ConnectionContext, address: Of<K>, request: LinkRequest) => IncomingNode;
  /** The peer receives. */
  readonly outgoing?: (context: ConnectionContext, address: Of<K>, request: LinkRequest) => OutgoingNode;
}

const LINK_KINDS: { readonly [K in Kind]: LinkKind<K> } = {
  cbs: {
    incoming: openTokenRequests,
    outgoing: (context, _, { attach }) => openTokenResponses(context, attach.target?.address),
  },
  telemetry: { incoming: (context, { deviceId, moduleId }) => openTelemetry(context, deviceId, moduleId) },
  deviceBound: { outgoing: notImplemented("Receiving cloud-to-device messages") },
  twin: { incoming: notImplemented("Twin requests"), outgoing: notImplemented("Twin responses") },
  methods: { incoming: notImplemented("Method responses"), outgoing: notImplemented("Method requests") },
  serviceDeviceBound: { incoming: notImplemented("Sending cloud-to-device messages") },
  feedback: { outgoing: notImplemented("Feedback on cloud-to-device messages") },
  fileNotifications: { outgoing: notImplemented("File upload notifications") },
  events: { outgoing: (context, { rest }) => openRedirect(context, rest) },
  management: {
    incoming: (context, { entity }) => openManagementRequests(context, entity),
    outgoing: (context, { entity }, { attach }) => openManagementResponses(context, entity, attach.target?.address),
  },
  partition: { outgoing: (context, address, request) => openEventReceiver(context, request, address) },
  eventHub: {
    incoming: ({ hub }, { entity }) => refuseSending(hub, entity),
    outgoing: ({ hub }, { entity }) => refuseSending(hub, entity),
  },
};

/** What stands at our end of a link. */
export type OpenedNode =
  | { readonly direction: "incoming"; readonly node: IncomingNode }
  | { readonly direction: "outgoing"; readonly node: OutgoingNode };

/** Opens what an attach asks for, or throws why it is refused. */
export function openNode(context: ConnectionContext, request: LinkRequest): OpenedNode {
  const address = parseAddress(request.address);
  if (address === undefined || !Object.hasOwn(LINK_KINDS, address.kind)) {
    throw new HubError("AmqpAddressNotFound", `The address ${request.address.slice(0, 256)} names nothing here.`);
  }
  return openKind(LINK_KINDS[address.kind] as LinkKind<Kind>, context, address, request);
}

function openKind(
  kind: LinkKind<Kind>,
  context: ConnectionContext,
  address: Address,
  request: LinkRequest,
): OpenedNode {
  if (request.attach.role === "sender") {
    if (kind.incoming === undefined) throw wrongRole("sent to");
    return { direction: "incoming", node: kind.incoming(context, address as never, request) };
  }
  if (kind.outgoing === undefined) throw wrongRole("received from");
  return { direction: "outgoing", node: kind.outgoing(context, address as never, request) };
}

function parseAddress(text: string): Address | undefined {
  const path = text.replace(/^[a-z]+:\/\/[^/]*\//i, "").replace(/^\/+|\/+$/g, "");
  return parseHubAddress(text) ?? parseEventHubAddress(path);
}

function notImplemented(what: string): () => never {
  return () => {
    throw new HubError("NotImplemented", `${what} over AMQP is not implemented in this version of the Local Hub.`);
  };
}

function wrongRole(what: string): AmqpError {
  return new AmqpError("link", "amqp:not-allowed", `This address cannot be ${what}.`);
}
