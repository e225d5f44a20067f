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

  /** Sends the answer, if any, after the work. Work that fails ends the connection. */
  after(work: Promise<unknown> | undefined, answer?: ServerPacket): void {
    if (work === undefined && this.#owed.length === 0) {
      if (answer !== undefined) this.#wire.send(answer);
      return;
    }
    const owed: Owed = { answer, done: work === undefined };
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
    while (this.#owed[paid]?.done === true) {
      const { answer } = this.#owed[paid++] as Owed;
      if (answer !== undefined) this.#wire.send(answer);
    }
    this.#owed.splice(0, paid);
    if (!this.#holding || this.#owed.length >= this.#most) return;
    this.#holding = false;
    this.#wire.release();
  }
}

function isExpected(error: unknown): error is Error {
  return error instanceof HubError || error instanceof MqttError;
}
