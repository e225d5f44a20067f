/** Things, their hub and what looks after it, as the bridge joins them: the real store, the Local Hub in this process. */
import type { Emulator, EmulatorOptions } from "iot-hub-emulator";
import type { Registry } from "azure-iothub";
import { onTestFinished } from "vitest";
import { systemClock } from "../../core/clock.ts";
import { STATE_DEFAULTS, type StateSettings } from "../../core/device-state.ts";
import type { Scope } from "../../core/integration.ts";
import type { Log } from "../../core/log.ts";
import type { Product } from "../../core/product.ts";
import type { ThingControl, ThingMade } from "../../core/state-control.ts";
import type { NewThing } from "../../core/thing.ts";
import type { ThingRecords } from "../../core/thing-store.ts";
import type { TwinHub } from "../../core/twin-hub.ts";
import { startTwinsUnderTest, type TwinsUnderTest } from "../../hub/testing/twins-under-test.ts";
import type { SqliteStore } from "../../store/sqlite-store.ts";
import { openSqlite, type SqliteUnderTest } from "../../store/testing/sqlite-under-test.ts";
import type { HubChanges, StatePushing } from "../hub-changes.ts";
import { createStateEngine, type StateEngine } from "../state-engine.ts";
import { StateHubs } from "../state-hubs.ts";
import { ThingIds } from "../thing-ids.ts";
import { createThingControl } from "../things.ts";

export const NEW_THING: NewThing = {
  name: "Boiler",
  timestamp: null,
  creatorId: null,
  parentId: null,
  tags: [],
  votes: 0,
  version: 0,
  stored: true,
  indexed: true,
  cached: true,
  properties: {},
  deviceState: {},
};

export interface LogLine {
  readonly name: string;
  readonly fields: object;
}

/** One life of the bridge. */
export interface MirrorLife {
  readonly things: ThingControl;
  readonly stateHubs: StateHubs;
  readonly engine: StateEngine;
  stop(): Promise<void>;
}

export interface MirrorUnderTest extends TwinsUnderTest {
  readonly emulator: Emulator;
  readonly registry: Registry;
  readonly under: SqliteUnderTest;
  readonly store: SqliteStore;
  readonly product: Product;
  readonly lines: LogLine[];
  /** Starts the bridge's part; stopped with the test. */
  live(changes?: LifeChanges): Promise<MirrorLife>;
}

export interface LifeChanges {
  /** In place of the store's, to break something. */
  readonly records?: Partial<ThingRecords>;
  /** In place of the hub's. */
  readonly twins?: Partial<TwinHub>;
  readonly engine?: Partial<HubChanges & StatePushing>;
  /** Looked at each time: a test may change it. */
  settings?: Partial<StateSettings>;
  /** Nobody has the connection any more. Looked at each time. */
  isGone?: boolean;
  /** It is the server's own hub. */
  probed?: boolean;
  /** By the host name. */
  readonly usualSweepSeconds?: (hostName: string) => number;
  /** Without what reads and sweeps. */
  readonly isQuiet?: boolean;
}

export async function startMirror(emulator: EmulatorOptions = {}): Promise<MirrorUnderTest> {
  const twins = await startTwinsUnderTest({ emulator });
  const under = await openSqlite();
  onTestFinished(() => under.dispose());
  const lines: LogLine[] = [];
  const note = (fields: object, name: string): void => void lines.push({ fields, name });
  const log: Log = { debug: note, info: note, warn: note, error: note };
  const owner = await under.store.createAccount({ username: "ada@example.com", passwordHash: "scrypt$1" });
  const made = { ownerId: owner!.id, name: "Fleet", slug: "fleet", description: "" };
  const product = (await under.store.createProduct(made))!;
  const live = async (changes: LifeChanges = {}): Promise<MirrorLife> =>
    startLife({ twins, store: under.store, log }, changes);
  return {
    ...twins,
    under,
    get store() {
      return under.store;
    },
    product,
    lines,
    live,
  };
}

const SCOPE: Scope = { kind: "product", productId: 1 };

interface World {
  readonly twins: TwinsUnderTest;
  readonly store: SqliteStore;
  readonly log: Log;
}

async function startLife({ twins, store, log }: World, changes: LifeChanges): Promise<MirrorLife> {
  const { connection } = twins;
  const records: ThingRecords = { ...store, ...changes.records };
  const hub: TwinHub = { ...twins.hub, ...changes.twins };
  const connectionFor = async (): Promise<{ connectionId: string }> => ({ connectionId: connection.id });
  const time = { clock: systemClock, random: Math.random, log };
  const settings = (): StateSettings => ({ ...STATE_DEFAULTS, ...changes.settings });
  const engine = createStateEngine({
    states: store,
    device: (id) => store.device(id),
    settingsOf: async () => settings(),
    hub: () => hub,
    connectionFor,
    ...time,
  });
  const told = { ...engine, ...changes.engine };
  const stateHubs = new StateHubs({
    store: { ...store, allStateSettings: async () => [{ scope: SCOPE, settings: settings(), hub: null }] },
    records,
    twinHub: async (id) => (id === connection.id && changes.isGone !== true ? hub : undefined),
    connection: async () => connection,
    connectionFor,
    eventEndpoint: () => null,
    usualSweepSeconds: changes.usualSweepSeconds ?? (() => 60),
    ...(changes.probed === true && { probed: connection.id }),
    changes: told,
    writingFailure: (id) => engine.failureOf(id),
    ...time,
  });
  const ids = new ThingIds({ now: Date.now, worker: 1 });
  const things = createThingControl({
    records,
    nextId: () => ids.next(),
    connectionFor,
    sendsMessages: async () => false,
    hubs: stateHubs,
    engine: told,
    removals: stateHubs.removals,
    ...time,
  });
  await engine.start();
  if (changes.isQuiet !== true) await stateHubs.start();
  let isStopped = false;
  const stop = async (): Promise<void> => {
    if (isStopped) return;
    isStopped = true;
    await stateHubs.stop();
    await engine.stop();
  };
  onTestFinished(stop);
  return { things, stateHubs, engine, stop };
}

/** What a create made. Throws when it made nothing. */
export function madeOf(made: ThingMade): Extract<ThingMade, { kind: "made" }> {
  if (made.kind !== "made") throw new Error(`Not made: ${JSON.stringify(made)}`);
  return made;
}
