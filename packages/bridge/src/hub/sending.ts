/** One message on its way: encoded once, settled once, never later than its deadline. */
import type { Delivery } from "rhea";
import type { Failure, Outcome } from "../core/failure.ts";

const DELIVERED: Outcome = { kind: "delivered" };

export interface SendingOptions {
  readonly deviceId: string;
  readonly payload: Buffer;
  /** Milliseconds until the outcome counts as unknown. */
  readonly deadline: number;
  readonly onDeadline: (sending: Sending) => void;
}

export class Sending {
  readonly deviceId: string;
  readonly payload: Buffer;
  readonly outcome: Promise<Outcome>;
  /** Set when it has been handed to the connection. */
  delivery: Delivery | undefined;
  readonly #timer: NodeJS.Timeout;
  #resolve: ((outcome: Outcome) => void) | undefined;

  constructor({ deviceId, payload, deadline, onDeadline }: SendingOptions) {
    this.deviceId = deviceId;
    this.payload = payload;
    this.outcome = new Promise((resolve) => (this.#resolve = resolve));
    this.#timer = setTimeout(() => onDeadline(this), deadline);
  }

  deliver(): void {
    this.#settle(DELIVERED);
  }

  /** A second outcome, such as a settlement after the deadline, changes nothing. */
  fail(failure: Failure): void {
    this.#settle({ kind: "failed", failure });
  }

  #settle(outcome: Outcome): void {
    clearTimeout(this.#timer);
    this.#resolve?.(outcome);
    this.#resolve = undefined;
  }
}
