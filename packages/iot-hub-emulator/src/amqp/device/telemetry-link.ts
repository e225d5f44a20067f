/** Device-to-cloud links: a peer sends on them as one device. */
import { BATCH_MESSAGE_FORMAT, type DeviceMessage, MAX_MESSAGE_BYTES } from "iot-hub-protocol";
import { decodeBatch, decodeBatchProperties, decodeDeviceMessage } from "../../amqp-codec/device-message.ts";
import { messageAuthentication } from "../../hub/access/authentication.ts";
import { HubError } from "../../hub/errors.ts";
import type { DeviceIdentity, IdentityRef } from "../../hub/registry/identity.ts";
import { type InBandFault, parseInBandFault } from "../../hub/faults/in-band-faults.ts";
import type { MessageAuthentication } from "../../hub/events/telemetry.ts";
import type { ConnectionContext } from "../context.ts";
import type { Grant } from "../security/credentials.ts";
import { DELIVERY_OVERHEAD, type Delivery } from "../links/delivery.ts";
import type { DeviceLinkPlace } from "./device-links.ts";
import { authorizeDevice } from "./authorized-device.ts";
import type { IncomingLink } from "../links/incoming-link.ts";
import type { IncomingNode, LinkRequest } from "../links/link.ts";

/**
 * The hub counts body and properties, not their encoding: what is encoded may be somewhat larger than the limit, and is
 * then judged by the hub, so that one message is refused and not the link.
 */
const ENCODING_ROOM = 64 * 1024;

const DECODERS: Readonly<Record<number, (payload: Buffer) => readonly DeviceMessage[]>> = {
  0: (payload) => [decodeDeviceMessage(payload)],
  [BATCH_MESSAGE_FORMAT]: decodeBatch,
};

/** Throws what `Hub.requireDevice` throws when no token of the connection covers the device. */
export function openTelemetry(context: ConnectionContext, of: IdentityRef, request: LinkRequest): IncomingNode {
  const { grant, identity } = authorizeDevice(context, request, of);
  return new TelemetryNode(context, grant, identity);
}

class TelemetryNode implements IncomingNode {
  readonly credit: number;
  readonly maxMessageSize = MAX_MESSAGE_BYTES;
  readonly maxDeliveryBytes: number = MAX_MESSAGE_BYTES + ENCODING_ROOM;
  readonly #context: ConnectionContext;
  readonly #grant: Grant;
  readonly #identity: DeviceIdentity;
  readonly #authentication: MessageAuthentication;
  #place: DeviceLinkPlace | undefined;
  #link: IncomingLink | undefined;

  constructor(context: ConnectionContext, grant: Grant, identity: DeviceIdentity) {
    this.credit = context.limits.telemetryCredit;
    this.#context = context;
    this.#grant = grant;
    this.#identity = identity;
    this.#authentication = messageAuthentication(grant.principal);
  }

  opened(link: IncomingLink): void {
    this.#link = link;
    const entry = { kind: "telemetry", link, node: this, grant: this.#grant } as const;
    this.#place = this.#context.deviceLinks.join(this.#identity, entry);
  }

  deliver(delivery: Delivery): void {
    const decode = DECODERS[delivery.messageFormat];
    if (decode === undefined) {
      const format = `0x${delivery.messageFormat.toString(16)}`;
      delivery.reject(new HubError("ArgumentInvalid", `The message format ${format} is unknown.`));
      return;
    }
    const refusal = this.#context.inBandFaults.refusal;
    if (refusal !== undefined) return delivery.reject(refusal);
    const messages = decode(delivery.payload);
    const fault = inBandFault(messages, delivery);
    const bytes = delivery.payload.length + DELIVERY_OVERHEAD;
    const { hub, pending, inBandFaults } = this.#context;
    const link = this.#link;
    this.#place?.active();
    pending(bytes);
    hub.acceptTelemetry(this.#identity, messages, this.#authentication).then(
      () => {
        pending(-bytes);
        delivery.accept();
        if (fault !== undefined && link !== undefined) inBandFaults.strike(fault, link);
      },
      (error: unknown) => {
        pending(-bytes);
        delivery.reject(error);
      },
    );
  }

  closed(): void {
    this.#place?.leave();
  }
}

// The C SDK, which sends nothing but batches, writes what it asks for on the batch.
function inBandFault(
  messages: readonly DeviceMessage[],
  { messageFormat, payload }: Delivery,
): InBandFault | undefined {
  const [first] = messages;
  const fault = first === undefined || messages.length > 1 ? undefined : parseInBandFault(first.properties);
  return messageFormat === BATCH_MESSAGE_FORMAT ? (fault ?? parseInBandFault(decodeBatchProperties(payload))) : fault;
}
