/** Device states and Things at work: the engine, and the hubs that it mirrors states in. */
import { systemClock } from "./core/clock.ts";
import { STATE_DEFAULTS, type StateSettings } from "./core/device-state.ts";
import { LOCAL_HUB } from "./core/hub-host.ts";
import type { Scope } from "./core/integration.ts";
import type { Log } from "./core/log.ts";
import type { NoHub, StateControl, ThingControl } from "./core/state-control.ts";
import type { NoteTwinChange } from "./core/twin-history.ts";
import { PARA_HUB, type HubReach } from "./hub-reach.ts";
import type { OpenTwins } from "./open-twins.ts";
import type { ParaSettings } from "./para-settings.ts";
import type { StatesMeasured } from "./state-metrics.ts";
import { createStateEngine } from "./state/state-engine.ts";
import { StateHubs } from "./state/state-hubs.ts";
import { ThingIds } from "./state/thing-ids.ts";
import { createThingControl } from "./state/things.ts";
import type { SqliteStore } from "./store/sqlite-store.ts";

export interface StateMirrorOptions {
  readonly store: SqliteStore;
  readonly reach: Pick<HubReach, "connection" | "defaultConnectionId">;
  /** Closed with the mirror. */
  readonly clients: OpenTwins;
  /** What is seen or written of twins. */
  readonly noteTwinChange?: NoteTwinChange;
  readonly para: ParaSettings;
  readonly log: Log;
}

export interface StateMirror {
  readonly states: StateControl;
  readonly things: ThingControl;
  /** For those who watch the server. */
  readonly measured: StatesMeasured;
  start(): Promise<void>;
  /** Connections may have other keys by now. */
  connectionsChanged(): Promise<void>;
  stop(): Promise<void>;
}

type Found = { readonly connectionId: string } | NoHub;

export function createStateMirror(options: StateMirrorOptions): StateMirror {
  const { store, reach, clients, noteTwinChange, para, log } = options;
  const clock = systemClock;
  const random = Math.random;
  const settingsOf = async (scope: Scope): Promise<StateSettings> =>
    (await store.stateSettings(scope))?.settings ?? STATE_DEFAULTS;

  async function connectionFor(scope: Scope): Promise<Found> {
    const set = (await store.stateSettings(scope))?.hub;
    if (set) return { connectionId: set.connectionId };
    const { defaultConnectionId } = reach;
    return defaultConnectionId === null ? NO_HUB : { connectionId: defaultConnectionId };
  }

  const engine = createStateEngine({
    states: store,
    device: (id) => store.device(id),
    settingsOf,
    hub: (id) => clients.open(id),
    connectionFor,
    ...(noteTwinChange && { noteTwinChange }),
    clock,
    random,
    log,
  });
  const hubs = new StateHubs({
    store,
    records: store,
    twinHub: (id) => clients.open(id),
    connection: (id) => reach.connection(id),
    connectionFor,
    usualSweepSeconds: (hostName) => (hostName === LOCAL_HUB ? LOCAL_SWEEP_SECONDS : SWEEP_SECONDS),
    eventEndpoint: (id) => (id === PARA_HUB ? (para.hub?.events ?? null) : null),
    ...(para.iotEnabled && para.hub !== null && { probed: PARA_HUB }),
    changes: engine,
    writingFailure: (id) => engine.failureOf(id),
    clock,
    random,
    log,
  });
  const ids = new ThingIds({ now: Date.now, worker: para.workerId });
  const things = createThingControl({
    records: store,
    nextId: () => ids.next(),
    connectionFor: async (scope) => (para.iotEnabled ? connectionFor(scope) : SWITCHED_OFF),
    sendsMessages: async (scope) => (await settingsOf(scope)).cloudToDevice,
    hubs,
    engine,
    removals: hubs.removals,
    clock,
    log,
  });

  async function connectionsChanged(): Promise<void> {
    for (const connectionId of await clients.renew()) engine.mended(connectionId);
    // Devices may be in a connection now in which there were none.
    await engine.start();
  }

  return {
    states: {
      ...engine,
      hubs: () => hubs.reports(),
      async settingsChanged() {
        await connectionsChanged();
        await hubs.settingsChanged();
      },
    },
    things,
    measured: { hubs: () => hubs.reports(), counts: () => engine.counts() },
    connectionsChanged,
    async start() {
      await engine.start();
      await hubs.start();
    },
    async stop() {
      await hubs.stop();
      await engine.stop();
      await clients.close();
    },
  };
}

/** A query counts in Azure's daily quota: 1,440 of the 8,000 messages of a free hub. The Local Hub's cost nothing. */
const SWEEP_SECONDS = 60;
const LOCAL_SWEEP_SECONDS = 5;

const NO_HUB: NoHub = {
  message: "No hub mirrors states here.",
  nextStep:
    "Give the product one (isthmus things settings PRODUCT --hub HUB), or set para.azure.iot_hostname and para.azure.iot_access_key, or start with ISTHMUS_LOCAL_HUB=on.",
};
const SWITCHED_OFF: NoHub = {
  message: "Things are switched off on this server: para.iot_enabled is false.",
  nextStep: "Whoever runs the server sets para.iot_enabled to true and starts it again.",
};
