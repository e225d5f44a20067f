/** A signed-in device on its connection: what it publishes, what it listens to, what it is sent. */
import type { Device } from "../../core/device.ts";
import type { DeviceLink } from "../../core/device-links.ts";
import type { DesiredView } from "../../core/state-control.ts";
import type { DoorContext } from "./context.ts";
import { DesiredFeed } from "./desired-feed.ts";
import { createErrands } from "./errands.ts";
import { Incoming } from "./incoming.ts";
import { Outgoing } from "./outgoing.ts";
import type { OutgoingMessage, Sent } from "./outgoing.ts";
import type { ClientPacket, PublishPacket, SubscribePacket } from "./packets.ts";
import { MqttRefusal, reasonCode } from "./refusals.ts";
import type { Refusal } from "./refusals.ts";
import type { Session } from "./sessions.ts";
import { deviceWith } from "./sign-in.ts";
import type { DeviceTopics } from "./topics.ts";
import { desiredTopic, deviceRoot, filterTakes } from "./topics.ts";
import type { Terms } from "./welcome.ts";
import type { Will } from "./will.ts";
import type { Conversation, Ending, Wire } from "./wire.ts";

export interface DeviceConversationOptions {
  readonly context: DoorContext;
  readonly wire: Wire;
  readonly device: Device;
  readonly token: string;
  readonly session: Session;
  readonly terms: Terms;
  readonly topics: DeviceTopics;
  readonly will: Will | null;
}

/** What a client of MQTT 3.1.1 reads in place of a granted QoS [MQTT-3.9.3-2]. */
const SUBSCRIPTION_FAILED = 0x80;
const NO_SUBSCRIPTION_EXISTED = 0x11;
/** DISCONNECT of MQTT 5 that wants its will published. */
const DISCONNECT_WITH_WILL = 0x04;

export class DeviceConversation implements Conversation {
  readonly link: DeviceLink;
  readonly #options: DeviceConversationOptions;
  readonly #incoming: Incoming;
  readonly #outgoing: Outgoing;
  readonly #desired: DesiredFeed;
  readonly #errandFor: ReturnType<typeof createErrands>;
  readonly #aliases = new Map<number, string>();
  #device: Device;
  #will: Will | null;
  #sessionExpiry: number;
  #isRefusalLogged = false;
  #isLeaving = false;

  constructor(options: DeviceConversationOptions) {
    const { context, wire, device, session, terms, will } = options;
    const { limits, clock, rate } = context;
    this.#options = options;
    this.#device = device;
    this.#will = will;
    this.#sessionExpiry = terms.sessionExpiry;
    this.link = { connectedAt: clock.now(), address: wire.address };
    this.#incoming = new Incoming({
      wire,
      clock,
      maxInFlight: limits.maxInFlight,
      takeRate: () => rate.take(device.id),
      explains: terms.explains,
      onRefused: (refusal) => this.#logRefusal(refusal),
      onReleased: (messageId) => session.received.delete(messageId),
    });
    this.#outgoing = new Outgoing({
      wire,
      subscriptions: session.subscriptions,
      maxUnacknowledged: Math.min(limits.maxOutbound, terms.receiveMaximum),
      maxPacketBytes: terms.maxPacketBytes,
    });
    this.#desired = new DesiredFeed({
      deviceId: device.id,
      states: context.states,
      send: (message) => this.#outgoing.send({ ...message, topic: desiredTopic(device.id) }),
      onTooLarge: () =>
        this.#logRefusal({ code: "packet_too_large", message: "The client takes no packet with the desired state." }),
    });
    this.#errandFor = createErrands({ context, topics: options.topics, session, device: () => this.#device });
  }

  get isLeaving(): boolean {
    return this.#isLeaving;
  }

  receive(packet: ClientPacket): void {
    const { wire } = this.#options;
    switch (packet.cmd) {
      case "publish":
        return this.#publish(packet);
      case "puback":
        this.#outgoing.acknowledge(packet.messageId, (packet.reasonCode ?? 0) < 0x80);
        return this.#desired.pump();
      case "pubrel":
        return this.#release(packet.messageId);
      case "subscribe":
        return this.#subscribe(packet);
      case "unsubscribe":
        return this.#unsubscribe(packet.messageId!, packet.unsubscriptions);
      case "pingreq":
        return wire.send({ cmd: "pingresp" });
      case "disconnect":
        return this.#goodbye(packet.reasonCode, packet.properties?.sessionExpiryInterval);
      case "connect":
        throw new MqttRefusal("protocol_error", "CONNECT came twice."); // [MQTT-3.1.0-2]
    }
  }

  whenAnswered(done: () => void): void {
    this.#incoming.whenAnswered(done);
  }

  closed(ending: Ending): void {
    const { context, session } = this.#options;
    const { id } = this.#device;
    this.#incoming.stop();
    this.#desired.stop();
    this.#outgoing.stop();
    const isLast = context.connected.get(id) === this;
    if (isLast) context.connected.delete(id);
    context.sessions.keep(id, session, { expiry: this.#sessionExpiry, elapsed: context.clock.elapsed() });
    const reason = typeof ending === "string" ? ending : ending.code;
    context.log.info({ deviceId: id, reason }, "mqtt.disconnected");
    // A server that stops says nothing of its devices: they come back to the next one.
    if (isLast && reason !== "shutting_down") context.tellStatus("offline", this.#device);
    const will = this.#will;
    // A device that is no longer welcome says nothing more, and one whose server stops is not lost.
    if (will === null || ["goodbye", "not_authorized", "shutting_down"].includes(reason)) return;
    context.wills.leave(will, this.#device, Math.min(will.delay, this.#sessionExpiry));
  }

  command(topicRest: string, message: Omit<OutgoingMessage, "topic">): Sent {
    return this.#outgoing.send({ ...message, topic: `${deviceRoot(this.#device.id)}commands/${topicRest}` });
  }

  /** Something else is desired of the device now. */
  desiredChanged(view: DesiredView): void {
    this.#desired.changed(view);
  }

  /** To a device that listens, by what it subscribed now or in its session: what is desired of it. */
  tellDesired(filters: Iterable<string>): void {
    const topic = desiredTopic(this.#device.id);
    for (const filter of filters) {
      if (!filterTakes(filter, topic)) continue;
      this.#desired.tell().catch((error: unknown) => {
        const { log } = this.#options.context;
        log.error({ deviceId: this.#device.id, reason: String(error) }, "mqtt.desired_not_read");
      });
      return;
    }
  }

  end(refusal: Refusal): void {
    this.#options.wire.end(refusal);
  }

  /** Something about the device changed: goes on with what is true now, or ends. */
  async lookAgain(): Promise<void> {
    const { context, token } = this.#options;
    const device = await deviceWith(token, this.#device.id, context.devices);
    if (device === null || device.approval === "denied") {
      // Nobody shall find its subscriptions under the same id later.
      this.#sessionExpiry = 0;
      this.end({ code: "not_authorized", message: "The device may not be connected any more." });
    } else this.#device = device;
  }

  #publish(packet: PublishPacket): void {
    if (packet.retain && this.#options.wire.version === 5) {
      throw new MqttRefusal("retain_not_supported", "Nothing is retained here.");
    }
    this.#incoming.add(packet, this.#errandFor(packet, this.#topicOf(packet)));
  }

  // [MQTT-3.3.2-8]
  #topicOf({ topic, properties }: PublishPacket): string {
    const alias = properties?.topicAlias;
    if (alias === undefined || this.#options.wire.version !== 5) return topic;
    const { maxTopicAliases } = this.#options.context.limits;
    if (alias < 1 || alias > maxTopicAliases) {
      throw new MqttRefusal("topic_alias_invalid", `Topic aliases are 1 to ${maxTopicAliases}.`);
    }
    if (topic !== "") this.#aliases.set(alias, topic);
    const known = this.#aliases.get(alias);
    if (known === undefined) throw new MqttRefusal("protocol_error", "The topic alias stands for nothing yet.");
    return known;
  }

  #release(messageId: number): void {
    const isKnown = this.#options.session.received.delete(messageId);
    const reason = isKnown ? 0 : reasonCode("packet_id_unknown");
    this.#options.wire.send({ cmd: "pubcomp", messageId, reasonCode: reason });
  }

  #subscribe({ messageId, subscriptions, properties }: SubscribePacket): void {
    const { wire, topics, session, context, terms } = this.#options;
    if (properties?.subscriptionIdentifier !== undefined) {
      throw new MqttRefusal("subscription_ids_not_supported", "Subscriptions carry no identifiers here.");
    }
    let first: Refusal | undefined;
    const granted = subscriptions.map(({ topic, qos }) => {
      const filter = topics.filter(topic);
      const isNew = filter.ok && !session.subscriptions.has(topic);
      let refusal = filter.ok ? undefined : filter.refusal;
      if (isNew && session.subscriptions.size >= context.limits.maxSubscriptions) {
        refusal = {
          code: "quota_exceeded",
          message: `A device has at most ${context.limits.maxSubscriptions} subscriptions.`,
        };
      }
      if (refusal !== undefined) {
        first ??= refusal;
        return wire.version === 5 ? reasonCode(refusal.code) : SUBSCRIPTION_FAILED;
      }
      const most = qos === 0 ? 0 : 1;
      session.subscriptions.set(topic, most);
      return most;
    });
    if (first !== undefined) this.#logRefusal(first);
    const isExplained = wire.version === 5 && first !== undefined && terms.explains;
    wire.send({
      cmd: "suback",
      messageId: messageId!,
      granted,
      ...(isExplained && { properties: { reasonString: first!.message } }),
    });
    this.tellDesired(subscriptions.map(({ topic }) => topic).filter((topic) => session.subscriptions.has(topic)));
  }

  #unsubscribe(messageId: number, filters: readonly string[]): void {
    const { wire, session } = this.#options;
    const granted = filters.map((filter) => (session.subscriptions.delete(filter) ? 0 : NO_SUBSCRIPTION_EXISTED));
    wire.send({ cmd: "unsuback", messageId, granted: wire.version === 5 ? granted : [] });
  }

  #goodbye(reason: number | undefined, sessionExpirySeconds: number | undefined): void {
    const { wire, terms, context } = this.#options;
    if (sessionExpirySeconds !== undefined) {
      // [MQTT-3.14.2-2]
      if (terms.sessionExpiry === 0 && sessionExpirySeconds > 0) {
        throw new MqttRefusal("protocol_error", "A session that was not to be kept cannot be kept at its end.");
      }
      this.#sessionExpiry = Math.min(sessionExpirySeconds * 1000, context.limits.longestSession);
    }
    const will = this.#will;
    this.#will = null;
    this.#isLeaving = true;
    // What it said before is still taken, at its rate; meanwhile nothing more is read.
    wire.hold();
    this.#incoming.whenAnswered(() => {
      if (reason === DISCONNECT_WITH_WILL && will !== null) context.wills.leave(will, this.#device, 0);
      wire.close();
    });
  }

  // One line a connection: a device that goes wrong goes wrong often.
  #logRefusal({ code, message }: Refusal): void {
    const { log } = this.#options.context;
    const fields = { deviceId: this.#device.id, code, reason: message };
    if (this.#isRefusalLogged) log.debug(fields, "mqtt.refused");
    else log.warn(fields, "mqtt.refused");
    this.#isRefusalLogged = true;
  }
}
