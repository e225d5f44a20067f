/**
 * What a device publishes, in order. Each packet is acknowledged when its work is done, and acknowledgements leave in the
 * order of what they acknowledge [MQTT-4.6.0-2]. Events wait here for the device's rate; when too many wait, the socket is
 * not read, so that a burst is slowed down and not dropped.
 */
import type { Clock } from "../../core/clock.ts";
import type { PublishPacket } from "./packets.ts";
import { reasonCode } from "./refusals.ts";
import type { Refusal } from "./refusals.ts";
import type { Wire } from "./wire.ts";

/** `unavailable`: nothing is wrong with the packet, it could not be taken now. It is never acknowledged: the client sends it again. */
export type Verdict =
  | { readonly kind: "done" }
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "unavailable"; readonly refusal: Refusal };

/** What a packet asks for. `paced`: counts for the device's rate. */
export type Errand =
  | { readonly kind: "refused"; readonly refusal: Refusal }
  | { readonly kind: "work"; readonly isPaced: boolean; readonly work: () => Promise<Verdict> };

export interface IncomingOptions {
  readonly wire: Wire;
  readonly clock: Pick<Clock, "after">;
  readonly maxInFlight: number;
  /** Takes one event's worth of the device's rate; returns 0, or the milliseconds to wait. */
  readonly takeRate: () => number;
  /** Whether refusals carry their sentence: a client of MQTT 5 may ask not to. */
  readonly explains: boolean;
  readonly onRefused: (refusal: Refusal) => void;
  /** A message of QoS 2 was refused: its identifier is free again. */
  readonly onReleased: (messageId: number) => void;
}

interface Owed {
  readonly qos: 0 | 1 | 2;
  readonly messageId: number;
  verdict: Verdict | undefined;
}

export class Incoming {
  readonly #options: IncomingOptions;
  readonly #owed: Owed[] = [];
  readonly #paced: { readonly owed: Owed; readonly work: () => Promise<Verdict> }[] = [];
  #callOffWait: (() => void) | undefined;
  #isHolding = false;
  /** Nothing later is begun: the connection will end at a packet that cannot be answered. */
  #isOver = false;
  #whenAnswered: (() => void) | undefined;

  constructor(options: IncomingOptions) {
    this.#options = options;
  }

  add({ qos, messageId = 0 }: PublishPacket, errand: Errand): void {
    if (this.#isOver) return;
    const owed: Owed = { qos, messageId, verdict: undefined };
    this.#owed.push(owed);
    if (errand.kind === "refused") {
      owed.verdict = errand;
      // Later packets come again on the next connection; taking them now would make doubles of them.
      if (!this.#canRefuse(owed)) this.#isOver = true;
      this.#pay();
    } else if (!errand.isPaced) this.#begin(owed, errand.work);
    else {
      this.#paced.push({ owed, work: errand.work });
      this.#pump();
    }
    this.#holdIfFull();
  }

  /** Calls `done` once, when all that was added is answered. */
  whenAnswered(done: () => void): void {
    this.#whenAnswered = done;
    this.#pay();
  }

  /** The connection is over: what has not begun is not begun. */
  stop(): void {
    this.#isOver = true;
    this.#paced.length = 0;
    this.#callOffWait?.();
    this.#callOffWait = undefined;
  }

  #pump(): void {
    while (this.#callOffWait === undefined) {
      const next = this.#paced[0];
      if (next === undefined) return;
      const wait = this.#options.takeRate();
      if (wait > 0) {
        this.#callOffWait = this.#options.clock.after(wait, () => {
          this.#callOffWait = undefined;
          this.#pump();
        });
        return;
      }
      this.#paced.shift();
      this.#begin(next.owed, next.work);
    }
  }

  #begin(owed: Owed, work: () => Promise<Verdict>): void {
    const settle = (verdict: Verdict): void => {
      owed.verdict = verdict;
      this.#pay();
    };
    work().then(settle, () =>
      settle({ kind: "unavailable", refusal: { code: "server_busy", message: "The server could not do this." } }),
    );
  }

  #pay(): void {
    while (this.#owed[0]?.verdict !== undefined) this.#answer(this.#owed.shift()!);
    if (this.#isHolding && this.#owed.length < this.#options.maxInFlight) {
      this.#isHolding = false;
      this.#options.wire.release();
    }
    if (this.#owed.length > 0) return;
    const done = this.#whenAnswered;
    this.#whenAnswered = undefined;
    done?.();
  }

  #answer(owed: Owed): void {
    const { verdict, qos, messageId } = owed;
    const { wire } = this.#options;
    switch (verdict!.kind) {
      case "done":
        if (qos > 0) wire.send({ cmd: qos === 1 ? "puback" : "pubrec", messageId, reasonCode: 0 });
        return;
      case "refused":
        this.#options.onRefused(verdict!.refusal);
        if (qos === 2) this.#options.onReleased(messageId);
        if (this.#canRefuse(owed)) this.#refuse(owed, verdict!.refusal);
        else wire.end(verdict!.refusal);
        return;
      case "unavailable":
        if (qos === 2) this.#options.onReleased(messageId);
        this.#isOver = true;
        wire.end(verdict!.refusal);
    }
  }

  // Only MQTT 5 can say no to a message, and only to one that is acknowledged. [MQTT-3.3.5-2] of 3.1.1 leaves a yes or the
  // end of the connection, and a yes would mean: stored.
  #canRefuse({ qos }: Owed): boolean {
    return this.#options.wire.version === 5 && qos > 0;
  }

  #refuse({ qos, messageId }: Owed, { code, message }: Refusal): void {
    this.#options.wire.send({
      cmd: qos === 1 ? "puback" : "pubrec",
      messageId,
      reasonCode: reasonCode(code),
      ...(this.#options.explains && { properties: { reasonString: message } }),
    });
  }

  #holdIfFull(): void {
    if (this.#isHolding || this.#owed.length < this.#options.maxInFlight) return;
    this.#isHolding = true;
    this.#options.wire.hold();
  }
}
