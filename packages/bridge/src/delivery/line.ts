/** One target at work: its gate, and the lanes that wait for their turn to send. */
import type { Clock } from "../core/clock.ts";
import type { DeliveryTarget } from "../core/delivery-target.ts";
import type { ConnectionState } from "../core/ports.ts";
import type { Random } from "./backoff.ts";
import { Gate, type Pass } from "./gate.ts";
import type { Lane } from "./lane.ts";

export interface LineOptions {
  /** Integrations with this line's key share it. */
  readonly key: string;
  readonly target: DeliveryTarget;
  readonly clock: Clock;
  readonly random: Random;
  /** Lanes under way at once. */
  readonly maxInFlight: number;
  /** Takes the lane one delivery further and hands the pass back. Never rejects. */
  readonly run: (lane: Lane, line: Line, pass: Pass) => Promise<void>;
}

/** Places taken from the head of the queue before it is compacted: shifting a long array for each lane costs too much. */
const COMPACT_AFTER = 1_024;

export class Line {
  readonly key: string;
  readonly target: DeliveryTarget;
  readonly gate: Gate;
  readonly #options: LineOptions;
  #ready: Lane[] = [];
  #head = 0;
  #inFlight = 0;
  #aside = 0;
  #onIdle: (() => void)[] = [];
  #stopped = false;

  constructor(options: LineOptions) {
    const { key, target, clock, random } = options;
    this.#options = options;
    this.key = key;
    this.target = target;
    this.gate = new Gate({ clock, random, onPassable: () => this.#pump() });
  }

  get state(): ConnectionState {
    const { hostName, policyName } = this.target;
    const { failure, nextProbeAt } = this.gate;
    const state = failure === null ? (this.#inFlight > 0 ? "open" : "idle") : "paused";
    return { connectionId: this.key, hostName, policyName, state, failure, nextProbeAt, inFlight: this.#inFlight };
  }

  /** Puts a lane at the end of the line, where it also waits while the gate is closed. */
  enqueue(lane: Lane): void {
    lane.status = "ready";
    this.#ready.push(lane);
    this.#pump();
  }

  /** Keeps `work` in account that goes on outside the line's turns, as creating an identity does. It must not reject. */
  aside(work: Promise<void>): void {
    this.#aside += 1;
    void work.finally(() => {
      this.#aside -= 1;
      this.#tellIdle();
    });
  }

  /** Takes lanes out of the line. */
  drain(belongs: (lane: Lane) => boolean): Lane[] {
    const waiting = this.#ready.slice(this.#head);
    this.#ready = waiting.filter((lane) => !belongs(lane));
    this.#head = 0;
    return waiting.filter(belongs);
  }

  /** Starts nothing more. Resolves when nothing is under way. */
  async finish(): Promise<void> {
    this.#stopped = true;
    this.gate.stop();
    if (this.#inFlight + this.#aside === 0) return;
    await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  /** Gives up what is under way: it ends as an unknown outcome. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.gate.stop();
    await this.target.close();
  }

  #pump(): void {
    while (!this.#stopped && this.#inFlight < this.#options.maxInFlight && this.#head < this.#ready.length) {
      const pass = this.gate.pass();
      if (pass === null) return;
      const lane = this.#take();
      this.#inFlight += 1;
      void this.#options.run(lane, this, pass).finally(() => {
        this.#inFlight -= 1;
        this.#pump();
        this.#tellIdle();
      });
    }
  }

  #take(): Lane {
    const lane = this.#ready[this.#head++]!;
    if (this.#head > COMPACT_AFTER && this.#head * 2 > this.#ready.length) {
      this.#ready = this.#ready.slice(this.#head);
      this.#head = 0;
    }
    return lane;
  }

  #tellIdle(): void {
    if (this.#inFlight + this.#aside > 0) return;
    for (const tell of this.#onIdle.splice(0)) tell();
  }
}
