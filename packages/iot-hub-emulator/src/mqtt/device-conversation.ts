/**
 * A device's (or module's) half of an MQTT connection: it publishes, it subscribes to what the hub feeds it, and what it
 * subscribed to and did not acknowledge stays for its next connection unless it asked for a clean session.
 */
import { CLOCK_SKEW_MS, messageAuthentication, unauthorized } from "../hub/access/authentication.ts";
import type { Principal } from "../hub/access/authentication.ts";
import type { OpenConnection } from "../hub/connections/connections.ts";
import { NEW_SESSION } from "../hub/connections/device-sessions.ts";
import { Answers } from "./answers.ts";
import { InBandFaults } from "./in-band-faults.ts";
import type { Conversation, ConversationPacket } from "./conversation.ts";
import { struckOperation } from "./device-peer.ts";
import type { DevicePeer } from "./device-peer.ts";
import { Feeds } from "./feeds.ts";
import { MqttError } from "./packets.ts";
import type { ConnectPacket, SubscribePacket, UnsubscribePacket } from "./packets.ts";
import { Publishing } from "./publishing.ts";
import { SUBSCRIPTION_FAILURE } from "./return-codes.ts";
import { parseFilter } from "./subscriptions.ts";
import { willMessage } from "./telemetry.ts";
import { createTopicParser } from "./topics.ts";

type Will = NonNullable<ConnectPacket["will"]>;

export interface DeviceConversationOptions {
  readonly peer: DevicePeer;
  readonly principal: Principal;
  /** Nothing is to outlive the connection. */
  readonly clean: boolean;
  readonly will: Will | undefined;
}

export class DeviceConversation implements Conversation {
  readonly #options: DeviceConversationOptions;
  readonly #answers: Answers;
  readonly #inBandFaults: InBandFaults;
  readonly #publishing: Publishing;
  #feeds: Feeds;
  #presence: OpenConnection | undefined;

  /** Throws `MqttError` when the will is not for the device's own messages. */
  constructor(options: DeviceConversationOptions) {
    const { peer, principal } = options;
    this.#options = options;
    this.#answers = new Answers(peer.wire, peer.limits.maxInbound);
    this.#inBandFaults = new InBandFaults(peer);
    const authentication = messageAuthentication(principal);
    this.#feeds = new Feeds(peer, NEW_SESSION);
    this.#publishing = new Publishing({
      peer,
      authentication,
      answers: this.#answers,
      inBandFaults: this.#inBandFaults,
      hearsTwin: () => this.#feeds.has("twinResponses"),
    });
    if (options.will !== undefined) this.#willMessage(options.will);
  }

  // The identity's older connection ends first, and with it what it leaves to its session is known.
  opened(): void {
    const { clean, principal, peer } = this.#options;
    const { hub, identity, wire } = peer;
    const close = (reason: Error): void => wire.close(reason);
    this.#presence = hub.connections.open(identity, { protocol: "mqtt", principal, close });
    const session = clean ? undefined : hub.sessions.find(identity);
    if (clean) this.#answers.after(hub.sessions.forget(identity));
    else if (session === undefined) this.#answers.after(this.#keepSession());
    this.#feeds = new Feeds(peer, session ?? NEW_SESSION);
    this.#feeds.run();
  }

  receive(packet: ConversationPacket): void {
    this.#presence?.active();
    switch (packet.cmd) {
      case "publish":
        return this.#publishing.receive(packet);
      case "subscribe":
        return this.#subscribe(packet);
      case "unsubscribe":
        return this.#unsubscribe(packet);
      case "puback":
        return this.#feeds.acknowledged(packet.messageId ?? 0);
    }
  }

  writable(): void {
    this.#feeds.writable();
  }

  tick(now: number): void {
    const { principal, peer } = this.#options;
    if (principal.expiresAt + CLOCK_SKEW_MS <= now)
      peer.wire.close(unauthorized("The shared access signature or certificate has expired."));
    else if (!peer.hub.holdsKey(principal))
      peer.wire.close(unauthorized("The key that signed is no longer that of the policy."));
  }

  closed(orderly: boolean): void {
    this.#inBandFaults.stop();
    const hasNews = this.#feeds.stop();
    // Should it fail, messages come again without the mark of a duplicate.
    if (hasNews) this.#keepSession()?.catch(() => undefined);
    this.#presence?.closed();
    if (!orderly) this.#leaveWill();
  }

  #subscribe({ messageId = 0, subscriptions }: SubscribePacket): void {
    const { peer } = this.#options;
    const { deviceId, moduleId } = peer.identity;
    let work: Promise<unknown> | undefined;
    const granted = subscriptions.map(({ topic, qos }) => {
      const strike = peer.hub.faults.strike("subscribe", struckOperation(peer, topic));
      if (strike?.kind === "error") throw strike.error;
      if (strike?.kind === "drop") throw new MqttError("A scripted fault ended the connection.");
      if (strike?.kind === "delay") work = strike.over;
      const subscription = parseFilter(topic, deviceId, moduleId);
      if (subscription === undefined) return SUBSCRIPTION_FAILURE;
      const grant = qos === 0 ? 0 : 1; // QoS 2 is granted as 1
      this.#feeds.grant(subscription, grant);
      return grant;
    });
    const kept = this.#keepSession();
    const done = work === undefined ? kept : Promise.all([work, kept]);
    this.#answers.after(done, { cmd: "suback", messageId, granted }, () => this.#feeds.run());
  }

  #unsubscribe({ messageId = 0, unsubscriptions }: UnsubscribePacket): void {
    const { deviceId, moduleId } = this.#options.peer.identity;
    for (const filter of unsubscriptions) {
      const subscription = parseFilter(filter, deviceId, moduleId);
      if (subscription !== undefined) this.#feeds.end(subscription);
    }
    this.#answers.after(this.#keepSession(), { cmd: "unsuback", messageId, granted: [] });
  }

  #keepSession(): Promise<void> | undefined {
    const { clean, peer } = this.#options;
    return clean ? undefined : peer.hub.sessions.keep(peer.identity, this.#feeds.session);
  }

  #willMessage({ topic, payload, retain = false }: Will): ReturnType<typeof willMessage> {
    const { deviceId, moduleId } = this.#options.peer.identity;
    const parsed = createTopicParser(deviceId, moduleId)(topic);
    if (parsed?.kind !== "telemetry") throw new MqttError("The will must be a message of the device's own.");
    return willMessage({ payload: Buffer.from(payload), retain }, parsed.bag);
  }

  #leaveWill(): void {
    const { peer, principal, will } = this.#options;
    if (will === undefined) return;
    const accepted = peer.hub.acceptTelemetry(
      peer.identity,
      [this.#willMessage(will)],
      messageAuthentication(principal),
    );
    // Nobody is left to be told when it cannot be kept.
    void accepted.catch(() => undefined);
  }
}
