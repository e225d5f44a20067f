/**
 * The hubs that mirror states: of each one reader, one sweep and how fast it may be asked. A hub is looked after from its
 * first device on for as long as it has any.
 */
import type { Random } from "../core/backoff.ts";
import { endsWithin, type Clock } from "../core/clock.ts";
import type { EventEndpoint, StateSettings } from "../core/device-state.ts";
import type { Failure } from "../core/failure.ts";
import type { HubConnection, Scope } from "../core/integration.ts";
import type { Log } from "../core/log.ts";
import type { NoHub, StateHubReport } from "../core/state-control.ts";
import type {
  DeviceStates,
  HubRemovals,
  ReadingPositions,
  StateConnectionCount,
  StateSettingsStore,
} from "../core/state-store.ts";
import type { ThingRecords } from "../core/thing-store.ts";
import type { TwinHub } from "../core/twin-hub.ts";
import type { HubChanges } from "./hub-changes.ts";
import { HubProbe } from "./hub-probe.ts";
import { hubSettings, isSameReading, type HubSettings, type Reading } from "./hub-settings.ts";
import { beginReading, Inbox } from "./inbox.ts";
import { LaterLooks } from "./later-looks.ts";
import { closePaces, mirrorHub, type MirrorHub } from "./mirror-hub.ts";
import { Removals } from "./removals.ts";
import { hubReport } from "./reports.ts";
import { Sweep } from "./sweep.ts";

/** How often it is looked which hubs have devices. */
const LOOK_MS = 30_000;
const STOP_MS = 6_000;
/** A hub that a Thing is about to be made in has none yet. */
const EXPECTED_MS = 5 * 60_000;

const NO_DEVICES = { devices: 0, things: 0, pending: 0, missing: 0, oldestPending: null } as const;

export interface StateHubsOptions {
  readonly store: DeviceStates & ReadingPositions & HubRemovals & Pick<StateSettingsStore, "allStateSettings">;
  readonly records: Pick<ThingRecords, "dropUnconfirmedThings">;
  /** One shared open client for each connection; `undefined` while nobody knows where its hub is. */
  readonly twinHub: (connectionId: string) => Promise<TwinHub | undefined>;
  readonly connection: (connectionId: string) => Promise<Pick<HubConnection, "hostName"> | null>;
  /** The hub of a scope. */
  readonly connectionFor: (scope: Scope) => Promise<{ readonly connectionId: string } | NoHub>;
  /** Where a connection's messages are read by the server's own settings. `null`: found through the hub. */
  readonly eventEndpoint: (connectionId: string) => EventEndpoint | null;
  /** How often a hub's twins are compared where nobody has set it. */
  readonly usualSweepSeconds: (hostName: string) => number;
  /** The server's own hub that is asked whether it takes us before it has devices; left out: none is. */
  readonly probed?: string;
  readonly changes: HubChanges;
  /** Why nothing is written to a hub now. */
  readonly writingFailure: (connectionId: string) => Failure | null;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What is done for a hub that has devices. */
interface Care {
  readonly hub: MirrorHub;
  readonly sweep: Sweep;
  readonly looks: LaterLooks;
  inbox: Inbox | null;
}

export class StateHubs {
  readonly removals: Removals;
  readonly #options: StateHubsOptions;
  readonly #probe: HubProbe | null;
  readonly #hubs = new Map<string, MirrorHub>();
  readonly #cares = new Map<string, Care>();
  readonly #settings = new Map<string, HubSettings>();
  /** When a Thing was last about to be made there, by `clock.elapsed`. */
  readonly #expected = new Map<string, number>();
  #looking: Promise<void> = Promise.resolve();
  /** A look that has not begun. */
  #nextLook: Promise<void> | null = null;
  #callOff: () => void = () => undefined;
  #isStopped = false;

  constructor(options: StateHubsOptions) {
    this.#options = options;
    const { store, clock, random, log, probed } = options;
    this.#probe = probed === undefined ? null : this.#probeOf(probed);
    this.removals = new Removals({ store, hub: (id) => this.hub(id), clock, random, log });
  }

  async start(): Promise<void> {
    const { records, log } = this.#options;
    const dropped = await records.dropUnconfirmedThings();
    if (dropped > 0) log.warn({ things: dropped }, "things.dropped_unconfirmed");
    this.removals.start();
    await this.#look();
    this.#probe?.start();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#callOff();
    this.#probe?.stop();
    for (const hub of this.#hubs.values()) closePaces(hub);
    await this.#nextLook;
    await this.#looking;
    const left = Promise.all([this.removals.stop(), ...[...this.#cares.keys()].map(async (id) => this.#leave(id))]);
    // A hub that does not answer does not keep the server from ending: what is not written down is done again.
    await endsWithin(this.#options.clock, STOP_MS, left);
  }

  /** `undefined` while nobody knows where it is. */
  async hub(connectionId: string): Promise<MirrorHub | undefined> {
    const twins = await this.#options.twinHub(connectionId);
    if (this.#isStopped) return undefined;
    const known = this.#hubs.get(connectionId);
    if (known !== undefined && known.twins === twins) return known;
    // Its client is closed: who waits for a turn waits for nothing.
    if (known !== undefined) closePaces(known);
    this.#hubs.delete(connectionId);
    if (twins === undefined) return undefined;
    const hub = mirrorHub(connectionId, twins, this.#options);
    this.#hubs.set(connectionId, hub);
    return hub;
  }

  /** A Thing is about to be made there: what its device sends from now on is read. */
  async expectThing(connectionId: string): Promise<void> {
    const { store, clock } = this.#options;
    this.#expected.set(connectionId, clock.elapsed());
    const inbox = this.#cares.get(connectionId)?.inbox ?? null;
    if (inbox !== null) return;
    const { reading } = await this.#settingsOf(connectionId);
    const counts = await store.stateConnections();
    const things = counts.find((count) => count.connectionId === connectionId)?.things ?? 0;
    // How far it was read for Things that are long gone would only keep the new one's messages waiting.
    await beginReading(store, connectionId, reading, { now: clock.now(), anew: things === 0 });
  }

  thingMade(connectionId: string, hubDeviceId: string): void {
    const inbox = this.#cares.get(connectionId)?.inbox ?? null;
    if (inbox === null) void this.#look();
    else inbox.thingMade(hubDeviceId);
  }

  /** It may connect, or not any more: whether it is connected is asked soon. */
  statusSet(connectionId: string, hubDeviceId: string): void {
    this.#cares.get(connectionId)?.looks.expect(hubDeviceId);
  }

  /** Works by the settings as they are now when it resolves. */
  async settingsChanged(): Promise<void> {
    this.#settings.clear();
    await this.#look();
    for (const [id, { sweep }] of this.#cares) {
      this.removals.retry(id);
      void sweep.now();
    }
  }

  /** Sweeps a hub now. */
  async sweep(connectionId: string): Promise<void> {
    await this.#cares.get(connectionId)?.sweep.now();
  }

  async reports(): Promise<readonly StateHubReport[]> {
    const { store } = this.#options;
    const counts = await store.stateConnections();
    const probed = this.#probe?.connectionId;
    const isKnown = probed === undefined || counts.some(({ connectionId }) => connectionId === probed);
    return Promise.all(
      (isKnown ? counts : [...counts, { connectionId: probed, ...NO_DEVICES }]).map(async (count) => {
        const { connectionId } = count;
        const care = this.#cares.get(connectionId);
        return hubReport({
          count,
          hostName: await this.#hostName(connectionId),
          removals: await store.hubRemovalCount(connectionId),
          consumerGroup: (await this.#settingsOf(connectionId)).reading.consumerGroup,
          reading: care?.inbox?.state() ?? null,
          sweep: care?.sweep.state() ?? null,
          writing: this.#options.writingFailure(connectionId) ?? this.#probed(connectionId),
        });
      }),
    );
  }

  #probeOf(connectionId: string): HubProbe {
    const { clock, log } = this.#options;
    return new HubProbe({
      connectionId,
      hostName: () => this.#hostName(connectionId),
      hub: () => this.hub(connectionId),
      isNeeded: () => !this.#cares.has(connectionId),
      clock,
      log,
    });
  }

  #probed(connectionId: string): Failure | null {
    return this.#probe?.connectionId === connectionId ? this.#probe.failure : null;
  }

  /** Looks which hubs have devices, from now on. One look at a time; never rejects. */
  #look(): Promise<void> {
    this.#callOff();
    this.#nextLook ??= this.#looking.then(() => {
      this.#nextLook = null;
      this.#looking = this.#lookOnce();
      return this.#looking;
    });
    return this.#nextLook;
  }

  async #lookOnce(): Promise<void> {
    const { store, clock, log } = this.#options;
    if (this.#isStopped) return;
    try {
      await this.#follow(await store.stateConnections());
    } catch (error) {
      log.warn({ reason: String(error) }, "hubs.not_looked");
    }
    this.#callOff();
    if (!this.#isStopped) this.#callOff = clock.after(LOOK_MS, () => void this.#look());
  }

  async #follow(counts: readonly StateConnectionCount[]): Promise<void> {
    this.#settings.clear();
    for (const { connectionId, things } of counts) {
      const hub = await this.hub(connectionId);
      if (hub === undefined) continue;
      if (this.#cares.get(connectionId)?.hub !== hub) await this.#leave(connectionId);
      const care = this.#cares.get(connectionId) ?? this.#care(hub, await this.#hostName(connectionId));
      await this.#read(care, things > 0 || this.#isExpected(connectionId));
    }
    const withDevices = new Set(counts.map(({ connectionId }) => connectionId));
    // Asked for, a hub whose connection is gone is forgotten.
    for (const id of this.#hubs.keys()) if (!withDevices.has(id)) await this.hub(id);
    for (const id of this.#cares.keys()) {
      const mayGetThings = this.#isExpected(id) && this.#hubs.has(id);
      if (!withDevices.has(id) && !mayGetThings) await this.#leave(id);
    }
    for (const id of this.#expected.keys()) if (!this.#isExpected(id)) this.#expected.delete(id);
  }

  #care(hub: MirrorHub, hostName: string): Care {
    const { store, changes, clock, random, log } = this.#options;
    const { connectionId } = hub;
    const everySeconds = (): number =>
      this.#settings.get(connectionId)?.sweepSeconds ?? this.#options.usualSweepSeconds(hostName);
    const sweep = new Sweep({ hub, states: store, changes, everySeconds, clock, random, log });
    const looks = new LaterLooks(clock, (hubDeviceId) => sweep.lookAt(hubDeviceId));
    const care: Care = { hub, sweep, looks, inbox: null };
    this.#cares.set(connectionId, care);
    sweep.start();
    return care;
  }

  /** Begins to read, reads elsewhere, or reads no more. */
  async #read(care: Care, isWanted: boolean): Promise<void> {
    const { store, changes, clock, log } = this.#options;
    const { hub } = care;
    const { reading } = await this.#settingsOf(hub.connectionId);
    const former = care.inbox;
    if (former !== null && (!isWanted || !isSameReading(former.reading, reading))) {
      await former.stop();
      care.inbox = null;
      await this.#goOnFrom(hub.connectionId, former.reading, reading);
    }
    if (!isWanted || care.inbox !== null) return;
    const lookAt = (hubDeviceId: string): void => care.sweep.lookAt(hubDeviceId);
    care.inbox = new Inbox({ hub, reading, store, changes, lookAt, clock, log });
    care.inbox.start();
  }

  /** Another consumer group begins where the former one was read to. */
  async #goOnFrom(connectionId: string, former: Reading, next: Reading): Promise<void> {
    const { store } = this.#options;
    if (former.consumerGroup === next.consumerGroup) return;
    const begun = await store.readingPositions(connectionId, former.consumerGroup);
    if (begun === null) return;
    const since = Math.min(...begun.positions.map(({ enqueuedTime }) => enqueuedTime));
    await store.beginReading(connectionId, next.consumerGroup, begun.positions.length === 0 ? begun.since : since);
  }

  async #leave(connectionId: string): Promise<void> {
    const care = this.#cares.get(connectionId);
    this.#cares.delete(connectionId);
    care?.looks.stop();
    await Promise.all([care?.inbox?.stop(), care?.sweep.stop()]);
  }

  async #hostName(connectionId: string): Promise<string> {
    return (await this.#options.connection(connectionId))?.hostName ?? "";
  }

  #isExpected(connectionId: string): boolean {
    const at = this.#expected.get(connectionId);
    return at !== undefined && this.#options.clock.elapsed() - at < EXPECTED_MS;
  }

  async #settingsOf(connectionId: string): Promise<HubSettings> {
    const known = this.#settings.get(connectionId);
    if (known !== undefined) return known;
    const settings = hubSettings(await this.#settingsIn(connectionId), this.#options.eventEndpoint(connectionId));
    this.#settings.set(connectionId, settings);
    return settings;
  }

  /** Of all scopes whose hub it is. */
  async #settingsIn(connectionId: string): Promise<readonly StateSettings[]> {
    const { store, connectionFor } = this.#options;
    const found: StateSettings[] = [];
    for (const { scope, settings } of await store.allStateSettings()) {
      const of = await connectionFor(scope);
      if ("connectionId" in of && of.connectionId === connectionId) found.push(settings);
    }
    return found;
  }
}
