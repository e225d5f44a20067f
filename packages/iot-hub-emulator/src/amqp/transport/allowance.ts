/** What one peer may make the server hold: links, half-received deliveries, and deliveries the hub has not kept yet. */
import { AmqpError } from "../amqp-error.ts";
import type { AmqpLimits } from "../limits.ts";

export class Allowance {
  readonly #limits: AmqpLimits;
  #links = 0;
  #assemblyBytes = 0;
  #pendingBytes = 0;

  constructor(limits: AmqpLimits) {
    this.#limits = limits;
  }

  /** Throws when the connection has as many links as it may have. */
  requireRoomForLink(): void {
    if (this.#links < this.#limits.maxLinks) return;
    throw exceeded(`A connection has at most ${this.#limits.maxLinks} links.`);
  }

  linkAdded(): void {
    this.#links++;
  }

  linkRemoved(): void {
    this.#links--;
  }

  /** Counts bytes of half-received deliveries, negative when they are whole or given up. */
  assembling(bytes: number): void {
    this.#assemblyBytes += bytes;
    if (this.#assemblyBytes <= this.#limits.maxAssemblyBytes) return;
    throw exceeded("Too many deliveries are sent in pieces at the same time.");
  }

  /** Counts bytes that wait for the hub, negative when it has kept or refused them. */
  pending(bytes: number): void {
    this.#pendingBytes += bytes;
  }

  /** The hub has enough to do: the peer waits. */
  get full(): boolean {
    return this.#pendingBytes > this.#limits.maxPendingBytes;
  }

  /** The hub has caught up: a peer that waits may go on. */
  get roomy(): boolean {
    return this.#pendingBytes <= this.#limits.maxPendingBytes / 2;
  }
}

function exceeded(text: string): AmqpError {
  return new AmqpError("connection", "amqp:resource-limit-exceeded", text);
}
