/**
 * Our end of a link on which a peer receives messages that are kept for it until it has settled them: accepted they are
 * done, rejected given up, released or modified they come again. What is unsettled when the link ends goes back uncounted.
 */
import type { Outcome } from "../../amqp-codec/performatives.ts";
import type { OutgoingNode } from "./link.ts";
import type { OutgoingLink } from "./outgoing-link.ts";

/** Where the messages come from. Settling rejects when the lock is lost. */
export interface LockedSource<T extends { readonly lockToken: string }> {
  /** Locks the next message for this link. */
  receive(): T | undefined;
  encode(message: T): Buffer;
  complete(lockToken: string): Promise<void>;
  reject(lockToken: string): Promise<void>;
  abandon(lockToken: string): Promise<void>;
  /** Gives locks back without counting a delivery. */
  release(lockTokens: Iterable<string>): void;
  /** Calls back when there may be a message; returns what ends that. */
  onAvailable(listener: () => void): () => void;
}

export interface LockedMessagesOptions {
  readonly opened: (link: OutgoingLink, node: OutgoingNode) => void;
  readonly closed: () => void;
  /** Told when a message that was sent settled could not be ended. */
  readonly failed: (error: unknown) => void;
}

export class LockedMessages<T extends { readonly lockToken: string }> implements OutgoingNode {
  /** Sent settled only to a peer that insists. */
  readonly settledOnRequest = true;
  readonly #source: LockedSource<T>;
  readonly #options: LockedMessagesOptions;
  readonly #locks = new Set<string>();
  #unsubscribe: (() => void) | undefined;

  constructor(source: LockedSource<T>, options: LockedMessagesOptions) {
    this.#source = source;
    this.#options = options;
  }

  opened(link: OutgoingLink): void {
    this.#unsubscribe = this.#source.onAvailable(() => {
      if (link.credit > 0) link.wake();
    });
    this.#options.opened(link, this);
  }

  pump(link: OutgoingLink, budget: number): boolean {
    let left = budget;
    while (link.sendable && left > 0) {
      const message = this.#source.receive();
      if (message === undefined) return false;
      const payload = this.#source.encode(message);
      left -= payload.length;
      if (link.settled) this.#source.complete(message.lockToken).catch(this.#options.failed);
      else this.#locks.add(message.lockToken);
      link.send(payload, message.lockToken);
    }
    return link.sendable;
  }

  settle(lockToken: string, outcome: Outcome | undefined): Promise<void> {
    this.#locks.delete(lockToken);
    switch (outcome?.kind) {
      case "accepted":
        return this.#source.complete(lockToken);
      case "rejected":
        return this.#source.reject(lockToken);
      case "released":
      case "modified":
        return this.#source.abandon(lockToken);
      case undefined:
        this.#source.release([lockToken]);
        return Promise.resolve();
    }
  }

  closed(): void {
    this.#unsubscribe?.();
    this.#source.release(this.#locks);
    this.#locks.clear();
    this.#options.closed();
  }
}
