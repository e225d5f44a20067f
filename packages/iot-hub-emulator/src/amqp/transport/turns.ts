/**
 * When a connection writes. Everything that one turn of the event loop causes goes out together; each link that has
 * something sends a little of it, so that many readers share a connection fairly and senders are heard in between.
 */
import type { OutgoingLink } from "../links/outgoing-link.ts";
import type { Output } from "./output.ts";
import type { Session } from "./session.ts";

/** Bytes that one reader may be sent before the others have their turn. */
const TURN_BYTES = 64 * 1024;

export interface TurnsOptions {
  readonly output: Output;
  /** Whether nothing is written any more. */
  readonly over: () => boolean;
  /** Told of what went wrong while writing. */
  readonly failed: (error: unknown) => void;
  /** Told when bytes were handed to the socket. */
  readonly flushed: () => void;
}

export class Turns {
  readonly #options: TurnsOptions;
  /** Sessions with outcomes or flows to write. */
  readonly #owing = new Set<Session>();
  /** Links that may have something to send. */
  #ready = new Set<OutgoingLink>();
  /** Links that wait for a congested output. */
  readonly #held = new Set<OutgoingLink>();
  #scheduled = false;

  constructor(options: TurnsOptions) {
    this.#options = options;
  }

  /** A session has outcomes or flows to write at the end of this turn. */
  owes(session: Session): void {
    this.#owing.add(session);
    this.schedule();
  }

  /** A link may have something to send. */
  ready(link: OutgoingLink): void {
    this.#ready.add(link);
    this.schedule();
  }

  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      if (!this.#options.over()) this.#turn();
    });
  }

  /** The output is congested no longer. */
  relieved(): void {
    for (const link of this.#held) link.wake();
    this.#held.clear();
  }

  /** Writes what sessions owe, now. */
  settle(): void {
    for (const session of this.#owing) session.flush();
    this.#owing.clear();
  }

  forget(session: Session): void {
    this.#owing.delete(session);
  }

  clear(): void {
    this.#owing.clear();
    this.#ready.clear();
    this.#held.clear();
  }

  #turn(): void {
    const { output, failed, flushed } = this.#options;
    try {
      this.settle();
      this.#pump(output);
    } catch (error) {
      return failed(error);
    }
    if (output.empty) return;
    output.flush();
    flushed();
  }

  #pump(output: Output): void {
    const ready = this.#ready;
    this.#ready = new Set();
    for (const link of ready) {
      const more = link.pump(TURN_BYTES);
      if (output.congested) this.#held.add(link);
      else if (more) this.ready(link);
    }
  }
}
