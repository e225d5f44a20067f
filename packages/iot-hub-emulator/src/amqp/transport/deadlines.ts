/** What time does to a connection: how long each state may last, silence of the peer, and our own heartbeats. */
import type { AmqpLimits } from "../limits.ts";

export type ConnectionState = "handshake" | "open" | "closing" | "closed";

/** What is due now. */
export type Due = "nothing" | "outOfTime" | "silent" | "heartbeat";

export class Deadlines {
  readonly #limits: AmqpLimits;
  /** When the running deadline began: that of the state, or since when no token is there. */
  #since: number;
  #lastInput: number;
  #lastOutput: number;
  #peerIdleTimeOut = 0;

  /** `clock` is a steady clock's milliseconds here and below. */
  constructor(limits: AmqpLimits, clock: number) {
    this.#limits = limits;
    this.#since = this.#lastInput = this.#lastOutput = clock;
  }

  /** The connection came into another state, or is authenticated: its deadline starts again. */
  restart(clock: number): void {
    this.#since = clock;
  }

  /** The peer wants to hear from us at least this often, milliseconds; 0 for never. */
  promise(idleTimeOut: number): void {
    this.#peerIdleTimeOut = idleTimeOut;
  }

  heard(clock: number): void {
    this.#lastInput = clock;
  }

  spoke(clock: number): void {
    this.#lastOutput = clock;
  }

  /** `listening` is false while we do not read from the peer: its silence then is our doing. */
  due(clock: number, state: ConnectionState, listening: boolean): Due {
    if (clock - this.#since >= this.#patience(state)) return "outOfTime";
    if (state !== "open") return "nothing";
    if (listening && clock - this.#lastInput >= this.#limits.idleTimeOut * 2) return "silent";
    const beat = this.#peerIdleTimeOut > 0 && clock - this.#lastOutput >= this.#peerIdleTimeOut / 2;
    return beat ? "heartbeat" : "nothing";
  }

  // An open connection must only come by a token in this time.
  #patience(state: ConnectionState): number {
    const { timeToOpen, timeToAuthenticate, timeToClose } = this.#limits;
    if (state === "handshake") return timeToOpen;
    return state === "open" ? timeToAuthenticate : timeToClose;
  }
}
