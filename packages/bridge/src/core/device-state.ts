/**
 * A device's state: one JSON object that whoever calls the API and the device itself both write. The hub keeps it as the
 * two sections of the device's twin: _desired_ is written from here, _reported_ by the device.
 */
import type { Failure } from "./failure.ts";
import type { Json, JsonObject } from "./json.ts";

/** How a device reaches its hub: by `itself`, with keys of its own (a Thing), or through the `bridge`, to which it publishes. */
export type Reach = "itself" | "bridge";

/** Who wrote a value. `device`: over MQTT to the bridge. `telemetry`: in a device-to-cloud message. */
export type StateSource = "api" | "device" | "desired" | "reported" | "telemetry";

/**
 * Who wrote each leaf last and when (unix milliseconds), by its path, keys joined by dots; of removed leaves too, for as
 * long as an older value may still arrive. Made and read by `state/` alone.
 */
export type StateStamps = Readonly<Record<string, readonly [at: number, source: StateSource, ...rest: Json[]]>>;

/** One section of the device's twin, as it was last seen in the hub. */
export interface MirroredSection {
  /** Without the hub's own `$` entries. */
  readonly properties: JsonObject;
  /** The hub's `$version` of the section; 0: never seen. */
  readonly version: number;
  /** When that version was written, by the hub's clock; what the hub tells of a time before is of another twin. */
  readonly updatedAt?: number;
  /** What is to be written there still: a merge patch with the newest value of each path, `null` removing it. `null`: nothing. */
  readonly pending: JsonObject | null;
}

/** How the hub sees the device. */
export interface HubStanding {
  /** Another one than before: the identity was deleted in the hub and made again. Empty: not known yet. */
  readonly generationId: string;
  readonly status: "enabled" | "disabled";
  readonly connectionState: "connected" | "disconnected";
  /** Unix milliseconds; `null`: never. */
  readonly lastActivity: number | null;
  /** Since when the hub has no such device although nobody deleted it here; `null`: it is there. */
  readonly missingSince: number | null;
}

/** Why the last try to bring hub and state into step failed. */
export interface StateTrouble {
  readonly failure: Failure;
  readonly attempts: number;
  /** Unix milliseconds. */
  readonly retryAt: number;
}

export interface DeviceState {
  readonly deviceId: string;
  readonly reach: Reach;
  /** The hub that mirrors it: the id of a hub connection. `null`: none, it is kept here alone. */
  readonly connectionId: string | null;
  readonly hubDeviceId: string;
  /** What the API shows. No `null` in it, at any depth. */
  readonly state: JsonObject;
  readonly stamps: StateStamps;
  readonly desired: MirroredSection;
  /** `pending` only of a device that reaches the hub through the bridge. */
  readonly reported: MirroredSection;
  /** Since when something waits for the hub, unix milliseconds; `null`: nothing does. */
  readonly pendingSince: number | null;
  /** The revision with which the whole state was last asked to be sent as a cloud-to-device message too; `null`: it need not be. */
  readonly messageFor: number | null;
  /** Of the twin as last seen; `null`: never seen. */
  readonly etag: string | null;
  readonly standing: HubStanding;
  readonly trouble: StateTrouble | null;
  /** Conflicts ever found. */
  readonly conflicts: number;
  /** When `state` changed last, unix milliseconds. */
  readonly changedAt: number;
  /** Grows with each write of this record. 0: not written yet. */
  readonly revision: number;
}

/** Both sides wrote the same path, neither having seen the other's value. */
export interface StateConflict {
  readonly deviceId: string;
  /** Unix milliseconds. */
  readonly at: number;
  /** Keys joined by dots. */
  readonly path: string;
  /** `null`: removed. */
  readonly ours: Json;
  readonly theirs: Json;
  readonly theirSource: Exclude<StateSource, "api">;
  readonly kept: "ours" | "theirs";
  readonly rule: ConflictRule;
}

/** Who wins when both sides wrote the same path: the later one, always the hub, always who wrote here. */
export type ConflictRule = "newest" | "hub" | "ours";

/** Where a hub's messages are read when it is not to be found through the hub. */
export interface EventEndpoint {
  /** As Azure's portal shows it: `sb://….servicebus.windows.net/` or a whole connection string. */
  readonly endpoint: string;
  /** The Event Hubs-compatible name. */
  readonly name: string;
}

/** What a product, or an account for its sandbox, sets for the states of its devices. */
export interface StateSettings {
  /** What a device-to-cloud message whose body is a JSON object does to the state. */
  readonly telemetry: "merge" | "replace" | "ignore";
  readonly conflicts: ConflictRule;
  /** A change from here also goes to the device as a cloud-to-device message with the whole state. */
  readonly cloudToDevice: boolean;
  readonly consumerGroup: string;
  readonly eventEndpoint: EventEndpoint | null;
  /** Seconds between two comparisons of all twins with what is kept here; `null`: as often as suits the hub. */
  readonly sweepSeconds: number | null;
}

export const STATE_DEFAULTS: StateSettings = {
  telemetry: "merge",
  conflicts: "newest",
  cloudToDevice: false,
  consumerGroup: "$Default",
  eventEndpoint: null,
  sweepSeconds: null,
};

/** One write of a record: given up as stale when the record has another revision than `next.revision - 1` by now. */
export interface StateChange {
  readonly next: DeviceState;
  /** Newly found. */
  readonly conflicts: readonly StateConflict[];
}
