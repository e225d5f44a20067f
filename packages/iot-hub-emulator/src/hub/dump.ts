/** What a hub knows and holds, as plain data for tests and for a look inside. Keys are left out: dumps land in logs. */
import type { FaultState } from "./faults/faults.ts";
import type { Hub } from "./hub.ts";
import type { DeviceIdentity, IdentityRef, LiveState } from "./registry/identity.ts";
import type { LimitsState } from "./limits/limits.ts";
import type { TwinDocument } from "./twins/twin.ts";

export interface DumpedIdentity extends Omit<DeviceIdentity, "authentication">, LiveState {
  readonly authentication: { readonly type: string };
  readonly twin: TwinDocument;
}

export interface HubDump {
  readonly hostName: string;
  /** By the hub's clock, ISO 8601. */
  readonly time: string;
  readonly clockFrozen: boolean;
  readonly deviceCount: number;
  /** The first 1,000, each followed by its modules. */
  readonly identities: readonly DumpedIdentity[];
  readonly connections: readonly ConnectionState[];
  /** What each endpoint holds, by its Event Hub-compatible name. */
  readonly endpoints: readonly {
    readonly name: string;
    readonly partitions: readonly { readonly id: string; readonly first: number; readonly last: number }[];
  }[];
  readonly faults: readonly FaultState[];
  readonly limits: LimitsState;
}

export interface ConnectionState extends IdentityRef {
  readonly protocol: "mqtt" | "amqp";
}

const MAX_IDENTITIES = 1000;

export function dumpOf(hub: Hub): HubDump {
  const identities = hub.registry
    .list()
    .flatMap((device) => [device, ...hub.registry.modules(device.deviceId)])
    .slice(0, MAX_IDENTITIES);
  return {
    hostName: hub.hostName,
    time: new Date(hub.now()).toISOString(),
    clockFrozen: hub.clock.frozen,
    deviceCount: hub.registry.statistics().totalDeviceCount,
    identities: identities.map((identity) => dumpIdentity(hub, identity)),
    connections: connectionsOf(hub),
    endpoints: [...hub.streams.values()].map((stream) => ({
      name: stream.name,
      partitions: stream.partitionIds.map((id) => {
        const { beginSequenceNumber: first, lastEnqueuedSequenceNumber: last } = stream.properties(id);
        return { id, first, last };
      }),
    })),
    faults: hub.faults.list(),
    limits: hub.limits.state(),
  };
}

/** Who is connected, and by which protocol. */
export function connectionsOf(hub: Hub): readonly ConnectionState[] {
  return [...hub.connections.values()].map(({ ref, connection }) => ({ ...ref, protocol: connection.protocol }));
}

function dumpIdentity(hub: Hub, identity: DeviceIdentity): DumpedIdentity {
  const { type } = identity.authentication;
  return { ...identity, ...hub.registry.live(identity), authentication: { type }, twin: hub.twins.get(identity) };
}
