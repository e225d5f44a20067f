import type { DeviceDescription, DeviceLink } from "./device-links.ts";

/** Only approved devices trigger a product's integrations. */
export type Approval = "approved" | "quarantined" | "denied";

/** One device: it publishes here, and has an identity of the same id in every hub it reaches. */
export interface Device {
  readonly id: string;
  /** Unique within the account that claimed it; usable instead of the id in sandbox routes. */
  readonly name: string | null;
  /** Account that claimed it. */
  readonly ownerId: string | null;
  readonly productId: number | null;
  readonly approval: Approval;
  /** Product firmware version, when known. */
  readonly firmwareVersion: number | null;
  readonly notes: string | null;
  /** Unix milliseconds of its last event. */
  readonly lastHeard: number | null;
  readonly createdAt: number;
}

/** What is shown of a device and no event needs. */
export interface DeviceDetails {
  readonly serialNumber: string | null;
  /** Names of its product's groups, in order. */
  readonly groups: readonly string[];
  /** Product firmware version that it shall get. Kept and shown: this server flashes nothing. */
  readonly desiredFirmwareVersion: number | null;
  /** Somebody works on it: whatever its product is given shall leave it alone. */
  readonly development: boolean;
  /** Its last connection, also after it ended. */
  readonly lastLink: DeviceLink | null;
  readonly description: DeviceDescription | null;
}

/** What may be changed of a device; what is left out stays. */
export interface DeviceChange {
  readonly name?: string | null;
  readonly notes?: string | null;
  readonly firmwareVersion?: number | null;
  readonly serialNumber?: string | null;
  readonly desiredFirmwareVersion?: number | null;
  readonly development?: boolean;
  /** Replaces them all, making those that are new. Only for a device in a product. */
  readonly groups?: readonly string[];
}

/** The id form of this device cloud: 24 hex digits, lower case. */
export function isCloudDeviceId(text: string): boolean {
  return /^[0-9a-f]{24}$/.test(text);
}

/** Only Things have ids of another form: those that are made here, and those that clients choose, never look like that. */
export function isThing({ id }: Pick<Device, "id">): boolean {
  return !isCloudDeviceId(id);
}
