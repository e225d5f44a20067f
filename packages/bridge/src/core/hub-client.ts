/** The port to a hub. One implementation, `hub/`, speaks to Azure and to the Local Hub alike. */
import type { Failure, Outcome, Result } from "./failure.ts";
import type { HubConnection } from "./integration.ts";

/** A device-to-cloud message, ready to send. */
export interface HubMessage {
  /** Stable across resends, so that a reader can recognise a duplicate. */
  readonly messageId: string;
  readonly body: Uint8Array;
  readonly contentType: string;
  readonly contentEncoding: string;
  /** Unix milliseconds. */
  readonly creationTime: number;
  /** Application properties. */
  readonly properties: Readonly<Record<string, string>>;
}

/** The hub's own record of a device. */
export interface DeviceIdentity {
  readonly deviceId: string;
  /** Made by the hub; another one means that the identity was deleted and created again. */
  readonly generationId: string;
  readonly status: "enabled" | "disabled";
}

/** The two keys of a policy. */
export type KeyName = "primary" | "secondary";

/** One hub as one principal. Sends for many devices over few connections. */
export interface HubClient {
  /** Sends on the device's own telemetry link and waits for the hub's settlement, at most 20 s. Never rejects. */
  send(deviceId: string, message: HubMessage): Promise<Outcome>;
  /** Whether the device's link is open; else the next message waits until it is, in its turn. */
  hasLink(deviceId: string): boolean;
  /** Makes the identity; an existing one is adopted (`created: false`). */
  createIdentity(deviceId: string): Promise<Result<{ readonly identity: DeviceIdentity; readonly created: boolean }>>;
  /** `null` when the hub has no such device. */
  getIdentity(deviceId: string): Promise<Result<DeviceIdentity | null>>;
  /** Succeeds too when the device was not there. */
  deleteIdentity(deviceId: string): Promise<Result<null>>;
  /** The service's twin JSON. `null` when the hub has no such device. */
  getTwin(deviceId: string): Promise<Result<Record<string, unknown> | null>>;
  /** Merges into the desired properties; `null` values delete. */
  patchDesired(deviceId: string, patch: Readonly<Record<string, unknown>>): Promise<Result<null>>;
  /** Goes on with the new keys of the same connection; what is under way is not touched. */
  renew(connection: HubConnection): void;
  /** Which of the policy's keys the hub takes now, as far as is known. */
  keyInUse(): KeyName;
  /** Closes all connections; unsettled sends end as `outcome_unknown`. */
  close(): Promise<void>;
}

/** How to reach a hub: known for Azure's hubs, found at run time for the Local Hub. */
export interface HubEndpoint {
  readonly hostName: string;
  readonly httpsPort: number;
  readonly amqpsPort: number;
  /** PEM of an extra certificate authority, for the Local Hub. */
  readonly ca?: string;
  /** Whether private and loopback addresses are fine (operator's list and Local Hub). */
  readonly allowPrivate: boolean;
  /** Where devices connect, as their connection string names it, when that is not the host itself: host and port. */
  readonly deviceGateway?: string;
  /** Device links that may be opened each second; absent: 100, which one S1 unit of Azure takes. */
  readonly linksPerSecond?: number;
  /** Where to read events, when it need not be found through the hub: an Event Hubs-compatible connection string. */
  readonly eventHubConnectionString?: string;
}

/** One message as read from the Event Hubs-compatible endpoint. */
export interface HubEvent {
  readonly deviceId: string;
  readonly body: unknown;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly systemProperties: Readonly<Record<string, unknown>>;
  readonly partitionId: string;
  readonly sequenceNumber: number;
  /** Unix milliseconds. */
  readonly enqueuedTime: number;
}

export interface MonitorOptions {
  /** Unix milliseconds; events enqueued from then on. */
  readonly since: number;
  readonly onEvent: (event: HubEvent) => void;
  /** Trouble while reading; the reader goes on by itself where it can. */
  readonly onFailure: (failure: Failure) => void;
  readonly signal: AbortSignal;
}

/** Opens clients and readers for connections. */
export interface Hubs {
  open(connection: HubConnection): HubClient;
  /** Reads a hub's built-in endpoint on all partitions until aborted. Resolves once all partitions are open. */
  monitor(connection: HubConnection, options: MonitorOptions): Promise<Result<null>>;
}
