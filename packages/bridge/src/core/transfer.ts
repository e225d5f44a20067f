/** Somebody asks for a device that another account has claimed. Only that account can say yes. */
export interface Transfer {
  readonly id: string;
  readonly deviceId: string;
  /** Account that has it now. */
  readonly ownerId: string;
  /** Account that asks. */
  readonly requesterId: string;
  /** Unix milliseconds. */
  readonly requestedAt: number;
}
