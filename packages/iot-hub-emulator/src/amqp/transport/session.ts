/**
 * One session: windows, links by handle, outcomes of deliveries. Our handles are the peer's, so one map serves both
 * directions; nothing here walks over all links but the end of the session.
 */
import {
  type FlowFields,
  type SentOutcome,
  writeBegin,
  writeDetach,
  writeDisposition,
  writeEnd,
  writeFlow,
} from "../../amqp-codec/performative-encoding.ts";
import type {
  Attach,
  Begin,
  Detach,
  Disposition,
  ErrorCondition,
  Flow,
  Outcome,
  Transfer,
} from "../../amqp-codec/performatives.ts";
import type { Writer } from "../../amqp-codec/writer.ts";
import { AmqpError, errorCondition } from "../amqp-error.ts";
import type { Connection } from "./connection.ts";
import type { IncomingLink } from "../links/incoming-link.ts";
import type { OutgoingLink } from "../links/outgoing-link.ts";
import { LinkOpening } from "../links/link-opening.ts";
import { Settlements } from "./settlements.ts";
import { Unsettled, type UnsettledDelivery } from "./unsettled.ts";

export type Link = IncomingLink | OutgoingLink;

/** Transfers the peer may send before we renew its window; memory is bounded by the connection, so it is generous. */
const INCOMING_WINDOW = 8_192;
const OUTGOING_WINDOW = 0x7fff_ffff;

export class Session {
  readonly connection: Connection;
  readonly channel: number;
  /** Transfers the peer still takes. */
  remoteWindow: number;
  readonly #links = new Map<number, Link>();
  readonly #opening: LinkOpening;
  readonly #settlements = new Settlements();
  readonly #unsettled = new Unsettled();
  readonly #owedFlows = new Set<IncomingLink>();
  /** Links that wait for the peer to widen its window. */
  readonly #stalled = new Set<OutgoingLink>();
  #nextIncomingId: number;
  #incomingWindow = INCOMING_WINDOW;
  #nextOutgoingId = 0;
  #nextDeliveryId = 0;
  #owesWindow = false;
  /** We sent end and wait for the peer's. */
  ended = false;

  constructor(connection: Connection, channel: number, begin: Begin) {
    this.connection = connection;
    this.channel = channel;
    this.#nextIncomingId = begin.nextOutgoingId;
    this.remoteWindow = begin.incomingWindow;
    this.#opening = new LinkOpening(this, (link) => this.#add(link));
    this.sendFrame((writer) =>
      writeBegin(writer, {
        remoteChannel: channel,
        nextOutgoingId: this.#nextOutgoingId,
        incomingWindow: INCOMING_WINDOW,
        outgoingWindow: OUTGOING_WINDOW,
        handleMax: connection.limits.maxLinks - 1,
      }),
    );
  }

  links(): IterableIterator<Link> {
    return this.#links.values();
  }

  // Frames of the peer ------------------------------------------------------------------------------------------------

  transfer(transfer: Transfer): void {
    this.#nextIncomingId = (this.#nextIncomingId + 1) >>> 0;
    if (--this.#incomingWindow < 0) {
      throw new AmqpError(
        "session",
        "amqp:session:window-violation",
        "More transfers were sent than the window allows.",
      );
    }
    if (this.#incomingWindow < INCOMING_WINDOW / 2) {
      this.#owesWindow = true;
      this.connection.turns.owes(this);
    }
    const link = this.#link(transfer.handle);
    if (link.direction === "outgoing") {
      throw new AmqpError("session", "amqp:not-allowed", "A transfer was sent on a link that the peer receives on.");
    }
    this.#onLink(link, () => link.receive(transfer));
  }

  attach(attach: Attach): void {
    if (this.#links.has(attach.handle) || this.#opening.isPutOff(attach.handle)) {
      throw new AmqpError("session", "amqp:session:handle-in-use", `The handle ${attach.handle} is in use.`);
    }
    this.connection.allowance.requireRoomForLink();
    this.#opening.attach(attach);
  }

  flow(flow: Flow): void {
    this.remoteWindow = ((flow.nextIncomingId ?? 0) + flow.incomingWindow - this.#nextOutgoingId) | 0;
    if (this.#opening.keep(flow)) return;
    if (flow.handle !== undefined) {
      const link = this.#link(flow.handle);
      if (link.direction === "outgoing") link.flow(flow);
      else if (flow.echo && !link.detached) this.owesFlow(link);
    } else if (flow.echo) {
      this.#owesWindow = true;
      this.connection.turns.owes(this);
    }
    if (this.remoteWindow <= 0) return;
    for (const link of this.#stalled) link.wake();
    this.#stalled.clear();
  }

  /** The outcome of deliveries of ours. Those without a lock are settled at once for a peer that settles second. */
  disposition({ role, first, last, settled, outcome }: Disposition): void {
    if (role === "sender" || (!settled && outcome === undefined)) return;
    const waited = this.#unsettled.take(first, last);
    for (const delivery of waited) this.#conclude(delivery, outcome, settled);
    if (settled || waited.length > (last - first) >>> 0) return;
    for (const [from, to] of gaps(first, last, waited)) {
      this.sendFrame((writer) => writeDisposition(writer, { role: "sender", first: from, last: to }));
    }
  }

  detach(detach: Detach): void {
    if (this.#opening.keep(detach)) return;
    const { handle } = detach;
    const link = this.#link(handle);
    this.#links.delete(handle);
    this.connection.allowance.linkRemoved();
    if (link.detached) return;
    link.detached = true;
    this.#close(link);
    this.sendFrame((writer) => writeDetach(writer, handle));
  }

  // What nodes and links do -------------------------------------------------------------------------------------------

  acceptDelivery(id: number): void {
    if (this.ended) return;
    this.#settlements.accept(id);
    this.connection.turns.owes(this);
  }

  rejectDelivery(id: number, error: ErrorCondition): void {
    if (this.ended) return;
    this.#settlements.reject(id, error);
    this.connection.turns.owes(this);
  }

  owesFlow(link: IncomingLink): void {
    this.#owedFlows.add(link);
    this.connection.turns.owes(this);
  }

  nextDeliveryId(): number {
    const id = this.#nextDeliveryId;
    this.#nextDeliveryId = (id + 1) >>> 0;
    return id;
  }

  /** A delivery's outcome will be told to its link's node. */
  follow(delivery: UnsettledDelivery): void {
    this.#unsettled.add(delivery);
  }

  /** A link has more to send than the peer's window takes. */
  stalled(link: OutgoingLink): void {
    this.#stalled.add(link);
  }

  /** Counts a transfer frame against the peer's window. */
  transferSent(): void {
    this.#nextOutgoingId = (this.#nextOutgoingId + 1) >>> 0;
    this.remoteWindow--;
  }

  sendFrame(body: (writer: Writer) => void): void {
    if (!this.ended) this.connection.sendFrame(this.channel, body);
  }

  writeLinkFlow(link: NonNullable<FlowFields["link"]>): void {
    this.sendFrame((writer) => writeFlow(writer, { ...this.#window(), link }));
  }

  detachLink(link: Link, error: ErrorCondition | undefined): void {
    link.detached = true;
    this.#close(link);
    this.sendFrame((writer) => writeDetach(writer, link.handle, error));
  }

  /** Writes the outcomes and flows that have come together. */
  flush(): void {
    this.#settlements.drain((disposition) => this.sendFrame((writer) => writeDisposition(writer, disposition)));
    for (const link of this.#owedFlows) {
      if (link.detached) continue;
      this.#incomingWindow = INCOMING_WINDOW;
      this.#owesWindow = false;
      const { handle, deliveryCount, credit } = link;
      this.writeLinkFlow({ handle, deliveryCount, linkCredit: credit, drain: false });
    }
    this.#owedFlows.clear();
    if (!this.#owesWindow) return;
    this.#owesWindow = false;
    this.#incomingWindow = INCOMING_WINDOW;
    this.sendFrame((writer) => writeFlow(writer, this.#window()));
  }

  /** Does what belongs to this session later than the frame that caused it; a mistake ends the session or the connection. */
  attempt(action: () => void): void {
    if (this.ended) return;
    try {
      action();
    } catch (error) {
      if (error instanceof AmqpError && error.scope === "session") this.end(error.condition);
      else this.connection.fail(error);
    }
  }

  /** Ends the session from our side; what the peer still sends on it is ignored until its end. */
  end(error?: ErrorCondition): void {
    if (this.ended) return;
    this.closeLinks();
    this.sendFrame((writer) => writeEnd(writer, error));
    this.ended = true;
  }

  /** Lets go of all links without a word: the session or its connection is over. */
  closeLinks(): void {
    for (const link of this.#links.values()) {
      this.connection.allowance.linkRemoved();
      if (link.detached) continue;
      link.detached = true;
      this.#close(link);
    }
    this.#links.clear();
    this.#opening.clear();
  }

  #close(link: Link): void {
    if (link.direction === "incoming") this.#owedFlows.delete(link);
    else {
      this.#stalled.delete(link);
      this.#unsettled.forget(link);
    }
    link.close();
  }

  // A peer that settles second is told whether the hub did as it said: the lock of the message may be lost.
  #conclude({ id, link, lockToken }: UnsettledDelivery, outcome: Outcome | undefined, settled: boolean): void {
    const done = link.node.settle?.(lockToken, outcome) ?? Promise.resolve();
    const tell = (said: SentOutcome): void => {
      if (settled) return;
      this.sendFrame((writer) => writeDisposition(writer, { role: "sender", first: id, last: id, outcome: said }));
    };
    done.then(
      () => tell({ kind: "accepted" }),
      (error: unknown) => tell({ kind: "rejected", error: lockLost(error) }),
    );
  }

  #add(link: Link): void {
    this.#links.set(link.handle, link);
    this.connection.allowance.linkAdded();
  }

  #link(handle: number): Link {
    const link = this.#links.get(handle);
    if (link === undefined) {
      throw new AmqpError("session", "amqp:session:unattached-handle", `The handle ${handle} is not attached.`);
    }
    return link;
  }

  // A mistake on one link ends that link alone.
  #onLink(link: Link, action: () => void): void {
    try {
      action();
    } catch (error) {
      if (!(error instanceof AmqpError) || error.scope !== "link") throw error;
      link.detach(error.condition);
    }
  }

  #window(): FlowFields {
    return {
      nextIncomingId: this.#nextIncomingId,
      incomingWindow: this.#incomingWindow,
      nextOutgoingId: this.#nextOutgoingId,
      outgoingWindow: OUTGOING_WINDOW,
    };
  }
}

// The ids of a range that are not among some deliveries of it. Ids are serial numbers: after 2^32 - 1 comes 0.
function* gaps(first: number, last: number, taken: readonly UnsettledDelivery[]): Generator<readonly [number, number]> {
  let from = first;
  for (const { id } of [...taken].sort((a, b) => ((a.id - first) >>> 0) - ((b.id - first) >>> 0))) {
    if (id !== from) yield [from, (id - 1) >>> 0];
    from = (id + 1) >>> 0;
  }
  if ((last + 1) >>> 0 !== from || taken.length === 0) yield [from, last];
}

// .NET knows a lost lock by this condition alone.
function lockLost(error: unknown): ErrorCondition {
  return { ...errorCondition(error), condition: "amqp:not-found" };
}
