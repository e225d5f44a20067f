/** Our end of a link on which the peer receives: keeps to its credit and cuts messages into its frame size. */
import { writeTransfer } from "../../amqp-codec/performative-encoding.ts";
import type { ErrorCondition, Flow } from "../../amqp-codec/performatives.ts";
import type { Strike, StruckOperation } from "../../hub/faults/faults.ts";
import { errorCondition, TOKEN_EXPIRED } from "../amqp-error.ts";
import type { OutgoingNode } from "./link.ts";
import { lockTag } from "./lock-tag.ts";
import type { Session } from "../transport/session.ts";

/** Room that a frame header and a transfer performative take at most. */
const TRANSFER_OVERHEAD = 96;

export interface OutgoingLinkOptions {
  readonly kind: string;
  readonly about: StruckOperation;
  readonly name: string;
  readonly handle: number;
  readonly node: OutgoingNode;
  /** Whether the peer wants no settling. */
  readonly settled: boolean;
}

interface PartialDelivery {
  readonly payload: Buffer;
  readonly deliveryId: number;
  readonly tag: Uint8Array | undefined;
  /** Bytes that are sent. */
  at: number;
}

export class OutgoingLink {
  readonly direction = "outgoing";
  /** Of the address; empty for a link that was refused. */
  readonly kind: string;
  /** What scripted faults may ask about it. */
  readonly about: StruckOperation;
  readonly session: Session;
  readonly name: string;
  readonly handle: number;
  readonly node: OutgoingNode;
  /** We have detached; only the peer's detach is still awaited. */
  detached = false;
  /** Deliveries are sent settled: the peer tells no outcome. */
  readonly settled: boolean;
  #deliveryCount = 0;
  #credit = 0;
  #drain = false;
  /** A scripted fault holds up a message, and with it those behind it. */
  #delayed = false;
  /** A message that is partly sent: the session's window was used up. */
  #rest: PartialDelivery | undefined;

  constructor(session: Session, { kind, about, name, handle, node, settled }: OutgoingLinkOptions) {
    this.session = session;
    this.kind = kind;
    this.about = about;
    this.name = name;
    this.handle = handle;
    this.node = node;
    this.settled = settled;
  }

  get deliveryCount(): number {
    return this.#deliveryCount;
  }

  get credit(): number {
    return this.#credit;
  }

  /** Whether a message may be sent now. */
  get sendable(): boolean {
    if (this.detached || this.#delayed || this.#rest !== undefined || this.#credit <= 0) return false;
    return this.session.remoteWindow > 0 && !this.session.connection.output.congested;
  }

  /** Something may be there to send: the node is asked at the next turn. */
  wake(): void {
    if (!this.detached) this.session.connection.turns.ready(this);
  }

  /** The peer's view of the link: its credit counts from its own delivery count. */
  flow(flow: Flow): void {
    if (flow.linkCredit === undefined) return;
    const seen = flow.deliveryCount ?? 0;
    this.#credit = Math.max(0, flow.linkCredit - ((this.#deliveryCount - seen) >>> 0));
    this.#drain = flow.drain;
    this.wake();
  }

  /**
   * Sends one encoded message. Only while `sendable`. With a lock token the node's `settle` hears of the outcome, unless
   * the link is settled.
   */
  send(payload: Buffer, lockToken?: string): void {
    this.#credit--;
    this.#deliveryCount = (this.#deliveryCount + 1) >>> 0;
    const strike = this.session.connection.context.hub.faults.strike("deliver", this.about);
    if (strike === undefined) this.#deliver(payload, lockToken);
    else this.#strike(strike, () => this.#deliver(payload, lockToken));
  }

  #deliver(payload: Buffer, lockToken: string | undefined): void {
    const deliveryId = this.session.nextDeliveryId();
    if (lockToken !== undefined && !this.settled) this.session.follow({ id: deliveryId, link: this, lockToken });
    this.#transfer({ payload, deliveryId, tag: lockToken === undefined ? undefined : lockTag(lockToken), at: 0 });
  }

  #strike(strike: Strike, deliver: () => void): void {
    if (strike.kind === "drop") return this.session.connection.destroy();
    if (strike.kind === "detach") return this.detach(errorCondition(strike.error));
    if (strike.kind !== "delay") return;
    this.#delayed = true;
    void strike.over.then(() => {
      this.#delayed = false;
      if (this.detached) return;
      this.session.attempt(deliver);
      this.wake();
    });
  }

  /** Sends what is due, about `budget` bytes; returns whether to call again. */
  pump(budget: number): boolean {
    if (this.detached) return false;
    const rest = this.#rest;
    this.#rest = undefined;
    if (rest !== undefined) this.#transfer(rest);
    const more = this.sendable && this.node.pump(this, budget);
    if (this.session.remoteWindow <= 0) this.session.stalled(this);
    else if (
      this.#drain &&
      !more &&
      !this.#delayed &&
      !this.session.connection.output.congested &&
      this.node.busy !== true
    )
      this.#drained();
    return more;
  }

  // The peer wants its unused credit back.
  #drained(): void {
    this.#drain = false;
    this.#deliveryCount = (this.#deliveryCount + this.#credit) >>> 0;
    this.#credit = 0;
    this.session.writeLinkFlow({ handle: this.handle, deliveryCount: this.#deliveryCount, linkCredit: 0, drain: true });
  }

  #transfer(message: PartialDelivery): void {
    const { session, handle, settled } = this;
    const { payload, deliveryId, tag } = message;
    const room = session.connection.output.maxFrameSize - TRANSFER_OVERHEAD;
    do {
      if (session.remoteWindow <= 0) {
        this.#rest = message;
        return;
      }
      const end = Math.min(payload.length, message.at + room);
      const more = end < payload.length;
      session.sendFrame((writer) => {
        writeTransfer(writer, { handle, deliveryId, tag, settled, more, messageFormat: 0 });
        writer.raw(payload.subarray(message.at, end));
      });
      session.transferSent();
      message.at = end;
    } while (message.at < payload.length);
  }

  detach(error?: ErrorCondition): void {
    if (this.detached) return;
    this.session.detachLink(this, error);
  }

  expire(): void {
    this.detach(TOKEN_EXPIRED);
  }

  /** Called once by the session, whoever ended the link. */
  close(): void {
    this.#rest = undefined;
    this.node.closed?.();
  }
}
