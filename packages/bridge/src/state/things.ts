/**
 * The life of Things: made in the hub and here, or nowhere. Before its device is made in the hub a Thing is noted, so that
 * whatever ends the server in between leaves a note from which the device is found and deleted at the next start.
 * Keys pass through to the answer: they are neither kept nor logged.
 */
import { endsWithin, type Clock } from "../core/clock.ts";
import type { DeviceState, StateChange } from "../core/device-state.ts";
import { fail, type Failure } from "../core/failure.ts";
import type { KeyName } from "../core/hub-client.ts";
import type { Scope } from "../core/integration.ts";
import type { JsonObject } from "../core/json.ts";
import type { Log } from "../core/log.ts";
import type { Product } from "../core/product.ts";
import type { KeysShown, NoHub, ThingControl, ThingMade, ThingUpdated } from "../core/state-control.ts";
import type { NewThing, ThingChange, ThingWithState } from "../core/thing.ts";
import type { ThingRecords } from "../core/thing-store.ts";
import type { HubDeviceWithKeys } from "../core/twin-hub.ts";
import { initialState, writeState } from "./document/writing.ts";
import type { HubChanges, StatePushing } from "./hub-changes.ts";
import { mayHaveBeenMade } from "./made-or-not.ts";
import type { MirrorHub } from "./mirror-hub.ts";
import type { Removals } from "./removals.ts";
import { changedThing, deviceDetails, newThing, standingOf } from "./thing-records.ts";

/** How long a request may wait for its turn at a hub that limits the rate. */
const PATIENCE_MS = 20_000;
/** How long the answer to a create waits for the first state to reach the twin, and that to a delete for the hub. */
const FIRST_PUSH_MS = 5_000;
/** A made id is taken when another server makes ids for the same hub. */
const IDS_TRIED = 3;
/** Writers of one Thing at once; each round one of them gets on. */
const STALE_TRIES = 100;

export interface ThingControlOptions {
  readonly records: Pick<
    ThingRecords,
    "noteThing" | "confirmThing" | "dropThing" | "thing" | "saveThing" | "deleteThing"
  >;
  readonly nextId: () => string;
  /** Which hub a new Thing is made in; `message`: why there is none. */
  readonly connectionFor: (scope: Scope) => Promise<{ readonly connectionId: string } | NoHub>;
  /** Whether a scope's changes go to the device as cloud-to-device messages too. */
  readonly sendsMessages: (scope: Scope) => Promise<boolean>;
  readonly hubs: {
    /** `undefined`: nobody knows where it is. */
    hub(connectionId: string): Promise<MirrorHub | undefined>;
    /** Awaited before the device is made: nothing that it sends may be missed. */
    expectThing(connectionId: string): Promise<void>;
    /** The Thing is here: what is read of it from now on counts. */
    thingMade(connectionId: string, hubDeviceId: string): void;
    /** It will come or go: whether it is connected is asked soon. */
    statusSet(connectionId: string, hubDeviceId: string): void;
  };
  readonly engine: StatePushing & Pick<HubChanges, "takeStandings" | "takeMissing">;
  readonly removals: Pick<Removals, "soon" | "finish">;
  readonly clock: Clock;
  readonly log: Log;
}

export function createThingControl(options: ThingControlOptions): ThingControl {
  const { records, engine, removals, hubs, clock, log } = options;
  return {
    newId: () => options.nextId(),

    async create(product, input) {
      const scope: Scope = { kind: "product", productId: product.id };
      const found = await options.connectionFor(scope);
      if (!("connectionId" in found)) return { kind: "no_hub", ...found };
      const hub = await hubs.hub(found.connectionId);
      if (hub === undefined) return { kind: "hub", failure: unknownHub() };
      for (let tries = 1; ; tries++) {
        const made = await makeThing(options, { product, hub, input, id: input.id ?? options.nextId() });
        if (made.kind !== "id_taken" || input.id !== undefined || tries === IDS_TRIED) return made;
      }
    },

    update: (id, change, waitMs) => updateThing(options, id, change, waitMs),

    async delete(id) {
      const found = await records.thing(id);
      if (found === null || !(await records.deleteThing(id))) return false;
      const { connectionId, hubDeviceId } = found.state;
      log.info({ thingId: id, productId: found.thing.productId, connectionId }, "thing.deleted");
      if (connectionId === null) return true;
      // What fails is tried again by the removals, which own it.
      const removed = removals.finish(connectionId, hubDeviceId).finally(() => removals.soon());
      await endsWithin(clock, FIRST_PUSH_MS, removed);
      return true;
    },

    async renewKey(id, key) {
      const changed = await changeDevice(options, id, { newKey: key });
      if (changed.kind !== "changed") return changed;
      log.info({ thingId: id, key }, "thing.key_renewed");
      return { kind: "shown", details: deviceDetails(changed.device, changed.found.thing) };
    },

    async setStatus(id, status) {
      const changed = await changeDevice(options, id, { status });
      if (changed.kind !== "changed") return changed;
      const { connectionId, hubDeviceId } = changed.found.state;
      if (connectionId !== null) {
        await engine.takeStandings(connectionId, [{ hubDeviceId, status }]);
        hubs.statusSet(connectionId, hubDeviceId);
      }
      // What waited for it to be enabled goes on.
      await engine.pushSoon(id, 0);
      log.info({ thingId: id, status }, "thing.status_set");
      const now = await records.thing(id);
      return now === null ? { kind: "unknown" } : { kind: "set", state: now.state };
    },
  };
}

interface Making {
  readonly product: Product;
  readonly hub: MirrorHub;
  readonly input: NewThing;
  readonly id: string;
}

async function makeThing(options: ThingControlOptions, making: Making): Promise<ThingMade> {
  const { records, hubs, clock } = options;
  const { product, hub, input, id } = making;
  const { connectionId } = hub;
  const initial = initialState({
    deviceId: id,
    reach: "itself",
    connectionId,
    hubDeviceId: id,
    state: input.deviceState,
    at: clock.now(),
  });
  if (!initial.ok) return { kind: "fault", fault: initial.fault };
  if (input.id !== undefined) {
    const refused = await refusedId(options, hub, id);
    if (refused !== null) return refused;
  }
  await hubs.expectThing(connectionId);
  const thing = newThing({ id, productId: product.id, input, now: clock.now() });
  if ((await records.noteThing(thing, connectionId)) === "taken") return { kind: "id_taken" };
  try {
    return await makeNoted(options, making, initial.state);
  } catch (error) {
    // Nobody knows how far it came. Should this fail too, the next start does it.
    await records.dropThing(id, true).catch(() => undefined);
    throw error;
  }
}

/** A client's id may be in the hub already, as somebody else's device or as one that is to be deleted still. */
async function refusedId(
  { removals }: ThingControlOptions,
  hub: MirrorHub,
  id: string,
): Promise<Extract<ThingMade, { kind: "hub" | "id_taken" }> | null> {
  const failure = await removals.finish(hub.connectionId, id);
  if (failure !== null) return { kind: "hub", failure };
  const there = await hub.registry.run(() => hub.twins.device(id), PATIENCE_MS);
  if (!there.ok) return { kind: "hub", failure: there.failure };
  return there.value === null ? null : { kind: "id_taken" };
}

async function makeNoted(
  options: ThingControlOptions,
  { product, hub, id }: Making,
  initial: DeviceState,
): Promise<ThingMade> {
  const { records, removals, hubs, log } = options;
  const created = await hub.registry.run(() => hub.twins.createDevice(id), PATIENCE_MS);
  if (!created.ok) {
    const remove = mayHaveBeenMade(created.failure);
    await records.dropThing(id, remove);
    if (remove) removals.soon();
    const { code, message } = created.failure;
    log.warn({ thingId: id, productId: product.id, code, reason: message }, "thing.not_created");
    return { kind: "hub", failure: created.failure };
  }
  if (created.value === "exists") {
    await records.dropThing(id, false);
    return { kind: "id_taken" };
  }
  const device = created.value;
  const state = { ...initial, standing: standingOf(device) };
  const confirmed = await records.confirmThing(id, { next: state, conflicts: [] });
  if (confirmed === null) {
    // Its product was deleted meanwhile, and the note with it.
    await hub.registry.run(() => hub.twins.deleteDevice(id), PATIENCE_MS);
    return {
      kind: "no_hub",
      message: "The product was deleted while the Thing was made.",
      nextStep: "Make it in another product.",
    };
  }
  hubs.thingMade(hub.connectionId, id);
  log.info({ thingId: id, productId: product.id, connectionId: hub.connectionId }, "thing.created");
  const made = await pushed(options, confirmed, FIRST_PUSH_MS);
  return { kind: "made", made, details: deviceDetails(device, confirmed.thing) };
}

async function updateThing(
  options: ThingControlOptions,
  id: string,
  change: ThingChange,
  waitMs: number,
): Promise<ThingUpdated> {
  const { records, clock, log } = options;
  for (let tries = 0; tries < STALE_TRIES; tries++) {
    const found = await records.thing(id);
    if (found === null) return { kind: "unknown" };
    const { thing, state } = found;
    const { version = 0 } = change;
    if (version > 0 && thing.version > 0 && version !== thing.version)
      return { kind: "version", stored: thing.version };
    let next: StateChange | null = null;
    if (change.deviceState !== undefined) {
      const write = { kind: "replace", state: change.deviceState, ...seenIn(change) } as const;
      const message = await options.sendsMessages({ kind: "product", productId: thing.productId });
      const written = writeState(state, write, { at: clock.now(), message });
      if (!written.ok) return { kind: "fault", fault: written.fault };
      next = written.change;
    }
    const changed = changedThing(thing, change, clock.now());
    const saved = await records.saveThing(changed, next);
    if (saved === "unknown") return { kind: "unknown" };
    if (saved === "stale") continue;
    log.debug({ thingId: id, stateChanged: next !== null }, "thing.updated");
    const updated = { thing: changed, state: next?.next ?? state };
    return { kind: "updated", updated: next === null ? updated : await pushed(options, updated, waitMs) };
  }
  throw new Error(`The Thing ${id} was written by others ${STALE_TRIES} times in a row.`);
}

function seenIn({ deviceSaid }: ThingChange): { readonly seen?: JsonObject } {
  return deviceSaid === undefined ? {} : { seen: deviceSaid };
}

/** As it is when the hub has taken what waits for it, or when the time is up. */
async function pushed(
  { records, engine }: ThingControlOptions,
  written: ThingWithState,
  waitMs: number,
): Promise<ThingWithState> {
  const { thing, state } = written;
  if (state.pendingSince === null) return written;
  await engine.pushSoon(thing.id, waitMs);
  return (await records.thing(thing.id)) ?? written;
}

type DeviceChanged =
  | Exclude<KeysShown, { kind: "shown" }>
  | { readonly kind: "changed"; readonly device: HubDeviceWithKeys; readonly found: ThingWithState };

async function changeDevice(
  { records, hubs, engine }: ThingControlOptions,
  id: string,
  change: { readonly status?: "enabled" | "disabled"; readonly newKey?: KeyName },
): Promise<DeviceChanged> {
  const found = await records.thing(id);
  if (found === null) return { kind: "unknown" };
  const { connectionId, hubDeviceId, standing } = found.state;
  const { generationId } = standing;
  const hub = connectionId === null ? undefined : await hubs.hub(connectionId);
  if (hub === undefined) return { kind: "hub", failure: unknownHub() };
  const changed = await hub.registry.run(() => hub.twins.updateDevice(hubDeviceId, change), PATIENCE_MS);
  if (!changed.ok) return { kind: "hub", failure: changed.failure };
  if (changed.value !== null) return { kind: "changed", device: changed.value, found };
  await engine.takeMissing(hub.connectionId, [{ hubDeviceId, generationId }]);
  return { kind: "hub", failure: missingInHub(hubDeviceId) };
}

function unknownHub(): Failure {
  return fail("hub_unreachable", "The Thing's hub is not running, or has not said where.").failure;
}

function missingInHub(hubDeviceId: string): Failure {
  return fail("device_missing", `The hub has no device ${hubDeviceId}: it was deleted there.`).failure;
}
