/**
 * Compares all twins of a hub with what is kept here, again and again, and repairs what the stream did not tell: it may be
 * without routes for changes of twins, and tells some changes never. Cheap, as versions are compared and only twins that
 * moved are read; within the hub's throttles, as every ask goes through its pace.
 */
import type { Random } from "../core/backoff.ts";
import type { Clock } from "../core/clock.ts";
import type { Failure } from "../core/failure.ts";
import type { Log } from "../core/log.ts";
import type { DeviceStates } from "../core/state-store.ts";
import { checkDevice } from "./device-check.ts";
import type { HubChanges } from "./hub-changes.ts";
import type { MirrorHub } from "./mirror-hub.ts";
import { HubTrouble } from "./moved-twins.ts";
import { SweepRound } from "./sweep-round.ts";

const BY_NAME = 3_000;
/** So many times as long as a sweep takes, none is made: comparing is not to be most of the server's work. */
const LEISURE = 9;
/** What took longer mostly waited for the hub: of a whole sweep, and of each of its devices. */
const LONGEST_LEISURE_MS = 60_000;
const LONGEST_EACH_MS = 5;
/** Devices that somebody asked to look at. */
const LOOKS = 10_000;

export interface SweepOptions {
  readonly hub: MirrorHub;
  readonly states: Pick<DeviceStates, "statesOf" | "statesInHub" | "stateConnections">;
  readonly changes: HubChanges;
  readonly everySeconds: () => number;
  /** Up to here the hub is asked for our devices by name; beyond, page by page for all it has. */
  readonly byNameUpTo?: number;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

export interface SweepState {
  /** Unix milliseconds of the last one that came to its end. */
  readonly lastAt: number | null;
  readonly lastMs: number | null;
  /** States repaired since the start. */
  readonly repaired: number;
  readonly failure: Failure | null;
}

export class Sweep {
  readonly #options: SweepOptions;
  /** By hub device id, of those whose twin was read. */
  readonly #tags = new Map<string, number>();
  readonly #looks = new Set<string>();
  #state: SweepState = { lastAt: null, lastMs: null, repaired: 0, failure: null };
  /** What the last one was to this server. */
  #workMs = 0;
  #running: Promise<void> | null = null;
  /** A sweep that is to begin when the present one has ended. */
  #next: Promise<void> | null = null;
  #looking: Promise<void> | null = null;
  #isStopped = false;
  #callOff: () => void = () => undefined;

  constructor(options: SweepOptions) {
    this.#options = options;
  }

  /** Sweeps at once, and then again and again. */
  start(): void {
    void this.now();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#callOff();
    await this.#next;
    await this.#running;
    await this.#looking;
  }

  state(): SweepState {
    return this.#state;
  }

  /** Resolves when a sweep that began from now on has ended. Never rejects. */
  now(): Promise<void> {
    if (this.#running === null) return this.#begin();
    this.#next ??= this.#running.then(() => {
      this.#next = null;
      return this.#begin();
    });
    return this.#next;
  }

  #begin(): Promise<void> {
    this.#callOff();
    if (this.#isStopped) return Promise.resolve();
    this.#running = this.#run().finally(() => {
      this.#running = null;
      if (this.#isStopped) return;
      const { clock, random, everySeconds } = this.#options;
      const wait = Math.max(everySeconds() * 1_000, Math.min(this.#workMs * LEISURE, LONGEST_LEISURE_MS));
      // Hubs that were swept together do not stay together.
      this.#callOff = clock.after(wait * (0.9 + 0.2 * random()), () => void this.now());
    });
    return this.#running;
  }

  /** The registry is to be asked about this device soon. */
  lookAt(hubDeviceId: string): void {
    if (this.#isStopped || this.#looks.size >= LOOKS) return;
    this.#looks.add(hubDeviceId);
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
    });
  }

  async #look(): Promise<void> {
    const { hub, changes, log } = this.#options;
    try {
      for (const hubDeviceId of this.#looks) {
        if (this.#isStopped) return;
        this.#looks.delete(hubDeviceId);
        await checkDevice(hub, changes, hubDeviceId);
      }
    } catch (error) {
      log.warn({ connectionId: hub.connectionId, reason: String(error) }, "device.not_looked_at");
    }
  }

  async #run(): Promise<void> {
    const { clock, hub, states, changes, byNameUpTo = BY_NAME, log } = this.#options;
    const { connectionId } = hub;
    const began = clock.elapsed();
    try {
      const tags = this.#tags;
      const isStopped = (): boolean => this.#isStopped;
      const round = new SweepRound({ hub, states, changes, tags, byNameUpTo, isStopped });
      const repaired = await round.run();
      if (repaired > 0) log.info({ connectionId, repaired }, "sweep.repaired");
      if (this.#state.failure !== null) log.info({ connectionId }, "sweep.resumed");
      const lastMs = Math.round(clock.elapsed() - began);
      this.#workMs = Math.min(lastMs, round.devices * LONGEST_EACH_MS);
      this.#state = { lastAt: clock.now(), lastMs, repaired: this.#state.repaired + repaired, failure: null };
    } catch (error) {
      this.#failed(error);
    }
  }

  #failed(error: unknown): void {
    const { hub, log } = this.#options;
    const { connectionId } = hub;
    if (this.#isStopped) return;
    if (!(error instanceof HubTrouble)) {
      log.error({ connectionId, reason: String(error) }, "sweep.failed");
      return;
    }
    const { failure } = error;
    if (failure.code !== this.#state.failure?.code) {
      log.warn({ connectionId, code: failure.code, reason: failure.message }, "sweep.failed");
    }
    this.#state = { ...this.#state, failure };
  }
}
