/** Messages to a device on one connection. None is repeated on a later one: a command must not be carried out late, or twice. */
import type { ServerPacket } from "./packets.ts";
import { encodePacket } from "./packets.ts";
import { filterTakes } from "./topics.ts";
import type { Wire } from "./wire.ts";

export interface OutgoingOptions {
  readonly wire: Wire;
  readonly subscriptions: ReadonlyMap<string, 0 | 1>;
  /** Messages that the device may owe an acknowledgement for. */
  readonly maxUnacknowledged: number;
  /** Bytes of the largest packet that the client takes. */
  readonly maxPacketBytes: number;
}

export interface OutgoingMessage {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** For MQTT 5: where the answer goes, and for how long it is of use. */
  readonly responseTopic?: string;
  readonly expirySeconds?: number;
}

/** `acknowledged`: whether the device took it; always true for one that subscribed with QoS 0. */
export type Sent =
  | { readonly kind: "sent"; readonly acknowledged: Promise<boolean> }
  | { readonly kind: "not_subscribed" | "busy" | "too_large" };

export class Outgoing {
  readonly #options: OutgoingOptions;
  readonly #unacknowledged = new Map<number, (isAcknowledged: boolean) => void>();
  #lastId = 0;

  constructor(options: OutgoingOptions) {
    this.#options = options;
  }

  send({ topic, payload, responseTopic, expirySeconds }: OutgoingMessage): Sent {
    const { wire } = this.#options;
    const qos = this.#qosFor(topic);
    if (qos === undefined) return { kind: "not_subscribed" };
    if (qos === 1 && this.#unacknowledged.size >= this.#options.maxUnacknowledged) return { kind: "busy" };
    const properties = {
      ...(responseTopic !== undefined && { responseTopic }),
      ...(expirySeconds !== undefined && { messageExpiryInterval: expirySeconds }),
    };
    const packet: ServerPacket = {
      cmd: "publish",
      topic,
      payload: Buffer.from(payload),
      qos,
      dup: false,
      retain: false,
      ...(wire.version === 5 && { properties }),
    };
    if (qos === 1) packet.messageId = this.#nextId();
    if (encodePacket(packet, wire.version).length > this.#options.maxPacketBytes) return { kind: "too_large" };
    wire.send(packet);
    if (qos === 0) return { kind: "sent", acknowledged: Promise.resolve(true) };
    const id = packet.messageId!;
    return { kind: "sent", acknowledged: new Promise((resolve) => this.#unacknowledged.set(id, resolve)) };
  }

  acknowledge(messageId: number, isTaken: boolean): void {
    this.#unacknowledged.get(messageId)?.(isTaken);
    this.#unacknowledged.delete(messageId);
  }

  /** The connection is over: nothing will be acknowledged any more. */
  stop(): void {
    for (const resolve of this.#unacknowledged.values()) resolve(false);
    this.#unacknowledged.clear();
  }

  /** The best of all subscriptions that take the topic [MQTT-3.3.5-1]. */
  #qosFor(topic: string): 0 | 1 | undefined {
    let best: 0 | 1 | undefined;
    for (const [filter, qos] of this.#options.subscriptions) {
      if (best !== 1 && filterTakes(filter, topic)) best = qos;
    }
    return best;
  }

  #nextId(): number {
    do this.#lastId = (this.#lastId % 65_535) + 1;
    while (this.#unacknowledged.has(this.#lastId));
    return this.#lastId;
  }
}
