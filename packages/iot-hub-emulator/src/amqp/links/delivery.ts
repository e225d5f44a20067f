/** One complete incoming delivery, to be settled once. */
import { errorCondition } from "../amqp-error.ts";
import type { ErrorCondition } from "../../amqp-codec/performatives.ts";

/** What a delivery costs while it waits, besides its bytes. */
export const DELIVERY_OVERHEAD = 256;

/** Tells the peer the outcome of its deliveries: its session. */
interface Settler {
  acceptDelivery(id: number): void;
  rejectDelivery(id: number, error: ErrorCondition): void;
}

export class Delivery {
  readonly payload: Buffer;
  readonly messageFormat: number;
  readonly #id: number;
  /** `undefined` when the peer sent it settled and wants to hear nothing. */
  readonly #settler: Settler | undefined;

  constructor(settler: Settler | undefined, id: number, messageFormat: number, payload: Buffer) {
    this.#settler = settler;
    this.#id = id;
    this.messageFormat = messageFormat;
    this.payload = payload;
  }

  accept(): void {
    this.#settler?.acceptDelivery(this.#id);
  }

  reject(error: unknown): void {
    this.#settler?.rejectDelivery(this.#id, errorCondition(error));
  }

  /** The same message, with something else to happen instead of telling the peer what became of it. */
  instead(settle: () => void): Delivery {
    const settler = { acceptDelivery: settle, rejectDelivery: settle };
    return new Delivery(settler, this.#id, this.messageFormat, this.payload);
  }
}
