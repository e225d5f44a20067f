/** Messages that wait for the credit of a link on which answers and notifications go out. */
import { AmqpError } from "../amqp-error.ts";
import type { OutgoingLink } from "./outgoing-link.ts";

/** A client that leaves more unread has gone astray. */
const MAX_WAITING = 200;
const MAX_WAITING_BYTES: number = 1024 * 1024;

export class Outbox {
  #waiting: Buffer[] = [];
  #bytes = 0;

  /** Sends when there is credit. A link whose peer does not read what it asked for is ended. */
  push(link: OutgoingLink, payload: Buffer): void {
    if (link.detached) return;
    if (this.#waiting.length >= MAX_WAITING || this.#bytes + payload.length > MAX_WAITING_BYTES) {
      const text = "The messages on this link are not read.";
      link.detach(new AmqpError("link", "amqp:resource-limit-exceeded", text).condition);
      return;
    }
    this.#waiting.push(payload);
    this.#bytes += payload.length;
    link.wake();
  }

  /** As a node's `pump`. */
  pump(link: OutgoingLink): boolean {
    while (link.sendable) {
      const payload = this.#waiting.shift();
      if (payload === undefined) return false;
      this.#bytes -= payload.length;
      link.send(payload);
    }
    return false;
  }

  clear(): void {
    this.#waiting = [];
    this.#bytes = 0;
  }
}
