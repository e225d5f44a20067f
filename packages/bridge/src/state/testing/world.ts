/**
 * A world drawn from a seed: devices, their hub, what the store keeps, and one life of the engine after the other. What
 * happens in it is up to its actors, its weather and what the hub tells.
 */
import { STATE_DEFAULTS, type ConflictRule, type DeviceState, type StateSettings } from "../../core/device-state.ts";
import type { Device } from "../../core/device.ts";
import type { Clock } from "../../core/clock.ts";
import type { JsonObject } from "../../core/json.ts";
import { createDice, type Dice } from "../../delivery/testing/dice.ts";
import { VirtualClock } from "../../delivery/testing/virtual-clock.ts";
import { sameJson } from "../document/json-values.ts";
import { initialState } from "../document/writing.ts";
import { createStateEngine, type StateEngine } from "../state-engine.ts";
import type { Ending } from "./ending.ts";
import { ModelStates } from "./model-states.ts";
import { Origins, type LocalWrite } from "./origins.ts";
import { SimulatedHub } from "./simulated-hub.ts";

const PRODUCT = 1;
/** Leaves that cannot be in each other's way, and ones that can. */
const FLAT = ["a", "b", "c.d", "c.e"];
const NESTED = [...FLAT, "c", "c.d.f", "a.x"];
const NARROW_FLAT = ["a"];
const NARROW_NESTED = ["a", "a.x"];

export type Trace = (...what: unknown[]) => void;

/** `narrow`: all meet at one device and in few leaves, close together, and the store is slow. */
export type Breadth = "wide" | "narrow";

export class World {
  readonly breadth: Breadth;
  readonly dice: Dice;
  readonly clock: VirtualClock = new VirtualClock();
  readonly states: ModelStates;
  readonly hub: SimulatedHub;
  readonly devices: Device[] = [];
  readonly settings: StateSettings;
  /** Leaves that are written. */
  readonly paths: readonly string[];
  readonly origins: Origins = new Origins();
  readonly trace: Trace;
  /** What news of twins say which device they are of. */
  readonly tellsGenerations: boolean;
  /** The share of news of twins that never come. */
  readonly dropsNews: number;
  readonly localWrites: LocalWrite[] = [];
  readonly lastTelemetry: Map<string, JsonObject> = new Map();
  /** Deleted here. */
  readonly deleted: Set<string> = new Set();
  /** Deleted in the hub by somebody else. */
  readonly meddled: Set<string> = new Set();
  /** What no engine may ever do, whatever comes of it. */
  readonly unexpected: string[] = [];
  readonly #isFlat: boolean;
  readonly #skewMs: number;
  readonly #kills = new Map<string, number>();
  #life = 0;
  #over = ending();
  #engine!: StateEngine;

  constructor(seed: number, { breadth, trace }: { readonly breadth: Breadth; readonly trace: Trace }) {
    this.breadth = breadth;
    const isNarrow = breadth === "narrow";
    this.trace = (...what) => trace(this.clock.now(), ...what);
    const dice = (this.dice = createDice(seed));
    this.states = new ModelStates({
      clock: this.clock,
      dice,
      isGone: (id) => this.deleted.has(id),
      slow: isNarrow ? 0.5 : 0.1,
    });
    this.#skewMs = dice.pick([0, 0, 40, -40, 5_000, -5_000]);
    this.hub = new SimulatedHub({ clock: this.clock, dice, skewMs: this.#skewMs, trace: this.trace });
    this.tellsGenerations = dice.chance(0.5);
    this.dropsNews = dice.pick([0, 0, 0.2, 1]);
    this.#isFlat = dice.chance(0.6);
    this.paths = isNarrow ? (this.#isFlat ? NARROW_FLAT : NARROW_NESTED) : this.#isFlat ? FLAT : NESTED;
    this.settings = {
      ...STATE_DEFAULTS,
      conflicts: dice.pick<ConflictRule>(["newest", "newest", "hub", "ours"]),
      telemetry: dice.chance(0.3) ? "replace" : "merge",
      cloudToDevice: dice.chance(0.3),
    };
    this.states.onSaved = (state) => this.unexpected.push(...this.#wrongMirror(state));
    const isBehindBridge = isNarrow && dice.chance(0.3);
    for (let i = 0; !isBehindBridge && i < (isNarrow ? 1 : 1 + dice.int(2)); i += 1) this.#addThing(`t${i}`);
    if (isNarrow ? isBehindBridge : dice.chance(0.5)) this.devices.push(device("b0"));
  }

  /** Of the present life. */
  get engine(): StateEngine {
    return this.#engine;
  }

  /** Which life of the bridge it is. */
  get life(): number {
    return this.#life;
  }

  /** Resolves when the present life ends. */
  get lifeEnds(): Promise<void> {
    return this.#over.promise;
  }

  /** The bridge comes to life, whatever it was doing in the life before. */
  live(): void {
    this.#life += 1;
    this.#over.end();
    this.#over = ending();
    const life = this.#life;
    this.trace("life", life);
    const isAlive = (): boolean => this.#life === life;
    const hub = this.hub.client(isAlive);
    this.#engine = createStateEngine({
      states: this.states.port(isAlive),
      device: async (id) => (this.deleted.has(id) ? null : (this.devices.find((one) => one.id === id) ?? null)),
      settingsOf: async () => this.settings,
      hub: () => hub,
      connectionFor: async () => ({ connectionId: "hub" }),
      clock: mortal(this.clock, isAlive),
      random: () => this.dice.random(),
      log: {
        debug: () => undefined,
        info: (fields, name) => this.trace(name, fields),
        warn: (fields, name) => this.trace(name, fields),
        error: (fields, name) => isAlive() && this.unexpected.push(`${name} ${JSON.stringify(fields)}`),
      },
    });
    void this.#engine.start();
  }

  /** The bridge ends in the middle of whatever it does, and comes back. What was read lately is read again. */
  kill(): void {
    for (const { id } of this.devices) this.#kills.set(id, (this.#kills.get(id) ?? 0) + 1);
    this.live();
  }

  /** Looks at every device in the hub and tells the engine. */
  async sweep(): Promise<void> {
    const engine = this.#engine;
    for (const { id } of this.devices) {
      const generationId = await engine.generationOf("hub", id);
      const found = this.hub.device(id);
      if (found === null) await engine.takeMissing("hub", [{ hubDeviceId: id, generationId }]);
      else {
        const known = this.states.row(id)?.standing;
        if (known !== undefined && (known.missingSince !== null || known.generationId !== found.generationId))
          await engine.takeDevices("hub", [found]);
        const view = this.hub.view(id);
        if (view !== null) await engine.takeTwins("hub", [view]);
      }
    }
  }

  /** What is known of a device now. */
  ending(deviceId: string): Ending {
    const { hub, states, localWrites, origins, settings } = this;
    return {
      deviceId,
      record: states.row(deviceId),
      view: hub.view(deviceId),
      writes: hub.writes.get(deviceId) ?? [],
      conflicts: states.conflicts.filter((conflict) => conflict.deviceId === deviceId),
      localWrites: localWrites.filter((write) => write.deviceId === deviceId),
      origins,
      settings,
      skewMs: this.#skewMs,
      lastTelemetry: this.lastTelemetry.get(deviceId) ?? null,
      pushes: hub.pushes.get(deviceId) ?? 0,
      unguarded: hub.unguarded.get(deviceId) ?? 0,
      messages: hub.messages.get(deviceId) ?? [],
      repeats: (hub.unanswered.get(deviceId) ?? 0) + (this.#kills.get(deviceId) ?? 0),
      isDeleted: this.deleted.has(deviceId),
      isMeddled: this.meddled.has(deviceId),
      isFlat: this.#isFlat,
    };
  }

  /** What is known of a section of a version is what the hub has had in it at that version. */
  #wrongMirror(state: DeviceState): string[] {
    const { deviceId } = state;
    const device = this.hub.device(deviceId);
    if (device === null || this.meddled.has(deviceId)) return [];
    return (["desired", "reported"] as const).flatMap((side) => {
      const { version, properties } = state[side];
      // What is reported here is known before its version is.
      if (version === 0 || (side === "reported" && state.reach === "bridge")) return [];
      const was = this.hub.sectionAt(device, side, version);
      return was !== undefined && sameJson(was, properties)
        ? []
        : [`${deviceId}: ${side} ${version} is known as ${JSON.stringify(properties)}, was ${JSON.stringify(was)}`];
    });
  }

  #addThing(id: string): void {
    const { generationId } = this.hub.create(id);
    const made = initialState({
      deviceId: id,
      reach: "itself",
      connectionId: "hub",
      hubDeviceId: id,
      state: {},
      at: 0,
    });
    if (!made.ok) throw new Error(made.fault.message);
    this.states.put({ ...made.state, standing: { ...made.state.standing, generationId } });
    this.devices.push(device(id));
  }
}

/** As the engine looks it up. */
export function device(id: string): Device {
  return {
    id,
    name: null,
    ownerId: null,
    productId: PRODUCT,
    approval: "approved",
    firmwareVersion: null,
    notes: null,
    lastHeard: null,
    createdAt: 0,
  };
}

/** A clock of which a life that has ended hears nothing more. */
function mortal(clock: VirtualClock, isAlive: () => boolean): Clock {
  return {
    now: () => clock.now(),
    elapsed: () => clock.elapsed(),
    after: (ms, work) => clock.after(ms, () => isAlive() && work()),
  };
}

function ending(): { readonly promise: Promise<void>; readonly end: () => void } {
  let end: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => (end = resolve));
  return { promise, end };
}
