/**
 * Device-to-cloud messages of many devices over one AMQP connection: one token for the hub, one session, one sender link
 * for each device. All accounts of what may be sent and what is unsettled are kept here and in the links.
 */
import type { Delivery, EventContext, Sender, Session } from "rhea";
import type { Failure, Outcome } from "../core/failure.ts";
import type { HubEndpoint } from "../core/hub-client.ts";
import { telemetryAddress } from "iot-hub-protocol";
import { openAmqpConnection, readAmqpRefusal } from "./amqp-connection.ts";
import type { AmqpConnection } from "./amqp-connection.ts";
import type { AttachPace } from "./attach-pace.ts";
import { ConnectionToken } from "./connection-token.ts";
import { classifyRefusal } from "./error-classification.ts";
import type { Occasion } from "./error-classification.ts";
import type { KeyRing } from "./key-ring.ts";
import type { Log } from "../core/log.ts";
import { forget, isWritten, linkLimit, ringRoom, shortenLinkWalk } from "./rhea-bookkeeping.ts";
import type { LinkWalk } from "./rhea-bookkeeping.ts";
import { Sending } from "./sending.ts";
import { TelemetryLink } from "./telemetry-link.ts";

// Deliveries leave the library's ring in order, so one that is never settled keeps all later ones in it until its deadline.
const RING = { outgoing: 32_768, incoming: 2_048 };

export interface TelemetryLimits {
  /** Device links of one connection; hubs take about 1,000. */
  readonly linksPerConnection: number;
  readonly unsettledPerConnection: number;
  /** Milliseconds from `send` to `outcome_unknown`. */
  readonly sendDeadline: number;
  /** Milliseconds for TCP, TLS and AMQP together, and again for the token's answer. */
  readonly connectTimeout: number;
  readonly idleTimeout: number;
}

export interface TelemetryConnectionOptions {
  readonly endpoint: HubEndpoint;
  readonly keys: KeyRing;
  readonly limits: TelemetryLimits;
  readonly pace: AttachPace;
  /** Unix milliseconds. */
  readonly now: () => number;
  readonly log: Log;
  /** Where a link leads; absent: to the telemetry of the device whose id it is known by. */
  readonly addressOf?: (id: string) => string;
  /** What the hub refuses, where it is not a link or a message of a device. */
  readonly occasion?: Occasion;
  /** Somebody else has taken over the device's link. */
  readonly onTaken: (deviceId: string) => void;
  /** Called once, when nothing more can be sent over it. */
  readonly onEnd: (connection: TelemetryConnection) => void;
}

export class TelemetryConnection {
  readonly #options: TelemetryConnectionOptions;
  /** Least recently used first. */
  readonly #links = new Map<string, TelemetryLink>();
  readonly #bySender = new Map<Sender, TelemetryLink>();
  /** Closed here, not yet confirmed by the hub: they still count against its limit. With whom to tell when it is. */
  readonly #leaving = new Map<Sender, () => void>();
  readonly #unsettled = new Map<Delivery, { readonly link: TelemetryLink; readonly sending: Sending }>();
  /** Links with credit that wait for room on the connection. */
  readonly #blocked = new Set<TelemetryLink>();
  readonly #connecting = new AbortController();
  #amqp: AmqpConnection | undefined;
  #token: ConnectionToken | undefined;
  #session: Session | undefined;
  #walk: LinkWalk | undefined;
  #capacity: number;
  #hasOtherKey = false;
  #closing = false;
  #ended = false;

  constructor(options: TelemetryConnectionOptions) {
    this.#options = options;
    this.#capacity = options.limits.linksPerConnection;
  }

  get size(): number {
    return this.#links.size + this.#leaving.size;
  }

  get isFull(): boolean {
    return this.size >= this.#capacity;
  }

  /** It ended because its key was refused, and there is another one that is worth a try at once. */
  get hasOtherKey(): boolean {
    return this.#hasOtherKey;
  }

  has(deviceId: string): boolean {
    return this.#links.has(deviceId);
  }

  /** Whether the hub has opened the device's link. */
  isOpen(deviceId: string): boolean {
    return this.#links.get(deviceId)?.sender?.is_open() === true;
  }

  /** Opens connection, token and session. Messages may be handed in before; they fail together when this fails. */
  async start(): Promise<void> {
    const { endpoint, keys, limits, now, log } = this.#options;
    const { connectTimeout, idleTimeout } = limits;
    const onEnd = (failure: Failure): void => this.#end(failure);
    const { signal } = this.#connecting;
    const opened = await openAmqpConnection({ endpoint, now, connectTimeout, idleTimeout, signal, onEnd });
    if (!opened.ok) return this.#end(opened.failure);
    this.#amqp = opened.value;
    const connection = this.#amqp.rhea;
    const { hostName } = endpoint;
    const onRefused = (failure: Failure): void => this.#amqp?.end(failure);
    const token = new ConnectionToken({ connection, hostName, keys, answerTimeout: connectTimeout, now, onRefused });
    this.#token = token;
    const refused = await token.begin();
    if (refused !== null) return this.#amqp.end(refused);
    if (this.#ended) return;
    this.#openSession(connection.create_session(RING));
    log.debug({ hub: hostName }, "hub.connected");
    if (!token.isCurrent) await token.renew();
  }

  /** Resolves with the hub's settlement, or with the reason why there is none. */
  send(deviceId: string, payload: Buffer): Promise<Outcome> {
    const link = this.#use(deviceId);
    const deadline = this.#options.limits.sendDeadline;
    const sending = new Sending({ deviceId, payload, deadline, onDeadline: () => this.#expire(link, sending) });
    link.waiting.push(sending);
    this.#pump(link);
    return sending.outcome;
  }

  /** Closes links that nothing has used since `before` (Unix milliseconds). */
  closeIdle(before: number): void {
    for (const link of this.#links.values()) {
      if (link.lastUsed >= before) return;
      if (link.isIdle) this.#drop(link, CLOSED);
    }
  }

  /** Makes room by closing the least recently used link that has nothing to do; `false` when all are busy. */
  closeLeastUsed(): boolean {
    for (const link of this.#links.values())
      if (link.isIdle) {
        this.#drop(link, CLOSED);
        return true;
      }
    return false;
  }

  /** Closes a device's link when nothing is under way on it. Resolves when the hub has confirmed it, or has not in time. */
  async giveUp(deviceId: string): Promise<void> {
    const link = this.#links.get(deviceId);
    if (link === undefined) return;
    while (!link.isIdle) await Promise.all([...link.inFlight, ...link.waiting].map(({ outcome }) => outcome));
    if (this.#links.get(deviceId) === link) this.#drop(link, CLOSED);
    const { sender } = link;
    if (sender === undefined || !this.#leaving.has(sender)) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, this.#options.limits.connectTimeout);
      this.#leaving.set(sender, () => {
        clearTimeout(timer);
        resolve();
      });
    });
  }

  async close(): Promise<void> {
    this.#closing = true;
    for (const link of this.#links.values()) this.#drop(link, UNKNOWN_AT_CLOSE);
    this.#connecting.abort();
    await this.#amqp?.close();
    this.#end(CLOSED);
  }

  #use(deviceId: string): TelemetryLink {
    const known = this.#links.get(deviceId);
    const link = known ?? new TelemetryLink(deviceId, 0);
    link.lastUsed = this.#options.now();
    // A Map keeps insertion order: taking a link out and in again makes it the most recently used.
    if (known !== undefined) this.#links.delete(deviceId);
    this.#links.set(deviceId, link);
    if (known === undefined && this.#session?.is_open() === true) this.#attachInTurn(link);
    return link;
  }

  #attachInTurn(link: TelemetryLink): void {
    this.#options.pace.enqueue(() => {
      if (this.#ended || this.#links.get(link.deviceId) !== link) return false;
      link.sender = this.#session?.open_sender({
        target: (this.#options.addressOf ?? telemetryAddress)(link.deviceId),
        source: link.deviceId,
        snd_settle_mode: 0,
        rcv_settle_mode: 0,
      });
      if (link.sender !== undefined) this.#bySender.set(link.sender, link);
      return true;
    });
  }

  #openSession(session: Session): void {
    this.#session = session;
    const walk = (this.#walk = shortenLinkWalk(session));
    session.on("session_open", () => {
      this.#capacity = Math.min(this.#capacity, linkLimit(session));
      for (const link of [...this.#links.values()].slice(this.#capacity)) this.#drop(link, NO_ROOM);
      for (const link of this.#links.values()) this.#attachInTurn(link);
    });
    session.on("sender_open", ({ sender }) => {
      // Given up while it was opening. Closing it any earlier would make the library open it again on the hub's answer.
      if (sender === undefined) return;
      if (this.#leaving.has(sender)) sender.close();
      else if (this.#bySender.has(sender)) walk.quiet(sender);
    });
    session.on("sender_flow", ({ sender }) => {
      const link = sender && this.#bySender.get(sender);
      if (link !== undefined) this.#pump(link);
    });
    session.on("sender_error", () => undefined); // its reason is read in `sender_close`, which always follows
    session.on("sender_close", ({ sender }) => {
      if (sender !== undefined) walk.busy(sender);
      this.#detached(sender);
    });
    session.on("accepted", (context) => this.#settled(context, (sending) => sending.deliver()));
    session.on("rejected", (context) => this.#settled(context, (sending, failure) => sending.fail(failure)));
    for (const event of ["released", "modified", "settled"])
      session.on(event, (context: EventContext) => this.#settled(context, (sending) => sending.fail(RELEASED)));
    session.begin();
  }

  #pump(link: TelemetryLink): void {
    while (link.waiting.length > 0 && link.hasCredit) {
      if (!this.#hasRoom()) {
        this.#blocked.add(link);
        return;
      }
      this.#amqp?.cork();
      const sending = link.transmitNext();
      if (sending?.delivery !== undefined) this.#unsettled.set(sending.delivery, { link, sending });
    }
  }

  #hasRoom(): boolean {
    if (this.#session === undefined) return false;
    return this.#unsettled.size < this.#options.limits.unsettledPerConnection && ringRoom(this.#session) > 0;
  }

  #settled({ delivery }: EventContext, settle: (sending: Sending, rejection: Failure) => void): void {
    const entry = delivery && this.#unsettled.get(delivery);
    if (delivery === undefined || entry === undefined) return;
    this.#unsettled.delete(delivery);
    entry.link.inFlight.delete(entry.sending);
    const refusal = readAmqpRefusal(delivery.remote_state?.["error"]);
    settle(entry.sending, classifyRefusal(refusal, this.#options.occasion ?? "message", this.#options.now()));
    if (!delivery.remote_settled) delivery.update(true);
    forget(delivery);
    for (const link of this.#blocked) {
      if (!this.#hasRoom()) break;
      this.#blocked.delete(link);
      this.#pump(link);
    }
  }

  #detached(sender: Sender | undefined): void {
    if (sender === undefined) return;
    this.#left(sender);
    const link = this.#bySender.get(sender);
    if (link === undefined) return;
    const { error } = sender;
    const { now, occasion = "link" } = this.#options;
    const failure = error ? classifyRefusal(readAmqpRefusal(error), occasion, now()) : DETACHED;
    this.#options.log.debug({ device: link.deviceId, code: failure.code }, "hub.link_detached");
    // It had the permission a moment ago, so it is the token that is worth nothing any more: for all links.
    if (failure.code === "permission_missing" && link.wasGranted) return this.#amqp?.end(KEY_GONE);
    if (failure.code === "identity_in_use") this.#options.onTaken(link.deviceId);
    this.#drop(link, failure);
    this.#left(sender);
  }

  #left(sender: Sender): void {
    this.#leaving.get(sender)?.();
    this.#leaving.delete(sender);
  }

  // The link goes with its message: what is sent next must not overtake the resend of this one, and a settlement that
  // comes late must find nothing.
  #expire(link: TelemetryLink, sending: Sending): void {
    const seconds = this.#options.limits.sendDeadline / 1000;
    const { delivery } = sending;
    const message =
      delivery === undefined
        ? `The message could not be sent within ${seconds} s: the hub opened no link or gave no credit for the device.`
        : `The hub did not say within ${seconds} s whether it took the message.`;
    sending.fail({ code: delivery === undefined ? "not_sent" : "outcome_unknown", message });
    this.#drop(link, { code: "outcome_unknown", message: "An earlier message of this device got no answer." });
  }

  #drop(link: TelemetryLink, failure: Failure): void {
    if (this.#links.get(link.deviceId) === link) this.#links.delete(link.deviceId);
    this.#blocked.delete(link);
    const deliveries = [...link.inFlight].flatMap(({ delivery }) => delivery ?? []);
    link.failAll(failure);
    for (const delivery of deliveries) this.#unsettled.delete(delivery);
    const { sender } = link;
    if (sender === undefined || this.#ended) return;
    this.#bySender.delete(sender);
    this.#leaving.set(sender, () => undefined);
    this.#walk?.busy(sender);
    if (sender.is_open()) sender.close();
    const session = this.#session;
    // A delivery that the library still holds back cannot be taken back, and would go out on a closed link.
    if (session !== undefined && !deliveries.every((delivery) => isWritten(session, delivery)))
      return this.#amqp?.end({ code: "hub_unreachable", message: "The hub stopped taking data from the connection." });
    for (const delivery of deliveries) forget(delivery);
  }

  /** Another key is in use. A connection that is still opening looks by itself. */
  async renewToken(): Promise<void> {
    if (this.#session !== undefined) await this.#token?.renew();
  }

  // Every message that waits here or is unsettled ends with the connection's own reason, which concerns the whole hub.
  #end(failure: Failure): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#hasOtherKey = this.#token?.end(failure) ?? false;
    for (const link of this.#links.values()) link.failAll(failure);
    this.#links.clear();
    for (const sender of this.#leaving.keys()) this.#left(sender);
    this.#unsettled.clear();
    this.#blocked.clear();
    if (!this.#closing)
      this.#options.log.info({ hub: this.#options.endpoint.hostName, code: failure.code }, "hub.disconnected");
    this.#options.onEnd(this);
  }
}

const KEY_GONE: Failure = {
  code: "key_refused",
  message: "The hub ended the links of the connection: the key that opened them is no longer valid.",
};
const CLOSED: Failure = { code: "hub_unreachable", message: "The bridge closed the connection." };
const UNKNOWN_AT_CLOSE: Failure = { code: "outcome_unknown", message: "The bridge closed before the hub answered." };
const NO_ROOM: Failure = { code: "outcome_unknown", message: "The hub takes fewer links on a connection; not sent." };
const RELEASED: Failure = { code: "outcome_unknown", message: "The hub handed the message back without a reason." };
const DETACHED: Failure = { code: "outcome_unknown", message: "The hub closed the device's link without a reason." };
