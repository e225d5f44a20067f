/**
 * Clients that know only the hub's host ask it for its events and are sent on to the Event Hubs-compatible endpoint: the
 * link is refused with `amqp:link:redirect`.
 */
import { AmqpError } from "../amqp-error.ts";
import type { ConnectionContext } from "../context.ts";

const AMQPS_PORT = 5671;

/** Always throws: the redirect, or `IotHubUnauthorizedAccess` without a token that has ServiceConnect. */
export function openRedirect({ hub, credentials, eventHubAddress }: ConnectionContext, rest: string): never {
  credentials.forEvents("");
  const { host, port } = eventHubAddress();
  // Clients make `Endpoint=sb://{hostname}/` of this, so another port must stand there too.
  const hostname = port === AMQPS_PORT ? host : `${host}:${port}`;
  const address = `amqps://${host}:${port}/${hub.eventHubName}/${rest}`;
  const info = { hostname, "network-host": host, port, address };
  throw new AmqpError("link", "amqp:link:redirect", `Read events from ${address}.`, info);
}
