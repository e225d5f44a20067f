/**
 * The heart of device states: what is written here goes into the record and from there to the hub; what the hub shows goes
 * into the record. Everything that must survive is in the record; what the engine keeps in memory only makes it quick.
 */
import type { Random } from "../core/backoff.ts";
import { endsWithin, type Clock } from "../core/clock.ts";
import { STATE_DEFAULTS, type DeviceState, type StateChange, type StateSettings } from "../core/device-state.ts";
import type { Device } from "../core/device.ts";
import type { Failure } from "../core/failure.ts";
import type { Scope } from "../core/integration.ts";
import type { Log } from "../core/log.ts";
import { Recent } from "../core/recent.ts";
import type { DesiredView, NoHub, StateControl, StateCounts, StateWritten } from "../core/state-control.ts";
import type { DeviceStates } from "../core/state-store.ts";
import type { NoteTwinChange } from "../core/twin-history.ts";
import type { TwinHub } from "../core/twin-hub.ts";
import { joinHub } from "./document/hub-answer.ts";
import { pendingTarget } from "./document/pending.ts";
import { emptyState, reportState, wholeFault, writeState, type Written } from "./document/writing.ts";
import type { HubChanges, StatePushing } from "./hub-changes.ts";
import { createHubIntake } from "./hub-intake.ts";
import { HubPusher } from "./pushing/hub-pusher.ts";
import { twinSightings } from "./twin-sightings.ts";
import { StateCounter } from "./state-counter.ts";
import { inTurn, StateRecords } from "./state-records.ts";

/** Writers of one record at once; each round one of them gets on. */
const STALE_TRIES = 100;
/** Of Things, whose scope never changes. */
const MAX_KNOWN_SCOPES = 50_000;

export interface StateEngineOptions {
  readonly states: DeviceStates;
  readonly device: (deviceId: string) => Promise<Device | null>;
  readonly settingsOf: (scope: Scope) => Promise<StateSettings>;
  /** One client for each connection, shared. `undefined`: nobody knows where the hub is. */
  readonly hub: (connectionId: string) => Promise<TwinHub | undefined> | TwinHub | undefined;
  /** Which hub mirrors what is new in that scope; `message`: why none does. */
  readonly connectionFor: (scope: Scope) => Promise<{ readonly connectionId: string } | NoHub>;
  /** What is seen or written of twins, for their history. */
  readonly noteTwinChange?: NoteTwinChange;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** What faces ask of states, but for how hubs are watched. */
export type StateFace = Omit<StateControl, "hubs" | "settingsChanged">;

export interface StateEngine extends StateFace, HubChanges, StatePushing {
  /** Pushes what the store has for each connection that mirrors states, and forgets those that do no more. */
  start(): Promise<void>;
  stop(): Promise<void>;
  /** The connection has other keys, or its hub is back: tried at once. */
  mended(connectionId: string): void;
  /** Why nothing is written to that hub now; `null` when it is. */
  failureOf(connectionId: string): Failure | null;
  counts(): StateCounts;
}

export function createStateEngine(options: StateEngineOptions): StateEngine {
  const { states, noteTwinChange, clock, random, log } = options;
  const pushers = new Map<string, HubPusher>();
  const listeners: ((view: DesiredView) => void)[] = [];
  const scopes = new Recent<string, Scope>(MAX_KNOWN_SCOPES);
  let stopped = false;

  const counter = new StateCounter();
  const records = new StateRecords({ states, onSaved });
  const intake = createHubIntake({
    states,
    records,
    settingsOf,
    now: () => clock.now(),
    read: (connectionId, deviceId) => pusherOf(connectionId).read(deviceId),
    log,
  });

  function onSaved(before: DeviceState, change: StateChange): void {
    counter.saved(before, change);
    const { next, conflicts } = change;
    if (noteTwinChange) for (const seen of twinSightings(before, next, clock.now())) noteTwinChange(seen);
    for (const { deviceId, path, rule, kept, theirSource } of conflicts) {
      log.info({ deviceId, path, rule, kept, theirSource }, "state.conflict");
    }
    if (next.reach === "bridge" && isOtherwiseDesired(before, next)) {
      for (const listener of listeners) listener(desiredView(next));
    }
    // Of somebody else's change only a device made anew, or a hub just joined, leaves something to write.
    if (before.pendingSince === null && next.pendingSince !== null) void pushed(next);
  }

  function pusherOf(connectionId: string): HubPusher {
    const known = pushers.get(connectionId);
    if (known !== undefined) return known;
    const { hub } = options;
    const onPushed = counter.pushed.bind(counter);
    const pusher = new HubPusher({ connectionId, hub, states, records, settingsOf, onPushed, clock, random, log });
    pushers.set(connectionId, pusher);
    if (!stopped) pusher.start();
    return pusher;
  }

  async function settingsOf({ deviceId, reach }: DeviceState): Promise<StateSettings> {
    const known = scopes.get(deviceId);
    if (known !== undefined) return options.settingsOf(known);
    const scope = scopeOf(await options.device(deviceId));
    if (scope === null) return STATE_DEFAULTS;
    if (reach === "itself") scopes.set(deviceId, scope);
    return options.settingsOf(scope);
  }

  async function pushSoon(deviceId: string, waitMs: number): Promise<void> {
    const record = await states.deviceState(deviceId);
    if (record === null) return;
    const turn = pushed(record);
    if (waitMs > 0) await endsWithin(clock, waitMs, turn);
  }

  /** Resolves when the device had its turn. Never rejects. */
  async function pushed({ deviceId, connectionId, pendingSince }: DeviceState): Promise<void> {
    if (!stopped && connectionId !== null && pendingSince !== null) await pusherOf(connectionId).push(deviceId);
  }

  /** The record with the hub of its scope, where it has none yet. */
  async function mirrored(record: DeviceState, scope: Scope | null): Promise<DeviceState> {
    if (record.connectionId !== null || scope === null) return record;
    const found = await options.connectionFor(scope);
    if (!("connectionId" in found)) return record;
    const joined = joinHub(record, found.connectionId, { rule: "newest", now: clock.now() })?.next;
    // Written together with what comes next, as one revision.
    return joined === undefined ? record : { ...joined, revision: record.revision };
  }

  async function written(
    device: Device,
    write: (record: DeviceState, settings: StateSettings) => Written,
    waitMs: number,
  ): Promise<StateWritten> {
    const scope = scopeOf(device);
    const settings = scope === null ? STATE_DEFAULTS : await options.settingsOf(scope);
    for (let tries = 0; tries < STALE_TRIES; tries += 1) {
      const before =
        (await states.deviceState(device.id)) ??
        emptyState({ deviceId: device.id, reach: "bridge", connectionId: null, hubDeviceId: device.id });
      const joined = await mirrored(before, scope);
      const result = write(joined, settings);
      if (!result.ok) return { kind: "fault", fault: result.fault };
      const change = inTurn(before, [
        () => (joined === before ? null : { next: joined, conflicts: [] }),
        () => result.change,
      ]);
      if (change === null && before.revision > 0) return { kind: "written", state: before };
      const first = { next: { ...before, changedAt: clock.now(), revision: 1 }, conflicts: [] };
      const saved = await records.save(before, change ?? first);
      if (saved === null) {
        if ((await options.device(device.id)) === null) return goneFault();
        continue;
      }
      const turn = pushed(saved);
      if (waitMs === 0 || saved.pendingSince === null) return { kind: "written", state: saved };
      await endsWithin(clock, waitMs, turn);
      return { kind: "written", state: (await states.deviceState(device.id)) ?? saved };
    }
    throw new Error(`The state of ${device.id} was written by others ${STALE_TRIES} times in a row.`);
  }

  return {
    ...intake,
    pushSoon,

    state: (deviceId) => states.deviceState(deviceId),
    fault: wholeFault,
    write: (device, write, waitMs) =>
      written(
        device,
        (record, { cloudToDevice }) => writeState(record, write, { at: clock.now(), message: cloudToDevice }),
        waitMs,
      ),
    report: (device, patch) => written(device, (record) => reportState(record, patch, clock.now()), 0),

    async desired(deviceId) {
      const record = await states.deviceState(deviceId);
      return record === null || record.reach !== "bridge" ? null : desiredView(record);
    },
    onDesired(listener) {
      listeners.push(listener);
    },

    async compare(deviceId) {
      const record = await states.deviceState(deviceId);
      if (record === null || record.connectionId === null) return record;
      await pusherOf(record.connectionId).read(deviceId);
      return states.deviceState(deviceId);
    },
    conflicts: (deviceId) => states.conflictsOf(deviceId),
    conflictsIn: (scope, limit) => states.conflictsIn(scope, limit),

    async start() {
      const connections = new Set((await states.stateConnections()).map(({ connectionId }) => connectionId));
      for (const connectionId of connections) pusherOf(connectionId);
      for (const [connectionId, pusher] of pushers) {
        if (connections.has(connectionId) || !pusher.isIdle) continue;
        pushers.delete(connectionId);
        await pusher.stop();
      }
    },
    async stop() {
      stopped = true;
      await Promise.all([...pushers.values()].map((pusher) => pusher.stop()));
    },
    mended: (connectionId) => pushers.get(connectionId)?.mended(),
    counts: () => counter.counts(),
    failureOf: (connectionId) => pushers.get(connectionId)?.failure ?? null,
  };
}

function scopeOf(device: Device | null): Scope | null {
  if (device === null) return null;
  if (device.productId !== null) return { kind: "product", productId: device.productId };
  return device.ownerId === null ? null : { kind: "sandbox", accountId: device.ownerId };
}

function desiredView({ deviceId, desired, revision }: DeviceState): DesiredView {
  return { deviceId, properties: pendingTarget(desired), revision };
}

function isOtherwiseDesired(before: DeviceState, next: DeviceState): boolean {
  if (before.desired === next.desired) return false;
  return JSON.stringify(pendingTarget(before.desired)) !== JSON.stringify(pendingTarget(next.desired));
}

function goneFault(): StateWritten {
  return { kind: "fault", fault: { path: "", message: "The device is not there any more." } };
}
