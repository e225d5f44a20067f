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

/** The id form of this device cloud: 24 hex digits, lower case. */
export function isCloudDeviceId(text: string): boolean {
  return /^[0-9a-f]{24}$/.test(text);
}
