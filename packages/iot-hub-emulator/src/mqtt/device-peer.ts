/** The device or module at the other end of a connection: what everything that serves it needs to know. */
import type { HubError } from "../hub/errors.ts";
import type { StruckOperation } from "../hub/faults/faults.ts";
import type { Hub } from "../hub/hub.ts";
import { refOf } from "../hub/registry/identity.ts";
import type { DeviceIdentity, IdentityRef } from "../hub/registry/identity.ts";
import type { Wire } from "./conversation.ts";
import type { MqttLimits } from "./limits.ts";
import { MqttError } from "./packets.ts";

export interface DevicePeer {
  readonly hub: Hub;
  readonly identity: DeviceIdentity;
  readonly wire: Wire;
  readonly limits: MqttLimits;
  /** Told of what went wrong by the hub's own fault. */
  readonly reportFault: (error: HubError) => void;
}

/** Something the hub sends to a subscriber, from its start to its stop. */
export interface Feed {
  start(): void;
  stop(): void;
}

/** What scripted faults are told about an operation of this device. */
export function struckOperation({ identity }: { readonly identity: IdentityRef }, operation?: string): StruckOperation {
  return {
    protocol: "mqtt",
    ...refOf(identity),
    ...(operation === undefined ? {} : { operation }),
  };
}

/** Hands something to the device, unless a scripted fault strikes: it comes late, or the connection is cut instead. */
export function deliver(peer: DevicePeer, operation: "cloudToDevice" | "methods" | "twin", send: () => void): void {
  const strike = peer.hub.faults.strike("deliver", struckOperation(peer, operation));
  if (strike?.kind === "drop") peer.wire.cut(new MqttError("A scripted fault cut the connection."));
  else if (strike?.kind === "delay") void strike.over.then(send);
  else send();
}
