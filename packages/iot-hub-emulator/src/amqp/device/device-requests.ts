/** Our end of a link on which a device sends requests or answers: decodes them and counts what waits for the hub. */
import { type AmqpMessage, decodeMessage } from "../../amqp-codec/message.ts";
import type { ConnectionContext } from "../context.ts";
import { DELIVERY_OVERHEAD, type Delivery } from "../links/delivery.ts";
import type { DeviceLinkKind, DeviceLinkPlace } from "./device-links.ts";
import type { AuthorizedDevice } from "./authorized-device.ts";
import type { IncomingLink } from "../links/incoming-link.ts";
import type { IncomingNode } from "../links/link.ts";

const CREDIT = 100;
/** The largest payload, of a method, and room for its encoding. */
const MAX_BYTES: number = 128 * 1024;
const ENCODING_ROOM: number = 16 * 1024;

export interface DeviceRequestsOptions {
  readonly context: ConnectionContext;
  readonly device: AuthorizedDevice;
  readonly kind: DeviceLinkKind;
  /** Deals with one message; the delivery is accepted when it is done, rejected when this rejects. */
  readonly take: (message: AmqpMessage, place: DeviceLinkPlace) => Promise<void>;
}

export class DeviceRequests implements IncomingNode {
  readonly credit: number = CREDIT;
  readonly maxMessageSize: number = MAX_BYTES;
  readonly maxDeliveryBytes: number = MAX_BYTES + ENCODING_ROOM;
  readonly #options: DeviceRequestsOptions;
  #place: DeviceLinkPlace | undefined;

  constructor(options: DeviceRequestsOptions) {
    this.#options = options;
  }

  opened(link: IncomingLink): void {
    const { context, device, kind } = this.#options;
    this.#place = context.deviceLinks.join(device.identity, { kind, link, node: this, grant: device.grant });
  }

  deliver(delivery: Delivery): void {
    const place = this.#place;
    if (place === undefined) return;
    const message = decodeMessage(delivery.payload);
    const { context, take } = this.#options;
    const bytes = delivery.payload.length + DELIVERY_OVERHEAD;
    place.active();
    context.pending(bytes);
    take(message, place)
      .then(
        () => delivery.accept(),
        (error: unknown) => delivery.reject(error),
      )
      .finally(() => context.pending(-bytes));
  }

  closed(): void {
    this.#place?.leave();
  }
}
