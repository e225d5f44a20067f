/**
 * What is seen in a hub, told to the engine, which knows what it means for the states. Everything may be told again and
 * late: what is known already changes nothing. Devices that have no state in that connection are passed over.
 */
import type { JsonObject } from "../core/json.ts";
import type { HubDevice, TwinView } from "../core/twin-hub.ts";

/** A device-to-cloud message of a device that reaches the hub by itself. */
export interface TelemetrySeen {
  readonly hubDeviceId: string;
  readonly body: JsonObject;
  /** When the hub took it, unix milliseconds. */
  readonly at: number;
  /** Of its partition: tells a message that is read again. */
  readonly sequenceNumber: number;
}

/** A twin's change as the hub's stream tells it. */
export interface TwinChangeSeen {
  readonly hubDeviceId: string;
  /** Of the device, where the hub says it: news of a former device of that id may come late. */
  readonly generationId?: string | null;
  /** `patch`: what was written. `whole`: the twin was replaced, these are whole sections. */
  readonly kind: "patch" | "whole";
  /** With the hub's `$version` and `$metadata`; absent: not touched. */
  readonly desired?: JsonObject;
  readonly reported?: JsonObject;
  /** When the hub took it, unix milliseconds. */
  readonly at: number;
}

/** What is left out was not seen. `lastActivity` only moves forward. */
export interface StandingSeen {
  readonly hubDeviceId: string;
  readonly status?: "enabled" | "disabled";
  readonly connectionState?: "connected" | "disconnected";
  readonly lastActivity?: number | null;
}

export interface MissingSeen {
  readonly hubDeviceId: string;
  /** As it was known before the registry was asked. When it is another one by now, the device was made meanwhile. */
  readonly generationId: string;
}

export interface HubChanges {
  takeTelemetry(connectionId: string, messages: readonly TelemetrySeen[]): Promise<void>;
  takeTwinChanges(connectionId: string, changes: readonly TwinChangeSeen[]): Promise<void>;
  /** Whole twins, read from the hub. Returns how many states were repaired, or have something to push now. */
  takeTwins(connectionId: string, twins: readonly TwinView[]): Promise<number>;
  takeStandings(connectionId: string, standings: readonly StandingSeen[]): Promise<void>;
  /**
   * The registry's own word. Another generation id than before: the device was made anew, its mirror is forgotten and what
   * was wished here is written again. It also ends `missingSince`.
   */
  takeDevices(connectionId: string, devices: readonly HubDevice[]): Promise<void>;
  /** The registry has no such devices. */
  takeMissing(connectionId: string, missing: readonly MissingSeen[]): Promise<void>;
  /** As it is known now, for `takeMissing`. Empty: not known. */
  generationOf(connectionId: string, hubDeviceId: string): Promise<string>;
}

/** How the engine is told that a record was written beside it. */
export interface StatePushing {
  /** Something waits for the hub in this device's record: pushes it. Resolves when it is done, or after `waitMs`. */
  pushSoon(deviceId: string, waitMs: number): Promise<void>;
}
