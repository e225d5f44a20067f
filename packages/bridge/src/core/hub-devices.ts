/** The port to devices as their hubs see them, for the API. Implemented beside `bridge.ts`. */
import type { DeviceHub } from "./device-desk.ts";
import type { KnownIdentity } from "./identities.ts";
import type { NoteTwinChange, TwinHistory } from "./twin-history.ts";

/** The slice of a hub's client that one device needs. Nothing of it lists devices. */
export type OpenDeviceHub = Pick<
  DeviceHub,
  | "identity"
  | "updateDevice"
  | "keys"
  | "swapKeys"
  | "deviceToken"
  | "wholeTwin"
  | "patchTwin"
  | "invokeMethod"
  | "sendToDevice"
  | "purgeMessages"
>;

export interface HubDevices {
  /** `null`: there is no such connection. */
  open(connectionId: string): Promise<OpenDeviceHub | null>;
  /** `null`: there is no such connection. `isShared`: accounts that have nothing to do with each other use that hub. */
  hub(connectionId: string): Promise<{ readonly hostName: string; readonly isShared: boolean } | null>;
  /** What is remembered of the device's identity there. */
  known(connectionId: string, hubDeviceId: string): Promise<KnownIdentity | null>;
  /** Somebody has changed the device there: what waited because of how it was is tried again. */
  changed(connectionId: string, hubDeviceId: string): void;
  /** With all that was noted before. */
  readonly history: TwinHistory["twinChanges"];
  readonly note: NoteTwinChange;
}
