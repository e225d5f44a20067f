/** A published event. Immutable: a resend carries the same id. */
export interface DeviceEvent {
  /** Time-ordered UUID; becomes the message id in the hub, the same on every resend. */
  readonly id: string;
  readonly name: string;
  readonly data: string | null;
  readonly contentType: string;
  /** `null` for an event made over the API without a device: it goes to no hub. */
  readonly deviceId: string | null;
  /** Made over the API without a device and outside of products: the account that made it. */
  readonly accountId?: string;
  readonly productId: number | null;
  readonly firmwareVersion: number | null;
  /** Unix milliseconds, as the publisher says. */
  readonly publishedAt: number;
  /** Unix milliseconds, when this server took it. */
  readonly receivedAt: number;
}
