/**
 * What a hub's stream tells of devices that have a state here: their messages, changes of their twins, that they come and
 * go. How far it was read is written after what was read has had its effect, so that nothing is missed; what is read twice
 * changes nothing. Events of all other devices of the hub are passed over without asking the store each time.
 */
import type { Clock } from "../core/clock.ts";
import type { DeviceState } from "../core/device-state.ts";
import type { Failure } from "../core/failure.ts";
import type { Log } from "../core/log.ts";
import { Recent } from "../core/recent.ts";
import type { StateHubReport } from "../core/state-control.ts";
import type { DeviceStates, ReadingPositions } from "../core/state-store.ts";
import type { StreamEvent } from "../core/twin-hub.ts";
import { Activity } from "./activity.ts";
import { checkDevice } from "./device-check.ts";
import type { HubChanges, StandingSeen, TelemetrySeen, TwinChangeSeen } from "./hub-changes.ts";
import type { Reading } from "./hub-settings.ts";
import type { MirrorHub } from "./mirror-hub.ts";
import { mayConcern, readEvent, type Told } from "./stream-events.ts";

/** The hub's clock may differ from ours by that much when reading begins. */
const CLOCKS_DIFFER_MS = 5 * 60_000;
const ACTIVITY_MS = 60_000;
/** After which a reader that ended begins again. */
const RESTART_MS = 60_000;
const UNKNOWN_DEVICES = 50_000;
const FORMER_GENERATIONS = 2_000;

export interface InboxOptions {
  readonly hub: MirrorHub;
  readonly reading: Reading;
  readonly store: ReadingPositions & Pick<DeviceStates, "statesInHub">;
  readonly changes: HubChanges;
  /** The registry is to be asked about this device, by whoever has the time. */
  readonly lookAt: (hubDeviceId: string) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Notes that reading begins now, unless it has begun; `anew`: also when it has. */
export async function beginReading(
  store: Pick<ReadingPositions, "beginReading" | "restartReading">,
  connectionId: string,
  { consumerGroup }: Reading,
  { now, anew = false }: { readonly now: number; readonly anew?: boolean },
): Promise<void> {
  const since = now - CLOCKS_DIFFER_MS;
  await store.beginReading(connectionId, consumerGroup, since);
  if (anew) await store.restartReading(connectionId, consumerGroup, since);
}

export class Inbox {
  readonly reading: Reading;
  readonly #options: InboxOptions;
  readonly #abort = new AbortController();
  readonly #activity = new Activity();
  readonly #unknown = new Recent<string, true>(UNKNOWN_DEVICES);
  /** Of devices that were made anew: what their former generations sent is late. By device and generation. */
  readonly #former = new Recent<string, true>(FORMER_GENERATIONS);
  /** Things made so far: who was looked up before one was made may be there by now. */
  #made = 0;
  #failure: Failure | null = null;
  #isReading = false;
  #lastEventAt: number | null = null;
  /** By partition, events that wait in the hub. */
  readonly #behind = new Map<string, number>();
  #expired = 0;
  #done: Promise<void> = Promise.resolve();
  #callOffActivity: () => void = () => undefined;
  #callOffRestart: () => void = () => undefined;

  constructor(options: InboxOptions) {
    this.#options = options;
    this.reading = options.reading;
  }

  start(): void {
    const { hub, log, clock } = this.#options;
    const { connectionId } = hub;
    this.#done = this.#read().catch((error: unknown) => {
      this.#isReading = false;
      this.#failure = { code: "hub_error", message: "The hub's messages are not read: the reader ended." };
      log.error({ connectionId, reason: String(error) }, "reading.ended");
      // Only a mistake of this server's own ends a reader; it is not to be the end of all reading.
      if (!this.#abort.signal.aborted) this.#callOffRestart = clock.after(RESTART_MS, () => this.start());
    });
    this.#writeActivityLater();
  }

  async stop(): Promise<void> {
    this.#abort.abort();
    this.#callOffActivity();
    this.#callOffRestart();
    await this.#done;
    await this.#writeActivity().catch(() => undefined); // the sweep finds it
  }

  /** A Thing was made: who was unknown is known. */
  thingMade(hubDeviceId: string): void {
    this.#made += 1;
    this.#unknown.delete(hubDeviceId);
  }

  state(): Omit<StateHubReport["reading"], "consumerGroup"> {
    const behind = [...this.#behind.values()];
    return {
      isReading: this.#isReading,
      failure: this.#failure,
      lastEventAt: this.#lastEventAt,
      behind: behind.length === 0 ? null : behind.reduce((sum, events) => sum + events, 0),
      expired: this.#expired,
    };
  }

  async #read(): Promise<void> {
    const { hub, reading, store, clock, log } = this.#options;
    const { connectionId } = hub;
    const { consumerGroup, endpoint } = reading;
    await beginReading(store, connectionId, reading, { now: clock.now() });
    const begun = await store.readingPositions(connectionId, consumerGroup);
    const since = begun?.since ?? clock.now() - CLOCKS_DIFFER_MS;
    if (this.#abort.signal.aborted) return;
    await hub.twins.read({
      consumerGroup,
      endpoint,
      since,
      after: new Map((begun?.positions ?? []).map((position) => [position.partitionId, position])),
      onEvents: (events) => this.#take(events),
      onTrouble: (failure) => this.#trouble(failure),
      onRestarted: (partitionId) => {
        log.warn({ connectionId, partitionId }, "reading.stream_restarted");
        void store.restartReading(connectionId, consumerGroup, since).catch(() => undefined); // the store ends the process
      },
      onBehind: (partitionId, events) => this.#behind.set(partitionId, events),
      onExpired: (_partitionId, events) => (this.#expired += events),
      signal: this.#abort.signal,
    });
    this.#isReading = false;
  }

  #trouble(failure: Failure | null): void {
    const { log, hub } = this.#options;
    const { connectionId } = hub;
    if (failure !== null && failure.code !== this.#failure?.code) {
      log.warn({ connectionId, code: failure.code, reason: failure.message }, "reading.troubled");
    } else if (failure === null && this.#failure !== null) log.info({ connectionId }, "reading.resumed");
    this.#failure = failure;
    this.#isReading = failure === null;
  }

  async #take(events: readonly StreamEvent[]): Promise<void> {
    const last = events.at(-1);
    if (last === undefined) return;
    const { store, hub, reading } = this.#options;
    await this.#takeAll(events.filter(mayConcern));
    const { partitionId, offset, sequenceNumber, enqueuedTime } = last;
    const position = { partitionId, offset, sequenceNumber, enqueuedTime };
    await store.saveReadingPosition(hub.connectionId, reading.consumerGroup, position);
    this.#lastEventAt = Math.max(this.#lastEventAt ?? 0, enqueuedTime);
  }

  async #takeAll(events: readonly StreamEvent[]): Promise<void> {
    const { hub, changes, lookAt } = this.#options;
    const { connectionId } = hub;
    const states = await this.#known(new Set(events.map(({ deviceId }) => deviceId)));
    // Bodies are parsed when they are looked at: only those of devices that have a state.
    const known = events.filter((event) => concerns(event, states.get(event.deviceId))).flatMap(toldOf);
    await this.#check(known, states);
    const telemetry: TelemetrySeen[] = [];
    const twinChanges: TwinChangeSeen[] = [];
    const standings: StandingSeen[] = [];
    let isMuch = false;
    for (const { event, told } of known) {
      if (told.kind === "telemetry" && this.#former.get(generationKey(event)) === true) continue;
      if (told.kind === "twin") twinChanges.push(told.change);
      else if (told.kind === "standing") standings.push(told.standing);
      else if (told.kind !== "telemetry" && isNews(told, states.get(event.deviceId))) lookAt(event.deviceId);
      if (told.kind !== "telemetry") continue;
      if (told.telemetry !== null) telemetry.push(told.telemetry);
      // Its first word ever: that it is connected is shown now, and not after the next sweep.
      const isFirst = states.get(event.deviceId)?.standing.lastActivity === null;
      if (isFirst && !this.#activity.has(event.deviceId)) lookAt(event.deviceId);
      if (this.#activity.note(event.deviceId, event.enqueuedTime)) isMuch = true;
    }
    if (telemetry.length > 0) await changes.takeTelemetry(connectionId, telemetry);
    if (twinChanges.length > 0) await changes.takeTwinChanges(connectionId, twinChanges);
    if (standings.length > 0) await changes.takeStandings(connectionId, standings);
    if (isMuch) await this.#writeActivity();
  }

  async #known(ids: ReadonlySet<string>): Promise<ReadonlyMap<string, DeviceState>> {
    const { store, hub } = this.#options;
    const asked = [...ids].filter((id) => this.#unknown.get(id) === undefined);
    if (asked.length === 0) return new Map();
    const made = this.#made;
    const states = await store.statesInHub(hub.connectionId, asked);
    if (made === this.#made) for (const id of asked) if (!states.has(id)) this.#unknown.set(id, true);
    return states;
  }

  /**
   * A message of another generation than is known comes from before the device was made anew, or from after: the registry
   * knows. Until it has said so nothing is taken.
   */
  async #check(known: readonly ToldOfDevice[], states: ReadonlyMap<string, DeviceState>): Promise<void> {
    const { hub, changes, store } = this.#options;
    const doubtful = known.filter(({ event, told }) => told.kind === "telemetry" && this.#isDoubtful(event, states));
    if (doubtful.length === 0) return;
    const ids = new Set(doubtful.map(({ event }) => event.deviceId));
    for (const hubDeviceId of ids) {
      const failure = await checkDevice(hub, changes, hubDeviceId);
      if (failure !== null) throw new Error(failure.message);
    }
    const now = await store.statesInHub(hub.connectionId, [...ids]);
    for (const { event } of doubtful) {
      const present = now.get(event.deviceId)?.standing.generationId;
      if (event.generationId !== present) this.#former.set(generationKey(event), true);
    }
  }

  #isDoubtful(event: StreamEvent, states: ReadonlyMap<string, DeviceState>): boolean {
    const generation = states.get(event.deviceId)?.standing.generationId ?? "";
    const isOther = generation !== "" && event.generationId !== "" && event.generationId !== generation;
    return isOther && this.#former.get(generationKey(event)) === undefined;
  }

  #writeActivityLater(): void {
    this.#callOffActivity();
    this.#callOffActivity = this.#options.clock.after(ACTIVITY_MS, () => {
      const { log, hub } = this.#options;
      void this.#writeActivity().catch((error: unknown) =>
        log.warn({ connectionId: hub.connectionId, reason: String(error) }, "activity.not_written"),
      );
      // A device that publishes here may have got a state meanwhile.
      this.#unknown.deleteWhere(() => true);
      if (!this.#abort.signal.aborted) this.#writeActivityLater();
    });
  }

  async #writeActivity(): Promise<void> {
    const seen = this.#activity.take();
    if (seen.length > 0) await this.#options.changes.takeStandings(this.#options.hub.connectionId, seen);
  }
}

/** Messages of a device that publishes here are events, and no part of its state. */
function concerns({ source }: StreamEvent, state: DeviceState | undefined): boolean {
  return state !== undefined && (state.reach === "itself" || source !== "Telemetry");
}

interface ToldOfDevice {
  readonly event: StreamEvent;
  readonly told: Told;
}

function toldOf(event: StreamEvent): readonly ToldOfDevice[] {
  const told = readEvent(event);
  return told === null ? [] : [{ event, told }];
}

/** That we made a device ourselves is none. */
function isNews({ kind }: Told, state: DeviceState | undefined): boolean {
  const isMissing = state?.standing.missingSince !== null;
  return kind === "deleted" ? !isMissing : isMissing;
}

function generationKey({ deviceId, generationId }: StreamEvent): string {
  return `${deviceId} ${generationId ?? ""}`;
}
