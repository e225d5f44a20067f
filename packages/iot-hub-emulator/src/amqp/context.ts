/** What links find around them: the front they belong to and the connection they came by. */
import type { X509Certificate } from "node:crypto";
import type { HubError } from "../hub/errors.ts";
import type { Hub } from "../hub/hub.ts";
import type { InBandFaults } from "./device/in-band-faults.ts";
import type { Connection } from "./transport/connection.ts";
import type { Credentials } from "./security/credentials.ts";
import type { DeviceLinks } from "./device/device-links.ts";
import type { EventReaders } from "./service/event-readers.ts";
import type { AmqpLimits } from "./limits.ts";
import type { ResponseLinks } from "./links/request-response.ts";

/** One per server. */
export interface FrontContext {
  readonly hub: Hub;
  readonly limits: AmqpLimits;
  /** Milliseconds of a steady clock, for timeouts. */
  readonly clock: () => number;
  /** Where clients of the Event Hubs-compatible endpoint are sent. */
  readonly eventHubAddress: () => { readonly host: string; readonly port: number };
  readonly eventReaders: EventReaders;
  /** Told of what went wrong by the hub's own fault. */
  readonly reportFault: (error: HubError) => void;
  readonly connectionClosed: (connection: Connection) => void;
}

/** One per connection. */
export interface ConnectionContext extends FrontContext {
  /** What the peer showed in TLS, its own certificate first. */
  readonly certificates: readonly X509Certificate[];
  readonly credentials: Credentials;
  readonly responses: ResponseLinks;
  readonly deviceLinks: DeviceLinks;
  /** Faults that devices asked for. */
  readonly inBandFaults: InBandFaults;
  /** Counts bytes that wait for the hub: positive when they come, negative when they are settled. */
  readonly pending: (bytes: number) => void;
}
