/** One hub connection at work: its client, its gate, its identities, and the lanes that are ready to send through it. */
import type { HubClient } from "../core/hub-client.ts";
import type { Identities } from "../core/identities.ts";
import type { HubConnection } from "../core/integration.ts";
import type { Log } from "../core/log.ts";
import type { ConnectionState } from "../core/ports.ts";
import { HubGate } from "./hub-gate.ts";
import { IdentitySync } from "./identity-sync.ts";
import type { Lane } from "./lane.ts";

export interface HubLineOptions {
  readonly connection: HubConnection;
  readonly client: HubClient;
  readonly identities: Identities;
  readonly log: Log;
  readonly now: () => number;
  /** Sends under way at once. */
  readonly maxInFlight: number;
  /** Delivers the lane's next delivery; resolves when the lane has left the line. */
  readonly run: (lane: Lane, line: HubLine) => Promise<void>;
}

export class HubLine {
  readonly connection: HubConnection;
  readonly client: HubClient;
  readonly identities: IdentitySync;
  readonly gate: HubGate;
  readonly #options: HubLineOptions;
  #ready: Lane[] = [];
  #head = 0;
  #blocked = new Set<Lane>();
  #inFlight = 0;
  #stopped = false;

  constructor(options: HubLineOptions) {
    this.#options = options;
    this.connection = options.connection;
    this.client = options.client;
    this.identities = new IdentitySync({
      connectionId: options.connection.id,
      client: options.client,
      identities: options.identities,
      log: options.log,
      now: options.now,
    });
    this.gate = new HubGate(() => this.#unblock(), options.now);
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  get state(): ConnectionState {
    const { id, hostName, policyName } = this.connection;
    const { failure, nextProbeAt } = this.gate;
    const state = failure === null ? (this.#inFlight > 0 ? "open" : "idle") : "paused";
    return { connectionId: id, hostName, policyName, state, failure, nextProbeAt, inFlight: this.#inFlight };
  }

  /** Puts a lane at the end of the line. */
  enqueue(lane: Lane): void {
    lane.status = "ready";
    this.#ready.push(lane);
    this.#pump();
  }

  /** Keeps a lane until the gate opens. */
  block(lane: Lane): void {
    lane.status = "blocked";
    this.#blocked.add(lane);
    // The first to wait may come after the gate's timer has fired: sends under way take their time to fail.
    if (this.#blocked.size === 1) this.gate.wake();
  }

  /** Lanes that wait in this line or at its gate; they are taken out. */
  drain(belongs: (lane: Lane) => boolean): Lane[] {
    const waiting = [...this.#ready.slice(this.#head), ...this.#blocked];
    const leaving = waiting.filter(belongs);
    this.#ready = this.#ready.slice(this.#head).filter((lane) => !belongs(lane));
    this.#head = 0;
    for (const lane of leaving) this.#blocked.delete(lane);
    return leaving;
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.gate.stop();
    await this.client.close();
  }

  #unblock(): void {
    const lanes = this.#blocked;
    this.#blocked = new Set();
    for (const lane of lanes) this.enqueue(lane);
  }

  #pump(): void {
    while (!this.#stopped && this.#inFlight < this.#options.maxInFlight && this.#head < this.#ready.length) {
      const lane = this.#ready[this.#head++]!;
      // Compact now and then: shifting an array of thousands for each lane would cost more than sending.
      if (this.#head > 1024 && this.#head * 2 > this.#ready.length) {
        this.#ready = this.#ready.slice(this.#head);
        this.#head = 0;
      }
      this.#inFlight += 1;
      this.#options
        .run(lane, this)
        .catch((error: unknown) => {
          this.#options.log.error({ lane: lane.key, reason: String(error) }, "lane.failed");
        })
        .finally(() => {
          this.#inFlight -= 1;
          this.#pump();
        });
    }
  }
}
