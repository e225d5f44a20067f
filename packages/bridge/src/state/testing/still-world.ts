/** A simulated hub without weather and one device in it, for what is to happen in one order alone. */
import { STATE_DEFAULTS, type DeviceState, type Reach, type StateSettings } from "../../core/device-state.ts";
import type { Device } from "../../core/device.ts";
import type { TwinHub } from "../../core/twin-hub.ts";
import type { JsonObject } from "../../core/json.ts";
import { VirtualClock } from "../../delivery/testing/virtual-clock.ts";
import type { Dice } from "../../delivery/testing/dice.ts";
import { emptyState } from "../document/writing.ts";
import { createStateEngine, type StateEngine } from "../state-engine.ts";
import { ModelStates } from "./model-states.ts";
import { SimulatedHub, type HubNews, type Writer } from "./simulated-hub.ts";
import { device } from "./world.ts";

export const ID = "d0";

/** What nobody draws by chance. */
const STILL: Dice = { random: () => 0.5, int: () => 0, chance: () => false, pick: (from) => from[0]! };

export interface StillWorld {
  readonly clock: VirtualClock;
  readonly hub: SimulatedHub;
  readonly states: ModelStates;
  readonly device: Device;
  /** Of the present life. */
  readonly engine: StateEngine;
  /** Etags with which desired properties were written. */
  readonly guards: (string | null)[];
  /** Instead of the hub's own answers. */
  readonly answers: Partial<TwinHub>;
  record(): DeviceState;
  /** Somebody else writes into the twin. Returns what the hub's stream has to tell of it. */
  writes(by: Writer, kind: "desired" | "reported", patch: JsonObject): HubNews;
  tell(...news: HubNews[]): Promise<void>;
  /** The API writes a patch, and what follows from it happens. */
  patch(patch: JsonObject): Promise<void>;
  /** Another life of the bridge, whatever this one was doing. */
  restart(): void;
}

export function startStillWorld(of: {
  readonly reach?: Reach;
  readonly settings?: Partial<StateSettings>;
}): StillWorld {
  const { reach = "itself" } = of;
  const clock = new VirtualClock();
  const states = new ModelStates({ clock, dice: STILL, isGone: () => false, slow: 0 });
  const hub = new SimulatedHub({ clock, dice: STILL, skewMs: 0, trace: () => undefined });
  const settings: StateSettings = { ...STATE_DEFAULTS, ...of.settings };
  const known = emptyState({ deviceId: ID, reach, connectionId: "hub", hubDeviceId: ID });
  const generationId = reach === "itself" ? hub.create(ID).generationId : "";
  states.put({ ...known, standing: { ...known.standing, generationId }, revision: 1 });
  const guards: (string | null)[] = [];
  const answers: Partial<TwinHub> = {};
  let told: HubNews[] = [];
  hub.onNews = (news) => void told.push(news);
  let life = 0;
  const live = (): StateEngine => {
    life += 1;
    const mine = life;
    const own = hub.client(() => life === mine);
    const engine = createStateEngine({
      states: states.port(() => life === mine),
      device: async () => device(ID),
      settingsOf: async () => settings,
      hub: () => ({
        ...own,
        ...answers,
        patchDesired: async (id, patch, etag) => {
          guards.push(etag);
          return (answers.patchDesired ?? own.patchDesired)(id, patch, etag);
        },
      }),
      connectionFor: async () => ({ connectionId: "hub" }),
      clock: {
        now: () => clock.now(),
        elapsed: () => clock.elapsed(),
        after: (ms, work) => clock.after(ms, () => life === mine && work()),
      },
      random: () => 0.5,
      log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    });
    void engine.start();
    return engine;
  };
  let engine = live();
  const settled = async (work: Promise<unknown>): Promise<void> => {
    let isOver = false;
    void work.then(() => (isOver = true));
    if (!(await clock.until(() => isOver, 60_000))) throw new Error("It does not end.");
  };
  return {
    clock,
    hub,
    states,
    device: device(ID),
    get engine() {
      return engine;
    },
    guards,
    answers,
    record: () => states.row(ID)!,
    writes(by, kind, patch) {
      told = [];
      hub.write(ID, kind, patch, { by });
      return told[0]!;
    },
    async tell(...news) {
      for (const one of news) {
        const at = { hubDeviceId: ID, at: one.at };
        if (one.kind === "telemetry") {
          await settled(engine.takeTelemetry("hub", [{ ...at, body: one.body, sequenceNumber: one.sequenceNumber }]));
          continue;
        }
        const section = one.kind === "desired" ? { desired: one.section } : { reported: one.section };
        const kind = one.whole ? "whole" : "patch";
        await settled(engine.takeTwinChanges("hub", [{ ...at, kind, generationId: one.generationId, ...section }]));
      }
    },
    async patch(patch) {
      await settled(engine.write(device(ID), { kind: "merge", patch }, 0));
      await clock.advance(10_000);
    },
    restart() {
      engine = live();
    },
  };
}
