/** A device's (or module's) half of an MQTT connection: what it publishes, what it subscribes to, what it leaves behind. */
import type { OpenConnection } from "../hub/connections.ts";
import { NEW_SESSION } from "../hub/device-sessions.ts";
import type { DeviceSession } from "../hub/device-sessions.ts";
import { CLOCK_SKEW_MS, messageAuthentication, unauthorized } from "../hub/authentication.ts";
import type { Principal } from "../hub/authentication.ts";
import type { Hub } from "../hub/hub.ts";
import { identityKey } from "../hub/identity.ts";
import type { DeviceIdentity } from "../hub/identity.ts";
import type { MessageAuthentication } from "../hub/telemetry.ts";
import { Answers } from "./answers.ts";
import type { Conversation, ConversationPacket, Wire } from "./conversation.ts";
import type { MqttLimits } from "./limits.ts";
import { MqttError } from "./packets.ts";
import type { ConnectPacket, PublishPacket, SubscribePacket, UnsubscribePacket } from "./packets.ts";
import { SUBSCRIPTION_FAILURE } from "./return-codes.ts";
import { parseFilter } from "./subscriptions.ts";
import type { Subscription } from "./subscriptions.ts";
import { telemetryMessage, willMessage } from "./telemetry.ts";
import { createTopicParser } from "./topics.ts";
import type { PublishTopic } from "./topics.ts";

type Will = NonNullable<ConnectPacket["will"]>;

export interface DeviceConversationOptions {
  readonly hub: Hub;
  readonly limits: MqttLimits;
  readonly wire: Wire;
  readonly principal: Principal;
  readonly identity: DeviceIdentity;
  /** Left by an earlier connection. */
  readonly session: DeviceSession | undefined;
  /** Nothing is to outlive the connection. */
  readonly clean: boolean;
  readonly will: Will | undefined;
}

export class DeviceConversation implements Conversation {
  readonly clientId: string;
  readonly #options: DeviceConversationOptions;
  readonly #authentication: MessageAuthentication;
  readonly #answers: Answers;
  readonly #parseTopic: (topic: string) => PublishTopic | undefined;
  readonly #subscriptions: Map<Subscription, 0 | 1>;
  #presence: OpenConnection | undefined;

  /** Throws `MqttError` when the will is not for the device's own messages. */
  constructor(options: DeviceConversationOptions) {
    const { identity, principal, session, wire, limits } = options;
    const { deviceId, moduleId } = identity;
    this.#options = options;
    this.clientId = identityKey(identity);
    this.#authentication = messageAuthentication(principal);
    this.#answers = new Answers(wire, limits.maxInbound);
    this.#parseTopic = createTopicParser(deviceId, moduleId);
    this.#subscriptions = new Map(Object.entries((session ?? NEW_SESSION).subscriptions) as [Subscription, 0 | 1][]);
    if (options.will !== undefined) this.#willMessage(options.will);
  }

  opened(): void {
    const { hub, identity, principal, wire } = this.#options;
    this.#presence = hub.connections.open(identity, {
      protocol: "mqtt",
      principal,
      close: (reason) => wire.close(reason),
    });
    if (!this.#options.clean && this.#options.session === undefined) this.#answers.after(this.#keepSession());
  }

  receive(packet: ConversationPacket): void {
    this.#presence?.active();
    switch (packet.cmd) {
      case "publish":
        return this.#publish(packet);
      case "subscribe":
        return this.#subscribe(packet);
      case "unsubscribe":
        return this.#unsubscribe(packet);
      case "puback":
    }
  }

  writable(): void {}

  tick(now: number): void {
    const { principal, wire } = this.#options;
    if (principal.expiresAt + CLOCK_SKEW_MS <= now)
      wire.close(unauthorized("The shared access signature has expired."));
  }

  closed(orderly: boolean): void {
    this.#presence?.closed();
    if (!orderly) this.#leaveWill();
  }

  #publish(packet: PublishPacket): void {
    if (packet.qos === 2) throw new MqttError("The hub knows no QoS 2.");
    const topic = this.#parseTopic(packet.topic);
    if (topic === undefined) throw new MqttError(`The device may not publish to ${packet.topic}.`);
    const work = this.#perform(topic, packet);
    this.#answers.after(work, packet.qos === 1 ? { cmd: "puback", messageId: packet.messageId ?? 0 } : undefined);
  }

  #perform(topic: PublishTopic, packet: PublishPacket): Promise<unknown> | undefined {
    const { hub, identity } = this.#options;
    switch (topic.kind) {
      case "telemetry":
        return hub.acceptTelemetry(identity, [telemetryMessage(packet, topic.bag)], this.#authentication);
      case "twinGet":
      case "reported":
      case "methodResponse":
        return undefined;
    }
  }

  #subscribe({ messageId = 0, subscriptions }: SubscribePacket): void {
    const { deviceId, moduleId } = this.#options.identity;
    const granted = subscriptions.map(({ topic, qos }) => {
      const kind = parseFilter(topic, deviceId, moduleId);
      if (kind === undefined) return SUBSCRIPTION_FAILURE;
      const grant = qos === 0 ? 0 : 1;
      this.#subscriptions.set(kind, grant);
      return grant;
    });
    this.#answers.after(this.#keepSession(), { cmd: "suback", messageId, granted });
  }

  #unsubscribe({ messageId = 0, unsubscriptions }: UnsubscribePacket): void {
    const { deviceId, moduleId } = this.#options.identity;
    for (const filter of unsubscriptions) {
      const kind = parseFilter(filter, deviceId, moduleId);
      if (kind !== undefined) this.#subscriptions.delete(kind);
    }
    this.#answers.after(this.#keepSession(), { cmd: "unsuback", messageId, granted: [] });
  }

  #keepSession(): Promise<void> | undefined {
    const { hub, identity, clean } = this.#options;
    if (clean) return undefined;
    return hub.sessions.keep(identity, { subscriptions: Object.fromEntries(this.#subscriptions), unacknowledged: {} });
  }

  #willMessage({ topic, payload, retain = false }: Will): ReturnType<typeof willMessage> {
    const parsed = this.#parseTopic(topic);
    if (parsed?.kind !== "telemetry") throw new MqttError("The will must be a message of the device's own.");
    return willMessage({ payload: Buffer.from(payload), retain }, parsed.bag);
  }

  #leaveWill(): void {
    const { hub, identity, will } = this.#options;
    if (will === undefined) return;
    // Nobody is left to be told when it cannot be kept.
    void hub.acceptTelemetry(identity, [this.#willMessage(will)], this.#authentication).catch(() => undefined);
  }
}
