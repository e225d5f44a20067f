/** What can be attached: one row per kind of address. A new kind of link is a new row here and a file of its own. */
import { type HubAddress, parseHubAddress, withoutOuterSlashes } from "iot-hub-protocol";
import { HubError } from "../hub/errors.ts";
import type { StruckOperation } from "../hub/faults/faults.ts";
import { AmqpError } from "./amqp-error.ts";
import { openTokenRequests, openTokenResponses } from "./security/cbs.ts";
import type { ConnectionContext } from "./context.ts";
import { openCloudToDevice } from "./device/cloud-to-device-link.ts";
import { openManagementRequests, openManagementResponses } from "./service/event-management.ts";
import { type EventHubAddress, parseEventHubAddress, refuseSending } from "./service/event-hub-address.ts";
import { openEventReceiver } from "./service/event-receiver.ts";
import type { IncomingNode, LinkRequest, OutgoingNode } from "./links/link.ts";
import { openMethodRequests, openMethodResponses } from "./device/method-links.ts";
import { openRedirect } from "./service/event-redirect.ts";
import { openServiceQueue } from "./service/service-queue-link.ts";
import { openCloudToDeviceSender } from "./service/cloud-to-device-sender-link.ts";
import { openTelemetry } from "./device/telemetry-link.ts";
import { openTwinRequests, openTwinResponses } from "./device/twin-links.ts";

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
  telemetry: { incoming: openTelemetry, outgoing: (_, of) => refuseInputs(of) },
  deviceBound: { outgoing: openCloudToDevice },
  twin: { incoming: openTwinRequests, outgoing: openTwinResponses },
  methods: { incoming: openMethodResponses, outgoing: openMethodRequests },
  serviceDeviceBound: { incoming: openCloudToDeviceSender },
  feedback: {
    outgoing: (context) => openServiceQueue(context, "/messages/serviceBound/feedback", context.hub.feedback),
  },
  fileNotifications: {
    outgoing: (context) =>
      openServiceQueue(context, "/messages/serviceBound/filenotifications", context.hub.fileNotifications),
  },
  events: { outgoing: (context, { rest }) => openRedirect(context, rest) },
  management: {
    incoming: (context) => openManagementRequests(context),
    outgoing: (context, _, { attach }) => openManagementResponses(context, attach.target?.address),
  },
  partition: { outgoing: (context, address, request) => openEventReceiver(context, request, address) },
  eventHub: {
    incoming: ({ hub }, { entity }) => refuseSending(hub, entity),
    outgoing: ({ hub }, { entity }) => refuseSending(hub, entity),
  },
};

interface DescribedAddress {
  readonly address: string;
  /** What the client does there. */
  readonly peer: "sends" | "receives" | "sends and receives";
}

/** How each kind is written, for people. A stream itself (`{entity}`) is refused: nothing is sent to it. */
const ADDRESSES: { readonly [K in Exclude<Kind, "eventHub">]: DescribedAddress } = {
  cbs: { address: "$cbs", peer: "sends and receives" },
  telemetry: { address: "/devices/{d}[/modules/{m}]/messages/events", peer: "sends" },
  deviceBound: { address: "/devices/{d}/messages/devicebound", peer: "receives" },
  twin: { address: "/devices/{d}[/modules/{m}]/twin", peer: "sends and receives" },
  methods: { address: "/devices/{d}[/modules/{m}]/methods/devicebound", peer: "sends and receives" },
  serviceDeviceBound: { address: "/messages/devicebound", peer: "sends" },
  feedback: { address: "/messages/serviceBound/feedback", peer: "receives" },
  fileNotifications: { address: "/messages/serviceBound/filenotifications", peer: "receives" },
  events: { address: "/messages/events/… (redirects to the next two)", peer: "receives" },
  partition: { address: "{entity}/ConsumerGroups/{g}/Partitions/{n}", peer: "receives" },
  management: { address: "[{entity}/]$management", peer: "sends and receives" },
};

export function linkAddresses(): readonly DescribedAddress[] {
  return Object.values(ADDRESSES);
}

/** What stands at our end of a link. */
export type OpenedNode =
  | { readonly direction: "incoming"; readonly node: IncomingNode }
  | { readonly direction: "outgoing"; readonly node: OutgoingNode };

/** What a link's address names; `undefined` when that is nothing. */
export type LinkAddress = Address;

/** How scripted faults call what is done on a link. */
const OPERATIONS: Readonly<Partial<Record<Kind, string>>> = {
  deviceBound: "cloudToDevice",
  serviceDeviceBound: "cloudToDevice",
  management: "events",
  partition: "events",
  eventHub: "events",
};

/** What scripted faults may ask about a link. */
export function struckOperation(address: LinkAddress | undefined): StruckOperation {
  if (address === undefined) return { protocol: "amqp" };
  const { deviceId, moduleId } = { deviceId: undefined, moduleId: undefined, ...address };
  return {
    protocol: "amqp",
    operation: OPERATIONS[address.kind] ?? address.kind,
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(moduleId === undefined ? {} : { moduleId }),
  };
}

/** Opens what an attach asks for, or throws why it is refused. */
export function openNode(
  context: ConnectionContext,
  address: LinkAddress | undefined,
  request: LinkRequest,
): OpenedNode {
  if (address === undefined || !Object.hasOwn(LINK_KINDS, address.kind)) {
    throw new HubError("AmqpAddressNotFound", `The address ${request.address.slice(0, 256)} names nothing here.`);
  }
  return openKind(context, address.kind, address, request);
}

function openKind<K extends Kind>(
  context: ConnectionContext,
  kind: K,
  address: Of<K>,
  request: LinkRequest,
): OpenedNode {
  const { incoming, outgoing }: LinkKind<K> = LINK_KINDS[kind];
  if (request.attach.role === "sender") {
    if (incoming === undefined) throw wrongRole("sent to");
    return { direction: "incoming", node: incoming(context, address, request) };
  }
  if (outgoing === undefined) throw wrongRole("received from");
  return { direction: "outgoing", node: outgoing(context, address, request) };
}

export function parseAddress(text: string): Address | undefined {
  const path = withoutOuterSlashes(text.replace(/^[a-z]+:\/\/[^/]*\//i, ""));
  return parseHubAddress(text) ?? parseEventHubAddress(path);
}

function refuseInputs({ moduleId }: Of<"telemetry">): never {
  if (moduleId === undefined) throw wrongRole("received from");
  throw new HubError("NotImplemented", "The inputs of modules are not implemented in this Local Hub.");
}

function wrongRole(what: string): AmqpError {
  return new AmqpError("link", "amqp:not-allowed", `This address cannot be ${what}.`);
}
