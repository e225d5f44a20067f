/** What a person does with one device in a hub: look at it, change it, call it, write to it. Implemented by `hub/`. */
import type { Result } from "./failure.ts";
import type { IdentityRegistry } from "./hub-identities.ts";
import type { KeyName } from "./hub-client.ts";
import type { Json, JsonObject } from "./json.ts";
import type { HubDevice, HubDeviceWithKeys, TwinHub, TwinView } from "./twin-hub.ts";

/** How a device proves to the hub who it is, in the hub's own words. */
export type DeviceAuthentication = "sas" | "selfSigned" | "certificateAuthority" | "none";

/** The hub's record of a device, without its keys. Times in unix milliseconds, `null`: never. */
export interface HubIdentity extends HubDevice {
  readonly authentication: DeviceAuthentication;
  readonly statusReason: string | null;
  readonly statusUpdated: number | null;
  readonly connectionStateUpdated: number | null;
  /** Cloud-to-device messages that wait for it. */
  readonly waitingMessages: number;
  readonly isEdge: boolean;
}

export interface WholeTwin extends TwinView {
  readonly tags: JsonObject;
}

/** Merge patches of the two sections that a service may write; `null` removes. */
export interface TwinPatch {
  readonly tags?: JsonObject;
  readonly desired?: JsonObject;
}

export interface MethodCall {
  readonly name: string;
  readonly payload: Json;
  /** Seconds, 5 to 300: how long the device may take. */
  readonly responseTimeout: number;
  /** Seconds, 0 to 300: how long to wait for a device that is not connected. */
  readonly connectTimeout: number;
}

export interface MethodAnswer {
  /** The device's own number. */
  readonly status: number;
  readonly payload: Json;
}

/** What only a person asks for; the rest is in `TwinHub`. `null`: the hub has no such device. */
export interface DeviceDesk {
  identity(deviceId: string): Promise<Result<HubIdentity | null>>;
  keys(deviceId: string): Promise<Result<HubDeviceWithKeys | null>>;
  /** The two keys change places, so that clients can be moved from one to the other. */
  swapKeys(deviceId: string): Promise<Result<HubDeviceWithKeys | null>>;
  /** A token that stands for the device, made with one of its keys. `expiry` in unix seconds. */
  deviceToken(deviceId: string, key: KeyName, expiry: number): Promise<Result<string | null>>;
  wholeTwin(deviceId: string): Promise<Result<WholeTwin | null>>;
  /** `changed`: it has another etag by now (asked with one). */
  patchTwin(deviceId: string, patch: TwinPatch, etag: string | null): Promise<Result<WholeTwin | "changed" | null>>;
  invokeMethod(deviceId: string, call: MethodCall): Promise<Result<MethodAnswer | null>>;
  /** Throws away what waits for the device; resolves with how many messages. */
  purgeMessages(deviceId: string): Promise<Result<number | null>>;
}

export type DeviceHub = TwinHub & DeviceDesk & IdentityRegistry;
