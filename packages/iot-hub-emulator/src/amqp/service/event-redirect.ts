/**
 * Clients that know only the hub's host ask it for its events and are sent on to the Event Hubs-compatible endpoint: the
 * link is attached, then detached with `amqp:link:redirect`.
 */
import type { ConnectionContext } from "../context.ts";
import type { OutgoingNode } from "../links/link.ts";

const AMQPS_PORT = 5671;

/** Throws `IotHubUnauthorizedAccess` without a token that has ServiceConnect. */
export function openRedirect({ hub, credentials, eventHubAddress }: ConnectionContext, rest: string): OutgoingNode {
  credentials.forEvents("");
  const { host, port } = eventHubAddress();
  // Clients make `Endpoint=sb://{hostname}/` of this, so another port must stand there too.
  const hostname = port === AMQPS_PORT ? host : `${host}:${port}`;
  const path = rest === "" ? "$management" : rest;
  const address = `amqps://${host}:${port}/${hub.eventHubName}/${path}`;
  return {
    opened: (link) =>
      link.detach({
        condition: "amqp:link:redirect",
        description: `Read events from ${address}.`,
        info: { hostname, "network-host": host, port, address },
      }),
    pump: () => false,
  };
}
