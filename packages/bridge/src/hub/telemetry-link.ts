/** The sender link of one device, and the messages that wait for it or are under way on it. */
import type { Sender } from "rhea";
import type { Failure } from "../core/failure.ts";
import { creditLeft } from "./rhea-bookkeeping.ts";
import type { Sending } from "./sending.ts";

export class TelemetryLink {
  readonly deviceId: string;
  /** In the order in which they were handed in. */
  readonly waiting: Sending[] = [];
  readonly inFlight: Set<Sending> = new Set<Sending>();
  /** `undefined` until its attach has been sent. */
  sender: Sender | undefined;
  /** Unix milliseconds. */
  lastUsed: number;
  #sent = 0;

  constructor(deviceId: string, now: number) {
    this.deviceId = deviceId;
    this.lastUsed = now;
  }

  get isIdle(): boolean {
    return this.waiting.length === 0 && this.inFlight.size === 0;
  }

  get hasCredit(): boolean {
    return this.sender !== undefined && this.sender.is_open() && creditLeft(this.sender, this.#sent) > 0;
  }

  /** The hub has let the device send on it. */
  get wasGranted(): boolean {
    return this.#sent > 0 || (this.sender !== undefined && creditLeft(this.sender, this.#sent) > 0);
  }

  /** Hands the oldest waiting message to the connection. Only with credit. */
  transmitNext(): Sending | undefined {
    const sending = this.waiting.shift();
    if (sending === undefined || this.sender === undefined) return undefined;
    // Format 0 tells the library that the payload is encoded already.
    sending.delivery = this.sender.send(sending.payload, undefined, 0);
    this.#sent += 1;
    this.inFlight.add(sending);
    return sending;
  }

  failAll(failure: Failure): void {
    for (const sending of [...this.inFlight, ...this.waiting]) sending.fail(failure);
    this.inFlight.clear();
    this.waiting.length = 0;
  }
}
