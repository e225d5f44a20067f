/** One target at work: its gate, and the lanes that wait for their turn to send. */
import type { Clock } from "../core/clock.ts";
import type { DeliveryTarget } from "../core/delivery-target.ts";
import type { Failure, FailureCode } from "../core/failure.ts";
import type { ConnectionState } from "../core/connection-state.ts";
import type { Random } from "../core/backoff.ts";
import { Gate, type Pass } from "./gate.ts";
import { LaneQueue } from "./lane-queue.ts";
import type { Lane } from "./lane.ts";
import { SendRate } from "./send-rate.ts";

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

/**
 * Of all places, those that lanes may take whose way to the target is not open yet. Opening is slow where a hub limits it: a
 * fleet that comes at once must not keep the others waiting.
 */
const OPENING_SHARE = 1 / 4;

/** Troubles that any answer of the target ends. */
const NO_ANSWER: ReadonlySet<FailureCode> = new Set([
  "hub_not_found",
  "hub_address_refused",
  "hub_unreachable",
  "hub_tls_failed",
  "webhook_address_refused",
  "webhook_unreachable",
  "webhook_tls_failed",
]);
/** What speaks of the rate alone. */
const TOO_FAST: ReadonlySet<FailureCode> = new Set(["throttled", "webhook_throttled"]);

export class Line {
  readonly key: string;
  readonly target: DeliveryTarget;
  readonly gate: Gate;
  readonly #options: LineOptions;
  readonly rate: SendRate;
  readonly #ready = new LaneQueue();
  /** Lanes whose way to the target must be opened first. */
  readonly #closed = new LaneQueue();
  /** Calls off the timer for the next message that the rate lets through. */
  #nextTurn: (() => void) | null = null;
  /** The last word that limited the rate. */
  #slowedBy: Failure | null = null;
  #inFlight = 0;
  /** Of those in flight. */
  #opening = 0;
  #tookClosed = false;
  #aside = 0;
  #onIdle: (() => void)[] = [];
  #stopped = false;
  #closing: Promise<void> | undefined;

  constructor(options: LineOptions) {
    const { key, target, clock, random } = options;
    this.#options = options;
    this.key = key;
    this.target = target;
    this.gate = new Gate({ clock, random, onPassable: () => this.#pump() });
    this.rate = new SendRate(clock);
  }

  get state(): ConnectionState {
    const { hostName, policyName } = this.target;
    const { nextProbeAt, since } = this.gate;
    const limit = this.rate.limit;
    const failure = this.gate.failure ?? (limit === null ? null : this.#slowedBy);
    return {
      connectionId: this.key,
      hostName,
      policyName,
      state: this.#stateOf(failure),
      failure,
      warning: this.target.warning ?? null,
      keyInUse: this.target.keyInUse ?? null,
      nextProbeAt,
      since,
      inFlight: this.#inFlight,
      waiting: this.#ready.size + this.#closed.size,
      rate: { perSecond: this.rate.perSecond, limit },
    };
  }

  /** The target took a message. Returns the trouble of the whole target that has ended thereby, if any. */
  accepted(pass: Pass): Failure | null {
    this.rate.accepted();
    const ended = this.gate.opened(pass);
    if (ended !== null && TOO_FAST.has(ended.code)) this.rate.resumed();
    return ended;
  }

  /**
   * Trouble of the whole target, met by a try that began at `startedAt` on the growing clock. `paused` and `slowed` say
   * that it is news; a refusal for the rate alone only slows the line.
   */
  troubled(failure: Failure, pass: Pass, startedAt: number): "paused" | "slowed" | "known" {
    if (TOO_FAST.has(failure.code) && this.gate.failure === null && failure.notBefore === undefined) {
      const answer = this.rate.refused(startedAt);
      if (answer !== "stop") this.#slowedBy = failure;
      if (answer !== "stop") return answer === "slower" ? "slowed" : "known";
    }
    return this.gate.close(failure, pass) ? "paused" : "known";
  }

  /** The target has answered, though it took nothing. Returns the trouble that has ended thereby, if any. */
  answered(pass: Pass): Failure | null {
    const code = this.gate.failure?.code;
    return code !== undefined && NO_ANSWER.has(code) ? this.gate.opened(pass) : null;
  }

  /** Something about the target was mended: what was learned of its trouble counts no more. */
  mended(): void {
    this.rate.forget();
    this.#nextTurn?.();
    this.#nextTurn = null;
    this.gate.probeNow();
    this.#pump();
  }

  /** Puts a lane at the end of the line, where it also waits while the gate is closed. `opens`: its way is not open yet. */
  enqueue(lane: Lane, opens = false): void {
    lane.status = "ready";
    (opens ? this.#closed : this.#ready).push(lane);
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

  /** Takes an integration's lanes out of the line. */
  drain(integrationId: string): Lane[] {
    return [...this.#ready.drain(integrationId), ...this.#closed.drain(integrationId)];
  }

  /** Starts nothing more. Resolves when nothing is under way. */
  async finish(): Promise<void> {
    this.#stopped = true;
    this.#endTurns();
    if (this.#inFlight + this.#aside === 0) return;
    await new Promise<void>((resolve) => this.#onIdle.push(resolve));
  }

  /** Gives up what is under way: it ends as an unknown outcome. */
  async close(): Promise<void> {
    this.#stopped = true;
    this.#endTurns();
    await (this.#closing ??= this.target.close());
  }

  #stateOf(failure: Failure | null): ConnectionState["state"] {
    if (this.gate.failure !== null) return "paused";
    if (failure !== null) return "slowed";
    return this.#inFlight > 0 ? "open" : "idle";
  }

  #pump(): void {
    const { maxInFlight } = this.#options;
    while (!this.#stopped && this.#inFlight < maxInFlight) {
      const opens = this.#opensNext();
      const queue = opens ? this.#closed : this.#ready;
      if (queue.size === 0 || !this.#mayGo()) return;
      const pass = this.gate.pass();
      const lane = pass === null ? undefined : queue.take();
      if (pass === null || lane === undefined) return;
      this.#tookClosed = opens;
      this.#inFlight += 1;
      if (opens) this.#opening += 1;
      void this.#options.run(lane, this, pass).finally(() => {
        this.#inFlight -= 1;
        if (opens) this.#opening -= 1;
        this.#pump();
        this.#tellIdle();
      });
    }
  }

  // Both kinds in turn, while the closed ones have places.
  #opensNext(): boolean {
    const places = Math.ceil(this.#options.maxInFlight * OPENING_SHARE);
    if (this.#closed.size === 0 || this.#opening >= places) return false;
    return this.#ready.size === 0 || !this.#tookClosed;
  }

  /** Whether the rate lets a message through now; else the line goes on when it does. A probe need not ask. */
  #mayGo(): boolean {
    if (this.gate.failure !== null) return true;
    if (this.#nextTurn !== null) return false;
    const waitMs = this.rate.take();
    if (waitMs === 0) return true;
    this.#nextTurn = this.#options.clock.after(waitMs, () => {
      this.#nextTurn = null;
      this.#pump();
    });
    return false;
  }

  #endTurns(): void {
    this.gate.stop();
    this.#nextTurn?.();
    this.#nextTurn = null;
  }

  #tellIdle(): void {
    if (this.#inFlight + this.#aside > 0) return;
    for (const tell of this.#onIdle.splice(0)) tell();
  }
}
