/** The port to a hub's registry, twins and devices, for what mirrors states. One implementation, `hub/`. */
import type { DeviceHub } from "./device-desk.ts";
import type { Failure, Result } from "./failure.ts";
import type { HubConnection } from "./integration.ts";
import type { JsonObject } from "./json.ts";
import type { KeyName } from "./hub-client.ts";
import type { EventEndpoint } from "./device-state.ts";

/** The hub's record of a device. Times in unix milliseconds, `null`: never. */
export interface HubDevice {
  readonly deviceId: string;
  readonly generationId: string;
  readonly status: "enabled" | "disabled";
  readonly connectionState: "connected" | "disconnected";
  readonly lastActivity: number | null;
}

/** With its keys: secret, never logged, never kept. */
export interface HubDeviceWithKeys extends HubDevice {
  readonly primaryKey: string;
  readonly secondaryKey: string;
  /** With the primary key and the host as a device has to name it. */
  readonly connectionString: string;
}

export interface TwinSectionView {
  /** Without the `$` entries. */
  readonly properties: JsonObject;
  readonly version: number;
  /** The hub's `$metadata` as it is: `$lastUpdated` for each key, at each depth. */
  readonly metadata: JsonObject;
}

export interface TwinView extends Omit<HubDevice, "generationId"> {
  readonly etag: string;
  /** Of the twin as a whole. */
  readonly version: number;
  readonly desired: TwinSectionView;
  readonly reported: TwinSectionView;
}

/** A twin in a list: enough to see whether anything changed. */
export interface TwinGlance extends Omit<HubDevice, "generationId"> {
  readonly etag: string;
  readonly version: number;
}

/** A message from a hub's stream: from a device, or about one. */
export interface StreamEvent {
  readonly deviceId: string;
  /** `Telemetry`, `twinChangeEvents`, `deviceLifecycleEvents`, `deviceConnectionStateEvents`, … */
  readonly source: string;
  /** `null` when the message is to a module or from one. */
  readonly generationId: string | null;
  /** Parsed when it is JSON, by whatever content type; `undefined`: it is not. */
  readonly json: unknown;
  readonly properties: Readonly<Record<string, unknown>>;
  readonly partitionId: string;
  readonly offset: string;
  readonly sequenceNumber: number;
  /** When the hub took it, unix milliseconds. */
  readonly enqueuedTime: number;
}

/** A message that was taken, by which its partition is read on. */
export interface StreamPosition {
  readonly offset: string;
  readonly sequenceNumber: number;
  /** When the hub took it, unix milliseconds; where it is known, a stream that was made anew is told from it more surely. */
  readonly enqueuedTime?: number;
}

export interface StreamOptions {
  readonly consumerGroup: string;
  /** `null`: found through the hub. */
  readonly endpoint: EventEndpoint | null;
  /** After which to begin in each partition; partitions that are not in it begin at `since` (unix milliseconds). */
  readonly after: ReadonlyMap<string, StreamPosition>;
  readonly since: number;
  /** Awaited before the partition's next events are read, so that a slow taker bounds memory. Tried again when it rejects. */
  readonly onEvents: (events: readonly StreamEvent[]) => Promise<void>;
  /** The reader goes on by itself. `null`: it reads again. */
  readonly onTrouble: (failure: Failure | null) => void;
  /** The partition's stream ends before `after`, or begins anew: it is another one. Reading goes on from its beginning. */
  readonly onRestarted: (partitionId: string) => void;
  /** How many events of the partition the hub has told of that were not taken yet. */
  readonly onBehind: (partitionId: string, events: number) => void;
  /** So many events of the partition became too old for the hub before they were read: nobody will see them. */
  readonly onExpired: (partitionId: string, events: number) => void;
  readonly signal: AbortSignal;
}

/** Of what the sender is told afterwards: nothing, that it was completed, that it was not, or either. */
export type Acknowledgement = "none" | "positive" | "negative" | "full";

export interface CloudToDeviceMessage {
  /** Stays the same when it is sent again. */
  readonly messageId: string;
  readonly body: Uint8Array;
  /** Unix milliseconds. */
  readonly expiresAt: number;
  /** JSON where it is not said. */
  readonly contentType?: string;
  readonly correlationId?: string;
  readonly ack?: Acknowledgement;
  /** Application properties. */
  readonly properties?: Readonly<Record<string, string>>;
}

export interface TwinHub {
  /** Makes a device with keys of the hub's making. `exists`: the hub has one of that id. */
  createDevice(deviceId: string): Promise<Result<HubDeviceWithKeys | "exists">>;
  /** `null` when the hub has no such device. */
  device(deviceId: string): Promise<Result<HubDevice | null>>;
  /** Gives it another status, or another key. `null` when the hub has no such device. */
  updateDevice(
    deviceId: string,
    change: { readonly status?: "enabled" | "disabled"; readonly newKey?: KeyName },
  ): Promise<Result<HubDeviceWithKeys | null>>;
  /** Succeeds too when the device was not there. */
  deleteDevice(deviceId: string): Promise<Result<null>>;
  twin(deviceId: string): Promise<Result<TwinView | null>>;
  /**
   * Merges into the desired properties and returns the twin as it is then. `changed`: it has another etag by now (asked
   * with one). `null` when the hub has no such device.
   */
  patchDesired(deviceId: string, patch: JsonObject, etag: string | null): Promise<Result<TwinView | "changed" | null>>;
  /** Merges into the reported properties as the device itself would, for one that is connected through the bridge. Resolves with their new version. */
  report(deviceId: string, patch: JsonObject): Promise<Result<number | null>>;
  /** A cloud-to-device message; settled when the hub has it. */
  sendToDevice(deviceId: string, message: CloudToDeviceMessage): Promise<Result<null>>;
  /** One page of all twins of the hub, without their properties. `next`: `null` after the last. */
  glance(options: {
    readonly page: string | null;
    readonly size: number;
  }): Promise<Result<{ readonly twins: readonly TwinGlance[]; readonly next: string | null }>>;
  /** Of these devices only, at most 200 at once. Those that the hub has not are left out. */
  glanceAt(deviceIds: readonly string[]): Promise<Result<readonly TwinGlance[]>>;
  /** One page of all twins, whole. */
  twins(options: {
    readonly page: string | null;
    readonly size: number;
  }): Promise<Result<{ readonly twins: readonly TwinView[]; readonly next: string | null }>>;
  /** Reads the hub's stream on all partitions until the signal aborts; resolves then. */
  read(options: StreamOptions): Promise<void>;
  /** Goes on with the new keys of the same connection. */
  renew(connection: HubConnection): void;
  close(): Promise<void>;
}

export interface TwinHubs {
  openTwins(connection: HubConnection): DeviceHub;
}
