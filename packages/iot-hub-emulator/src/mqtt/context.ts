/** What every connection of the front finds around it. */
import type { HubError } from "../hub/errors.ts";
import type { Connection } from "./connection.ts";
import type { Greet } from "./conversation.ts";
import type { MqttLimits } from "./limits.ts";
import type { Decode } from "./packets.ts";

/** A connection that was refused, or ended other than by its client's wish: the protocol cannot tell the client why. */
export interface ClosedConnection {
  /** As the CONNECT says, believed or not; `undefined` before it. */
  readonly clientId: string | undefined;
  readonly reason: Error;
}

export interface FrontContext {
  readonly limits: MqttLimits;
  /** Milliseconds of a steady clock, for timeouts. */
  readonly clock: () => number;
  /** Unix milliseconds of the hub. */
  readonly now: () => number;
  readonly decode: Decode;
  readonly greet: Greet;
  /** Told of what went wrong by the hub's own fault. */
  readonly reportFault: (error: HubError) => void;
  readonly reportClosed: (closed: ClosedConnection) => void;
  readonly connectionClosed: (connection: Connection) => void;
}
