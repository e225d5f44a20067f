/** Devices that are connected now, and asking them: their functions, their variables, commands. Spoken by `ingest/mqtt/`. */

/** One connection of a device. */
export interface DeviceLink {
  /** Unix milliseconds. */
  readonly connectedAt: number;
  /** IP address of the device as seen from here. */
  readonly address: string;
}

/** What a device says that it can do. */
export interface DeviceDescription {
  readonly functions: readonly string[];
  /** Types by name: `bool`, `int32`, `double` or `string`. */
  readonly variables: Readonly<Record<string, string>>;
}

/** `unknown`: the device has no such function or variable, or does not listen for any. */
type NoAnswer = {
  readonly kind: "not_connected" | "not_answered" | "unknown" | "busy" | "malformed";
};

export type CallResult = { readonly kind: "answered"; readonly value: number } | NoAnswer;
export type ReadResult = { readonly kind: "answered"; readonly value: unknown } | NoAnswer;

export interface DeviceLinks {
  /** `null` while the device is not connected. */
  link(deviceId: string): DeviceLink | null;
  /** The present connection, or else the last one; `null` when it never was. */
  lastLink(deviceId: string): Promise<DeviceLink | null>;
  /** As the device described itself last; `null` when it never did. Survives its going away and restarts. */
  description(deviceId: string): Promise<DeviceDescription | null>;
  /** Calls a function with an argument of at most 1024 bytes. `malformed`: the device answered with something that is no number. */
  call(deviceId: string, name: string, argument: string): Promise<CallResult>;
  read(deviceId: string, name: string): Promise<ReadResult>;
  /** Sends on `devices/{id}/commands/{topicRest}`. Whether the device took it: acknowledged it, if it subscribed with QoS 1. */
  command(deviceId: string, topicRest: string, payload: Uint8Array): Promise<boolean>;
}

/** What is kept of links. */
export interface DeviceTraces {
  deviceDescription(deviceId: string): Promise<DeviceDescription | null>;
  saveDeviceDescription(deviceId: string, description: DeviceDescription): Promise<void>;
  lastDeviceLink(deviceId: string): Promise<DeviceLink | null>;
  saveDeviceLink(deviceId: string, link: DeviceLink): Promise<void>;
}

/** Nobody is connected: for servers without a door for devices, and for tests. */
export const noDeviceLinks: DeviceLinks = {
  link: () => null,
  lastLink: async () => null,
  description: async () => null,
  call: async () => ({ kind: "not_connected" }),
  read: async () => ({ kind: "not_connected" }),
  command: async () => false,
};
