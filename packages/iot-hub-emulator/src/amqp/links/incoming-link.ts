/** Our end of a link on which the peer sends: counts credit, puts multi-frame deliveries together, hands them to the node. */
import type { ErrorCondition, Transfer } from "../../amqp-codec/performatives.ts";
import { AmqpDecodeError } from "../../amqp-codec/decode-error.ts";
import type { StruckOperation } from "../../hub/faults/faults.ts";
import { AmqpError, TOKEN_EXPIRED } from "../amqp-error.ts";
import { Delivery } from "./delivery.ts";
import type { IncomingNode } from "./link.ts";
import type { Session } from "../transport/session.ts";
import { strikeDelivery } from "./struck-delivery.ts";

interface Assembly {
  readonly id: number;
  readonly messageFormat: number;
  settled: boolean;
  readonly parts: Buffer[];
  bytes: number;
}

export class IncomingLink {
  readonly direction = "incoming";
  /** Of the address; empty for a link that was refused. */
  readonly kind: string;
  /** What scripted faults may ask about it. */
  readonly about: StruckOperation;
  readonly session: Session;
  readonly name: string;
  readonly handle: number;
  readonly node: IncomingNode;
  /** We have detached; what still arrives is ignored until the peer's detach. */
  detached = false;
  #deliveryCount: number;
  #credit = 0;
  #starved = false;
  #assembly: Assembly | undefined;

  constructor(session: Session, { kind, about, name, handle, node, initialDeliveryCount }: IncomingLinkOptions) {
    this.session = session;
    this.kind = kind;
    this.about = about;
    this.name = name;
    this.handle = handle;
    this.node = node;
    this.#deliveryCount = initialDeliveryCount;
  }

  get deliveryCount(): number {
    return this.#deliveryCount;
  }

  get credit(): number {
    return this.#credit;
  }

  /** Restores the credit that was granted ahead; the flow goes out with the next flush. */
  replenish(): void {
    if (this.#starved) return;
    const strike = this.session.connection.context.hub.faults.strike("credit", this.about);
    if (strike?.kind === "zeroCredit") return this.#starve(strike.over);
    this.#credit = this.node.credit;
    this.session.owesFlow(this);
  }

  receive(transfer: Transfer): void {
    if (this.detached) return;
    if (this.#assembly === undefined && !transfer.more && !transfer.aborted) {
      this.#begin(transfer);
      this.#complete(
        transfer.deliveryId as number,
        transfer.messageFormat ?? 0,
        transfer.settled === true,
        transfer.payload,
      );
      return;
    }
    this.#assemble(transfer);
  }

  // A scripted fault: there is no credit until it is over.
  #starve(over: Promise<void>): void {
    this.#starved = true;
    void over.then(() => {
      this.#starved = false;
      if (!this.detached) this.session.attempt(() => this.replenish());
    });
  }

  // A delivery starts: its first frame must carry an id and be covered by credit.
  #begin(transfer: Transfer): void {
    if (transfer.deliveryId === undefined) {
      throw new AmqpError("session", "amqp:invalid-field", "The first transfer of a delivery has no delivery-id.");
    }
    if (this.#credit <= 0) {
      throw new AmqpError("link", "amqp:link:transfer-limit-exceeded", "A transfer was sent without credit.");
    }
    this.#credit--;
    this.#deliveryCount = (this.#deliveryCount + 1) >>> 0;
    if (this.#credit < this.node.credit / 2) this.replenish();
  }

  #assemble(transfer: Transfer): void {
    if (this.#assembly === undefined) {
      this.#begin(transfer);
      this.#assembly = {
        id: transfer.deliveryId as number,
        messageFormat: transfer.messageFormat ?? 0,
        settled: false,
        parts: [],
        bytes: 0,
      };
    }
    const assembly = this.#assembly;
    if (transfer.aborted) return this.#drop();
    assembly.settled ||= transfer.settled === true;
    assembly.bytes += transfer.payload.length;
    if (assembly.bytes > this.node.maxDeliveryBytes) {
      this.#drop(transfer.payload.length);
      throw new AmqpError(
        "link",
        "amqp:link:message-size-exceeded",
        `A message has at most ${this.node.maxMessageSize} bytes.`,
      );
    }
    this.session.connection.allowance.assembling(transfer.payload.length);
    assembly.parts.push(transfer.payload);
    if (transfer.more) return;
    this.#drop();
    this.#complete(
      assembly.id,
      assembly.messageFormat,
      assembly.settled,
      Buffer.concat(assembly.parts, assembly.bytes),
    );
  }

  // Forgets the half-received delivery; `uncounted` bytes of it were not reported to the connection.
  #drop(uncounted: number = 0): void {
    if (this.#assembly === undefined) return;
    this.session.connection.allowance.assembling(uncounted - this.#assembly.bytes);
    this.#assembly = undefined;
  }

  #complete(id: number, messageFormat: number, settled: boolean, payload: Buffer): void {
    const delivery = new Delivery(settled ? undefined : this.session, id, messageFormat, payload);
    const strike = this.session.connection.context.hub.faults.strike("transfer", this.about);
    if (strike === undefined) this.#deliver(delivery);
    else strikeDelivery(this, strike, delivery, (struck) => this.#deliver(struck));
  }

  #deliver(delivery: Delivery): void {
    try {
      this.node.deliver(delivery);
    } catch (error) {
      if (!(error instanceof AmqpDecodeError)) throw error;
      delivery.reject(new AmqpError("link", error.condition, error.message));
    }
  }

  /** Ends the link from our side. */
  detach(error?: ErrorCondition): void {
    if (this.detached) return;
    this.session.detachLink(this, error);
  }

  expire(): void {
    this.detach(TOKEN_EXPIRED);
  }

  /** Called once by the session, whoever ended the link. */
  close(): void {
    this.#drop();
    this.node.closed?.();
  }
}

export interface IncomingLinkOptions {
  readonly kind: string;
  readonly about: StruckOperation;
  readonly name: string;
  readonly handle: number;
  readonly node: IncomingNode;
  readonly initialDeliveryCount: number;
}
