/**
 * What the hub still owes a client: acknowledgements leave in the order of what they acknowledge, each once the hub has
 * kept its packet, and while too many are owed nothing more is read.
 */
import { HubError, asHubError } from "../hub/errors.ts";
import type { Wire } from "./conversation.ts";
import { MqttError } from "./packets.ts";
import type { ServerPacket } from "./packets.ts";

interface Owed {
  readonly answer: ServerPacket | undefined;
  readonly next: (() => void) | undefined;
  done: boolean;
}

export class Answers {
  readonly #wire: Wire;
  readonly #most: number;
  readonly #owed: Owed[] = [];
  #holding = false;

  constructor(wire: Wire, most: number) {
    this.#wire = wire;
    this.#most = most;
  }

  /** After the work sends the answer, if any, and calls `next`. Work that fails ends the connection. */
  after(work: Promise<unknown> | undefined, answer?: ServerPacket, next?: () => void): void {
    const owed: Owed = { answer, next, done: work === undefined };
    if (work === undefined && this.#owed.length === 0) return this.#payOne(owed);
    this.#owed.push(owed);
    if (!this.#holding && this.#owed.length >= this.#most) {
      this.#holding = true;
      this.#wire.hold();
    }
    work?.then(
      () => {
        owed.done = true;
        this.#pay();
      },
      (error: unknown) => this.#wire.close(isExpected(error) ? error : asHubError(error)),
    );
  }

  #pay(): void {
    let paid = 0;
    while (this.#owed[paid]?.done === true) paid++;
    for (const owed of this.#owed.splice(0, paid)) this.#payOne(owed);
    if (!this.#holding || this.#owed.length >= this.#most) return;
    this.#holding = false;
    this.#wire.release();
  }

  #payOne({ answer, next }: Owed): void {
    if (answer !== undefined) this.#wire.send(answer);
    next?.();
  }
}

function isExpected(error: unknown): error is Error {
  return error instanceof HubError || error instanceof MqttError;
}
