/**
 * Cloud-to-device messages on their way to a subscriber. At QoS 1 each is locked until the device acknowledges it, which
 * completes it; what a lost connection leaves unacknowledged comes again, in the next one, as a duplicate.
 */
import { formatPropertyBag } from "iot-hub-protocol";
import type { DeviceMessage } from "iot-hub-protocol";
import type { QueuedMessage } from "../hub/cloud-to-device/device-queue.ts";
import { HubError } from "../hub/errors.ts";
import { deliver } from "./device-peer.ts";
import type { DevicePeer, Feed } from "./device-peer.ts";

/** Packet identifiers by sequence number. */
export type Unacknowledged = Readonly<Record<number, number>>;

const MAX_TOPIC_BYTES = 65_535;
const MAX_PACKET_ID = 65_535;

interface Delivery {
  readonly lockToken: string;
  readonly sequenceNumber: number;
}

export class CloudToDevice implements Feed {
  readonly #peer: DevicePeer;
  readonly #qos: 0 | 1;
  /** By packet identifier. */
  readonly #inFlight = new Map<number, Delivery>();
  /** What an earlier connection sent and this one has not sent again. */
  readonly #earlier: Map<number, number>;
  #unfollow: (() => void) | undefined;
  #lastId = 0;

  constructor(peer: DevicePeer, qos: 0 | 1, earlier: Unacknowledged) {
    this.#peer = peer;
    this.#qos = qos;
    this.#earlier = new Map(Object.entries(earlier).map(([sequenceNumber, id]) => [Number(sequenceNumber), id]));
  }

  get unacknowledged(): Unacknowledged {
    const ids = new Map(this.#earlier);
    for (const [id, { sequenceNumber }] of this.#inFlight) ids.set(sequenceNumber, id);
    return Object.fromEntries(ids);
  }

  start(): void {
    const { hub, identity } = this.#peer;
    this.#unfollow = hub.deviceQueues.onAvailable(identity.deviceId, () => this.#pump());
    this.#pump();
  }

  /** The device has it; an identifier that nothing bears is passed over. */
  acknowledged(packetId: number): void {
    const delivery = this.#inFlight.get(packetId);
    if (delivery === undefined) return;
    this.#inFlight.delete(packetId);
    this.#settle("complete", delivery.lockToken);
    this.#pump();
  }

  writable(): void {
    this.#pump();
  }

  stop(): void {
    this.#unfollow?.();
    this.#unfollow = undefined;
    const { hub, identity } = this.#peer;
    const lockTokens = [...this.#inFlight.values()].map(({ lockToken }) => lockToken);
    hub.deviceQueues.release(identity.deviceId, lockTokens);
  }

  #pump(): void {
    const { hub, identity, wire, limits } = this.#peer;
    // Whatever is sent may be what ends the connection.
    while (this.#unfollow !== undefined && this.#inFlight.size < limits.maxOutbound && !wire.congested) {
      const queued = hub.deviceQueues.receive(identity.deviceId, { lockMs: "connection" });
      if (queued === undefined) return;
      this.#send(queued);
    }
  }

  #send({ message, lockToken, sequenceNumber }: QueuedMessage): void {
    const { identity } = this.#peer;
    const topic = topicOf(identity.deviceId, message);
    // More properties than a topic has room for: this device can never get it over MQTT.
    if (topic === undefined) return this.#settle("reject", lockToken);
    const packet = { cmd: "publish", topic, payload: Buffer.from(message.body), retain: false } as const;
    if (this.#qos === 0) {
      deliver(this.#peer, "cloudToDevice", () => this.#peer.wire.send({ ...packet, qos: 0, dup: false }));
      return this.#settle("complete", lockToken);
    }
    const dup = this.#earlier.has(sequenceNumber);
    const messageId = this.#packetIdOf(sequenceNumber);
    this.#inFlight.set(messageId, { lockToken, sequenceNumber });
    deliver(this.#peer, "cloudToDevice", () => this.#peer.wire.send({ ...packet, qos: 1, dup, messageId }));
  }

  // [MQTT-4.4.0-1]: a duplicate has the identifier that it had.
  #packetIdOf(sequenceNumber: number): number {
    const earlier = this.#earlier.get(sequenceNumber);
    this.#earlier.delete(sequenceNumber);
    if (earlier !== undefined && !this.#inFlight.has(earlier)) return earlier;
    const reserved = new Set(this.#earlier.values());
    do this.#lastId = (this.#lastId % MAX_PACKET_ID) + 1;
    while (this.#inFlight.has(this.#lastId) || reserved.has(this.#lastId));
    return this.#lastId;
  }

  #settle(settlement: "complete" | "reject", lockToken: string): void {
    const { hub, identity, wire } = this.#peer;
    hub.deviceQueues[settlement](identity.deviceId, lockToken).catch((error: unknown) => {
      // It expired or was purged while it was under way: the device got it all the same, so there is nothing to do.
      if (error instanceof HubError && error.errorName === "DeviceMessageLockLost") return;
      wire.close(error as Error);
    });
  }
}

function topicOf(deviceId: string, message: DeviceMessage): string | undefined {
  const to = `/devices/${deviceId}/messages/deviceBound`;
  const topic = `devices/${deviceId}/messages/devicebound/${formatPropertyBag({ ...message, to })}`;
  return Buffer.byteLength(topic) > MAX_TOPIC_BYTES ? undefined : topic;
}
