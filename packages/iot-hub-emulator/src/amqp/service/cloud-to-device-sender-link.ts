/** The link on which services send cloud-to-device messages; each message names its device in `to`. */
import { type DeviceMessage, parseHubAddress } from "iot-hub-protocol";
import { decodeDeviceMessage } from "../../amqp-codec/device-message.ts";
import { HubError } from "../../hub/errors.ts";
import type { Hub } from "../../hub/hub.ts";
import type { ConnectionContext } from "../context.ts";
import type { Grant } from "../security/credentials.ts";
import { DELIVERY_OVERHEAD, type Delivery } from "../links/delivery.ts";
import type { IncomingLink } from "../links/incoming-link.ts";
import type { IncomingNode } from "../links/link.ts";

/** Counts body and properties, not their encoding. */
const MAX_MESSAGE_BYTES: number = 64 * 1024;
const ENCODING_ROOM: number = 64 * 1024;
const CREDIT = 100;

/** Throws `IotHubUnauthorizedAccess` without a token that has ServiceConnect. */
export function openCloudToDeviceSender(context: ConnectionContext): IncomingNode {
  return new CloudToDeviceSender(context, context.credentials.forService("/messages/devicebound"));
}

class CloudToDeviceSender implements IncomingNode {
  readonly credit = CREDIT;
  readonly maxMessageSize = MAX_MESSAGE_BYTES;
  readonly maxDeliveryBytes: number = MAX_MESSAGE_BYTES + ENCODING_ROOM;
  readonly #context: ConnectionContext;
  readonly #grant: Grant;
  #link: IncomingLink | undefined;

  constructor(context: ConnectionContext, grant: Grant) {
    this.#context = context;
    this.#grant = grant;
  }

  opened(link: IncomingLink): void {
    this.#link = link;
    this.#grant.dependents.add(link);
  }

  deliver(delivery: Delivery): void {
    const { hub, pending } = this.#context;
    const message = decodeDeviceMessage(delivery.payload);
    const bytes = delivery.payload.length + DELIVERY_OVERHEAD;
    pending(bytes);
    send(hub, message)
      .then(
        () => delivery.accept(),
        (error: unknown) => delivery.reject(error),
      )
      .finally(() => pending(-bytes));
  }

  closed(): void {
    if (this.#link !== undefined) this.#grant.dependents.delete(this.#link);
  }
}

// The payload lies in the buffer of a socket; a message that is kept owns its bytes.
async function send(hub: Hub, message: DeviceMessage): Promise<void> {
  const address = message.to === undefined ? undefined : parseHubAddress(message.to);
  if (address?.kind !== "deviceBound") {
    throw new HubError("ArgumentInvalid", "The message's to must be /devices/{device}/messages/devicebound.");
  }
  if (address.moduleId !== undefined) {
    throw new HubError("NotImplemented", "Messages to modules are not implemented in this Local Hub.");
  }
  await hub.deviceQueues.enqueue(address.deviceId, { ...message, body: Buffer.from(message.body) });
}
