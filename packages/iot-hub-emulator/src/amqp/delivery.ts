/** One complete incoming delivery, to be settled once. */
import { errorCondition } from "./amqp-error.ts";
import type { Session } from "./session.ts";

/** What a delivery costs while it waits, besides its bytes. */
export const DELIVERY_OVERHEAD = 256;

export class Delivery {
  readonly payload: Buffer;
  readonly messageFormat: number;
  readonly #id: number;
  /** `undefined` when the peer sent it settled and wants to hear nothing. */
  readonly #session: Session | undefined;

  constructor(session: Session | undefined, id: number, messageFormat: number, payload: Buffer) {
    this.#session = session;
    this.#id = id;
    this.messageFormat = messageFormat;
    this.payload = payload;
  }

  accept(): void {
    this.#session?.acceptDelivery(this.#id);
  }

  reject(error: unknown): void {
    this.#session?.rejectDelivery(this.#id, errorCondition(error));
  }
}
