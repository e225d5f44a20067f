/** What stands at the server's end of a link, and what it may do with the link. */
import type { Attach, Outcome } from "../../amqp-codec/performatives.ts";
import type { Delivery } from "./delivery.ts";
import type { IncomingLink } from "./incoming-link.ts";
import type { OutgoingLink } from "./outgoing-link.ts";

/** Takes what a peer sends. */
export interface IncomingNode {
  /** Deliveries granted ahead. */
  readonly credit: number;
  /** Bytes of one encoded delivery that are still read, so that the node can judge it. */
  readonly maxDeliveryBytes: number;
  /** Advertised in attach, bytes. */
  readonly maxMessageSize: number;
  opened?(link: IncomingLink): void;
  /** Must settle every delivery, now or later. */
  deliver(delivery: Delivery): void;
  closed?(): void;
}

/** Has something for a peer that receives. */
export interface OutgoingNode {
  /** Capabilities that the peer asked for and gets. */
  readonly offeredCapabilities?: readonly string[];
  /** Deliveries are sent settled only to a peer that asks for just that; by default, to all that permit it. */
  readonly settledOnRequest?: boolean;
  /** Looking for something to send: a drain is not answered yet. */
  readonly busy?: boolean;
  opened?(link: OutgoingLink): void;
  /**
   * Sends while `link.sendable`, at most about `budget` bytes; called when the link can send and after `link.wake()`.
   * Returns whether there is more to send now.
   */
  pump(link: OutgoingLink, budget: number): boolean;
  /**
   * What the peer made of a message that was sent with a lock token; no outcome when it settled without a word. Resolves
   * when that is done, rejects when it cannot be: the lock is lost. Never asked after `closed`.
   */
  settle?(lockToken: string, outcome: Outcome | undefined): Promise<void>;
  closed?(): void;
}

/** An attach of a peer that opens a link to us. */
export interface LinkRequest {
  readonly attach: Attach;
  /** Target of a sender, source of a receiver, as the peer wrote it. */
  readonly address: string;
}
