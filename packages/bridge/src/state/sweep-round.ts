/** One comparison of all twins of a hub with what is kept here. */
import type { DeviceState } from "../core/device-state.ts";
import type { DeviceStates } from "../core/state-store.ts";
import type { TwinGlance } from "../core/twin-hub.ts";
import type { StandingSeen } from "./hub-changes.ts";
import { compareGlance } from "./in-step.ts";
import { MovedTwins, valueOf, type Moved, type MovedTwinsOptions } from "./moved-twins.ts";

/** Names in one query; states in memory at once. */
const NAMES = 200;
const GLANCES = 1_000;
/** Looked for in one round, of those that a hub with many devices did not show: the rest has its turn in the next. */
const ABSENT = 1_000;
const PATIENCE_MS = 5 * 60_000;
/** That a device was active is worth a write when it is that much later. */
const ACTIVITY_MS = 60_000;

export interface SweepRoundOptions extends MovedTwinsOptions {
  readonly states: Pick<DeviceStates, "statesOf" | "statesInHub" | "stateConnections">;
  /** Up to so many devices the hub is asked for ours by name; beyond, page by page for all it has. */
  readonly byNameUpTo: number;
}

export class SweepRound {
  readonly #options: SweepRoundOptions;
  readonly #twins: MovedTwins;
  /** Devices that have a state, by hub device id. */
  readonly #present = new Set<string>();

  constructor(options: SweepRoundOptions) {
    this.#options = options;
    this.#twins = new MovedTwins(options);
  }

  /** Devices that were compared. */
  get devices(): number {
    return this.#present.size;
  }

  /** Returns how many states it repaired. Throws a `HubTrouble`, or an error when it is stopped. */
  async run(): Promise<number> {
    const { hub, states, byNameUpTo, tags } = this.#options;
    const counts = await states.stateConnections();
    const devices = counts.find(({ connectionId }) => connectionId === hub.connectionId)?.devices ?? 0;
    const repaired = devices <= byNameUpTo ? await this.#byName() : await this.#byPages();
    for (const id of tags.keys()) if (!this.#present.has(id)) tags.delete(id);
    return repaired;
  }

  async #byName(): Promise<number> {
    const { queries, twins } = this.#options.hub;
    let repaired = 0;
    await this.#eachPage(async (states) => {
      const ids = states.map(({ hubDeviceId }) => hubDeviceId);
      for (const id of ids) this.#present.add(id);
      const glanced = byId(valueOf(await queries.run(() => twins.glanceAt(ids), PATIENCE_MS)));
      const moved = await this.#compare(states, glanced);
      const absent = states.filter(({ hubDeviceId }) => !glanced.has(hubDeviceId));
      repaired += await this.#twins.read([...moved, ...absent.flatMap(toLookFor)], Infinity);
    });
    return repaired;
  }

  async #byPages(): Promise<number> {
    const { hub, states } = this.#options;
    const seen = new Set<string>();
    const moved: Moved[] = [];
    let inHub = 0;
    let lookedFor = 0;
    await this.#eachGlance(async (glances) => {
      inHub += glances.length;
      const glanced = byId(glances);
      const ours = await states.statesInHub(hub.connectionId, [...glanced.keys()]);
      for (const id of ours.keys()) seen.add(id);
      moved.push(...(await this.#compare([...ours.values()], glanced)));
    });
    await this.#eachPage(async (some) => {
      for (const { hubDeviceId } of some) this.#present.add(hubDeviceId);
      const absent = some.filter(({ hubDeviceId }) => !seen.has(hubDeviceId)).flatMap(toLookFor);
      moved.push(...absent.slice(0, ABSENT - lookedFor));
      lookedFor = Math.min(ABSENT, lookedFor + absent.length);
    });
    return this.#twins.read(moved, inHub);
  }

  /** What the hub showed of devices that have a state. Returns those whose twin is to be read. */
  async #compare(states: readonly DeviceState[], glanced: ReadonlyMap<string, TwinGlance>): Promise<readonly Moved[]> {
    const { hub, changes, tags } = this.#options;
    const standings: StandingSeen[] = [];
    const moved: Moved[] = [];
    for (const state of states) {
      const { hubDeviceId, standing } = state;
      const glance = glanced.get(hubDeviceId);
      if (glance === undefined) continue;
      // Missing until now, or without a generation: the registry knows more than the twin.
      if (standing.missingSince !== null || standing.generationId === "") await this.#twins.check(hubDeviceId);
      else if (compareGlance(state, glance, tags.get(hubDeviceId)) !== "in_step") {
        moved.push(movedOf(state, glance.version));
      }
      const news = newStanding(state, glance);
      if (news !== null) standings.push(news);
    }
    if (standings.length > 0) await changes.takeStandings(hub.connectionId, standings);
    return moved;
  }

  /** All twins of the hub, a few at a time. */
  async #eachGlance(work: (glances: readonly TwinGlance[]) => Promise<void>): Promise<void> {
    const { queries, twins } = this.#options.hub;
    let page: string | null = null;
    do {
      const at: string | null = page;
      const read: GlancePage = valueOf(await queries.run(() => twins.glance({ page: at, size: GLANCES }), PATIENCE_MS));
      for (let from = 0; from < read.twins.length; from += NAMES) {
        this.#mayGoOn();
        await work(read.twins.slice(from, from + NAMES));
      }
      page = read.next;
    } while (page !== null);
  }

  /** All devices that have a state, a few at a time. */
  async #eachPage(work: (states: readonly DeviceState[]) => Promise<void>): Promise<void> {
    const { hub, states } = this.#options;
    for (let after = ""; ;) {
      this.#mayGoOn();
      const some = await states.statesOf(hub.connectionId, { after, limit: NAMES });
      const last = some.at(-1);
      if (last === undefined) return;
      await work(some);
      after = last.deviceId;
    }
  }

  #mayGoOn(): void {
    if (this.#options.isStopped()) throw new Error("The sweep is stopped.");
  }
}

interface GlancePage {
  readonly twins: readonly TwinGlance[];
  readonly next: string | null;
}

function byId(glances: readonly TwinGlance[]): ReadonlyMap<string, TwinGlance> {
  return new Map(glances.map((glance) => [glance.deviceId, glance]));
}

function movedOf({ hubDeviceId, desired, reported }: DeviceState, version: number): Moved {
  return { hubDeviceId, desired: desired.version, reported: reported.version, version };
}

/** Of a device that a query did not show: it may be behind, or the device is gone, which is news once. */
function toLookFor(state: DeviceState): readonly Moved[] {
  return state.standing.missingSince === null ? [movedOf(state, 0)] : [];
}

/** `null`: nothing worth a write. When a device that publishes here is connected, this server knows best. */
function newStanding({ standing, hubDeviceId, reach }: DeviceState, glance: TwinGlance): StandingSeen | null {
  const { status, connectionState, lastActivity } = glance;
  if (reach === "bridge") return status === standing.status ? null : { hubDeviceId, status };
  const isLater = (lastActivity ?? 0) >= (standing.lastActivity ?? 0) + ACTIVITY_MS;
  const isSame = status === standing.status && connectionState === standing.connectionState && !isLater;
  return isSame ? null : { hubDeviceId, status, connectionState, lastActivity };
}
