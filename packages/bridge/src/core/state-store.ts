/** The ports to what is kept of device states. Kept by `store/`, asked by `state/`. */
import type { DeviceState, StateChange, StateConflict, StateSettings } from "./device-state.ts";
import type { HubConnection, Scope } from "./integration.ts";

export interface DeviceStates {
  deviceState(deviceId: string): Promise<DeviceState | null>;
  /** By device id; those that have none are not in it. */
  deviceStates(deviceIds: readonly string[]): Promise<ReadonlyMap<string, DeviceState>>;
  /** By hub device id. */
  statesInHub(connectionId: string, hubDeviceIds: readonly string[]): Promise<ReadonlyMap<string, DeviceState>>;
  /** Writes each whose revision is still right, all in one flushed transaction; returns the ids of the others. */
  saveStates(changes: readonly StateChange[]): Promise<readonly string[]>;
  /** Devices of a connection whose record waits for the hub and is due, longest waiting first. */
  statesToPush(
    connectionId: string,
    options: { readonly dueAt: number; readonly limit: number },
  ): Promise<readonly DeviceState[]>;
  /** All devices of a connection, in order of the device id, after the given one. */
  statesOf(
    connectionId: string,
    options: { readonly after: string; readonly limit: number },
  ): Promise<readonly DeviceState[]>;
  /** Newest first. At most 20 are kept of a device. */
  conflictsOf(deviceId: string): Promise<readonly StateConflict[]>;
  /** Of a product's devices or a sandbox's, newest first. */
  conflictsIn(scope: Scope, limit: number): Promise<readonly StateConflict[]>;
  /** Connections that mirror at least one state, and how much waits in each. */
  stateConnections(): Promise<readonly StateConnectionCount[]>;
}

export interface StateConnectionCount {
  readonly connectionId: string;
  readonly devices: number;
  /** Of them reaching the hub by themselves: their messages are read. */
  readonly things: number;
  readonly pending: number;
  readonly missing: number;
  /** Since when the longest waiting one waits; `null`: none does. */
  readonly oldestPending: number | null;
}

/** How far a hub's messages have been taken in. */
export interface ReadingPosition {
  readonly partitionId: string;
  readonly offset: string;
  readonly sequenceNumber: number;
  /** Unix milliseconds at which the hub took the message. */
  readonly enqueuedTime: number;
}

export interface ReadingPositions {
  /** Of one reader of a hub; `since`: when it began, for partitions that have no position yet. `null`: it never began. */
  readingPositions(
    connectionId: string,
    consumerGroup: string,
  ): Promise<{ readonly since: number; readonly positions: readonly ReadingPosition[] } | null>;
  /** Notes when a reader begins; does nothing when it has begun. */
  beginReading(connectionId: string, consumerGroup: string, since: number): Promise<void>;
  saveReadingPosition(connectionId: string, consumerGroup: string, position: ReadingPosition): Promise<void>;
  /** The hub's stream is another one than before: what was known of it is forgotten. */
  restartReading(connectionId: string, consumerGroup: string, since: number): Promise<void>;
}

/** A device that is to be deleted in its hub. Kept until it is done. */
export interface HubRemoval {
  readonly connectionId: string;
  readonly hubDeviceId: string;
  /** Unix milliseconds. */
  readonly since: number;
  readonly attempts: number;
  /** Unix milliseconds. */
  readonly retryAt: number;
  /** Why the last try failed, in a sentence; `null` before the first. */
  readonly reason: string | null;
}

export interface HubRemovals {
  hubRemovals(options: {
    readonly dueAt: number;
    readonly limit: number;
    /** Connections whose removals are left out, so that a hub that does not answer holds up no other. */
    readonly without?: readonly string[];
  }): Promise<readonly HubRemoval[]>;
  hubRemoval(connectionId: string, hubDeviceId: string): Promise<HubRemoval | null>;
  hubRemovalDone(connectionId: string, hubDeviceId: string): Promise<void>;
  hubRemovalFailed(removal: HubRemoval): Promise<void>;
  /** Of one connection, or of all. */
  hubRemovalCount(connectionId?: string): Promise<number>;
}

/** The hub of a scope as its user set it. */
export interface StateHub {
  /** As the user wrote it: bare name, full host name, or `local`. */
  readonly hubName: string;
  readonly policyName: string;
  readonly connectionId: string;
}

/** As a user sets it; keys that are left out stay as they are stored. */
export interface StateHubSettings {
  readonly hubName: string;
  /** Full host name, or `local`. */
  readonly hostName: string;
  readonly policyName: string;
  readonly policyKey?: string;
  /** Empty: none. */
  readonly secondaryKey?: string;
}

export interface ScopeStateSettings {
  readonly scope: Scope;
  readonly settings: StateSettings;
  /** `null`: the server's default hub. */
  readonly hub: StateHub | null;
}

export interface StateSettingsStore {
  /** Cached. `null`: nothing was set. */
  stateSettings(scope: Scope): Promise<ScopeStateSettings | null>;
  allStateSettings(): Promise<readonly ScopeStateSettings[]>;
  /** A changed key of the same host and policy stays the same connection, for all devices that are mirrored by it. */
  saveStateSettings(scope: Scope, settings: StateSettings, hub: StateHubSettings | null): Promise<ScopeStateSettings>;
  deleteStateSettings(scope: Scope): Promise<boolean>;
  /** Connections that a scope's settings or a device's state name, with their keys. */
  stateConnection(id: string): Promise<HubConnection | null>;
}
