/**
 * Compares all twins of a hub with what is kept here, again and again, and repairs what the stream did not tell: it may be
 * without routes for changes of twins, and tells some changes never. Cheap, as versions are compared and only twins that
 * moved are read; within the hub's throttles, as every ask goes through its pace.
 */
import type { Random } from "../core/backoff.ts";
import type { Clock } from "../core/clock.ts";
import type { DeviceState } from "../core/device-state.ts";
import type { Failure, Result } from "../core/failure.ts";
import type { Log } from "../core/log.ts";
import type { DeviceStates } from "../core/state-store.ts";
import type { TwinGlance, TwinView } from "../core/twin-hub.ts";
import { checkDevice, readTwin } from "./device-check.ts";
import type { HubChanges, StandingSeen } from "./hub-changes.ts";
import { compareGlance, isOlder, tagChanges } from "./in-step.ts";
import type { MirrorHub } from "./mirror-hub.ts";

const BY_NAME = 3_000;
/** Names in one query. */
const NAMES = 200;
const GLANCES = 1_000;
/** Twins that are handed to the engine together. */
const TOGETHER = 50;
const READS_AT_ONCE = 8;
/** Asked of the registry in one sweep, which is the hub's slowest part; the rest has its turn in the next. */
const REGISTRY_ASKS = 100;
const PATIENCE_MS = 5 * 60_000;
/** That a device was active is worth a write when it is that much later. */
const ACTIVITY_MS = 60_000;
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

class HubTrouble extends Error {
  readonly failure: Failure;

  constructor(failure: Failure) {
    super(failure.message);
    this.failure = failure;
  }
}

export class Sweep {
  readonly #options: SweepOptions;
  /** By hub device id, of those whose twin was read. */
  readonly #tags = new Map<string, number>();
  readonly #looks = new Set<string>();
  #state: SweepState = { lastAt: null, lastMs: null, repaired: 0, failure: null };
  #running: Promise<void> | null = null;
  /** A sweep that is to begin when the present one has ended. */
  #next: Promise<void> | null = null;
  #looking: Promise<void> | null = null;
  #isStopped = false;
  #registryAsks = 0;
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
      // Hubs that were swept together do not stay together.
      this.#callOff = clock.after(everySeconds() * 1_000 * (0.9 + 0.2 * random()), () => void this.now());
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
    const { clock, hub, log } = this.#options;
    const { connectionId } = hub;
    const began = clock.elapsed();
    this.#registryAsks = 0;
    try {
      const repaired = await this.#sweep();
      if (repaired > 0) log.info({ connectionId, repaired }, "sweep.repaired");
      if (this.#state.failure !== null) log.info({ connectionId }, "sweep.resumed");
      const lastMs = Math.round(clock.elapsed() - began);
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

  /** Returns how many states it repaired. */
  async #sweep(): Promise<number> {
    const { hub, states, byNameUpTo = BY_NAME } = this.#options;
    const counts = await states.stateConnections();
    const devices = counts.find(({ connectionId }) => connectionId === hub.connectionId)?.devices ?? 0;
    const present = new Set<string>();
    const repaired = devices <= byNameUpTo ? await this.#byName(present) : await this.#byPages(present);
    for (const id of this.#tags.keys()) if (!present.has(id)) this.#tags.delete(id);
    return repaired;
  }

  async #byName(present: Set<string>): Promise<number> {
    const { queries, twins } = this.#options.hub;
    return this.#eachPage(async (states) => {
      const ids = states.map(({ hubDeviceId }) => hubDeviceId);
      for (const id of ids) present.add(id);
      const glances = await this.#ask(() => queries.run(() => twins.glanceAt(ids), PATIENCE_MS));
      const glanced = byId(glances);
      return (await this.#compare(states, glanced)) + (await this.#absent(states, (id) => glanced.has(id)));
    });
  }

  async #byPages(present: Set<string>): Promise<number> {
    const { hub, states } = this.#options;
    let repaired = 0;
    const seen = new Set<string>();
    let page: string | null = null;
    do {
      const { twins, next }: GlancePage = await this.#glance(page);
      for (let from = 0; from < twins.length; from += NAMES) {
        const glanced = byId(twins.slice(from, from + NAMES));
        const ours = await states.statesInHub(hub.connectionId, [...glanced.keys()]);
        for (const id of ours.keys()) seen.add(id);
        repaired += await this.#compare([...ours.values()], glanced);
      }
      page = next;
    } while (page !== null);
    const absent = await this.#eachPage(async (some) => {
      for (const { hubDeviceId } of some) present.add(hubDeviceId);
      return this.#absent(some, (id) => seen.has(id));
    });
    return repaired + absent;
  }

  #glance(page: string | null): Promise<GlancePage> {
    const { queries, twins } = this.#options.hub;
    return this.#ask(() => queries.run(() => twins.glance({ page, size: GLANCES }), PATIENCE_MS));
  }

  /** All devices that have a state, a few at a time; adds up what is returned. */
  async #eachPage(work: (states: readonly DeviceState[]) => Promise<number>): Promise<number> {
    const { hub, states } = this.#options;
    let sum = 0;
    for (let after = ""; ;) {
      const some = await states.statesOf(hub.connectionId, { after, limit: NAMES });
      const last = some.at(-1);
      if (last === undefined) return sum;
      sum += await work(some);
      after = last.deviceId;
    }
  }

  /** What the hub showed of devices that have a state. */
  async #compare(states: readonly DeviceState[], glanced: ReadonlyMap<string, TwinGlance>): Promise<number> {
    const { hub, changes } = this.#options;
    const standings: StandingSeen[] = [];
    const moved: DeviceState[] = [];
    for (const state of states) {
      const glance = glanced.get(state.hubDeviceId);
      if (glance === undefined) continue;
      // Missing until now, or without a generation: the registry knows more than the twin.
      if (state.standing.missingSince !== null || state.standing.generationId === "") await this.#check(state);
      else if (compareGlance(state, glance, this.#tags.get(state.hubDeviceId)) !== "in_step") moved.push(state);
      const standing = newStanding(state, glance);
      if (standing !== null) standings.push(standing);
    }
    if (standings.length > 0) await changes.takeStandings(hub.connectionId, standings);
    return this.#read(moved);
  }

  /** Devices that a query did not show: it may be behind, or they are gone. */
  #absent(states: readonly DeviceState[], isSeen: (hubDeviceId: string) => boolean): Promise<number> {
    return this.#read(states.filter((state) => !isSeen(state.hubDeviceId) && state.standing.missingSince === null));
  }

  async #read(states: readonly DeviceState[]): Promise<number> {
    let repaired = 0;
    for (let from = 0; from < states.length; from += TOGETHER) {
      const read = await this.#readTogether(states.slice(from, from + TOGETHER));
      if (read.length > 0) repaired += await this.#options.changes.takeTwins(this.#options.hub.connectionId, read);
      for (const twin of read) this.#tags.set(twin.deviceId, tagChanges(twin));
    }
    return repaired;
  }

  /** The twins of those that are the same devices as before; of the others the registry is asked. */
  async #readTogether(states: readonly DeviceState[]): Promise<readonly TwinView[]> {
    const { hub } = this.#options;
    const left = [...states];
    const read: TwinView[] = [];
    const work = async (): Promise<void> => {
      for (let state = left.shift(); state !== undefined; state = left.shift()) {
        const { hubDeviceId } = state;
        const twin = await this.#ask(() => readTwin(hub, hubDeviceId));
        if (twin === null || isOlder(twin, state)) await this.#check(state);
        else read.push(twin);
      }
    };
    await Promise.all(Array.from({ length: READS_AT_ONCE }, work));
    return read;
  }

  async #check({ hubDeviceId }: DeviceState): Promise<void> {
    const { hub, changes } = this.#options;
    this.#tags.delete(hubDeviceId);
    if (this.#registryAsks++ >= REGISTRY_ASKS) return;
    const failure = await checkDevice(hub, changes, hubDeviceId);
    if (failure !== null) throw new HubTrouble(failure);
  }

  async #ask<T>(ask: () => Promise<Result<T>>): Promise<T> {
    if (this.#isStopped) throw new Error("The sweep is stopped.");
    const asked = await ask();
    if (!asked.ok) throw new HubTrouble(asked.failure);
    return asked.value;
  }
}

interface GlancePage {
  readonly twins: readonly TwinGlance[];
  readonly next: string | null;
}

function byId(glances: readonly TwinGlance[]): ReadonlyMap<string, TwinGlance> {
  return new Map(glances.map((glance) => [glance.deviceId, glance]));
}

/** `null`: nothing worth a write. */
function newStanding({ standing, hubDeviceId }: DeviceState, glance: TwinGlance): StandingSeen | null {
  const { status, connectionState, lastActivity } = glance;
  const isLater = (lastActivity ?? 0) >= (standing.lastActivity ?? 0) + ACTIVITY_MS;
  const isSame = status === standing.status && connectionState === standing.connectionState && !isLater;
  return isSame ? null : { hubDeviceId, status, connectionState, lastActivity };
}
