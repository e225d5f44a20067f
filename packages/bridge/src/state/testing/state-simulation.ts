/**
 * A life of device states drawn from a seed: the API, devices and other services write the same leaves, the hub's answers
 * and events get lost, come late or twice, the bridge is killed and started again. Then all is quiet, the twins are swept
 * once, and both sides must be as the rules say.
 */
import { STATE_DEFAULTS, type ConflictRule, type StateSettings } from "../../core/device-state.ts";
import type { Device } from "../../core/device.ts";
import type { Clock } from "../../core/clock.ts";
import type { Json, JsonObject } from "../../core/json.ts";
import { saidByDevice } from "../../core/said-by-device.ts";
import type { StateWrite, StateWritten } from "../../core/state-control.ts";
import { createDice, type Dice } from "../../delivery/testing/dice.ts";
import { VirtualClock } from "../../delivery/testing/virtual-clock.ts";
import { initialState, writeState } from "../document/writing.ts";
import { withLeaf } from "../document/paths.ts";
import { createStateEngine, type StateEngine } from "../state-engine.ts";
import { ModelStates } from "./model-states.ts";
import { SimulatedHub, type HubNews } from "./simulated-hub.ts";
import { Origins, type LocalWrite, type Origin } from "./origins.ts";
import { brokenPromises } from "./state-promises.ts";
import { brokenAnswer } from "./write-promises.ts";

const PRODUCT = 1;
/** Leaves that cannot be in each other's way, and ones that can. */
const FLAT = ["a", "b", "c.d", "c.e"];
const NESTED = [...FLAT, "c", "c.d.f", "a.x"];
const QUIET_MS = 3 * 60 * 60_000;

export interface StateReport {
  readonly broken: readonly string[];
  readonly writes: number;
  readonly conflicts: number;
  readonly lives: number;
}

/** `trace` hears what happens, for whoever looks into a seed. */
export async function simulateStates(
  seed: number,
  trace: (...what: unknown[]) => void = () => undefined,
): Promise<StateReport> {
  const world = new World(seed, trace);
  await world.run();
  return world.report();
}

type Action = (world: World) => void;

const ACTIONS: readonly (readonly [weight: number, action: Action])[] = [
  [30, (world) => world.writeFromApi()],
  [20, (world) => world.writeFromDevice()],
  [8, (world) => world.writeFromService()],
  [6, (world) => world.changeWeather()],
  [3, (world) => world.kill()],
  [6, (world) => world.writeBeside()],
  [1, (world) => world.meddleWithDevice()],
  [0.5, (world) => world.deleteDevice()],
  [2, (world) => world.sweep()],
];

class World {
  readonly #dice: Dice;
  readonly #clock = new VirtualClock();
  readonly #states: ModelStates;
  readonly #hub: SimulatedHub;
  readonly #devices: Device[] = [];
  readonly #settings: StateSettings;
  readonly #paths: readonly string[];
  readonly #localWrites: LocalWrite[] = [];
  readonly #origins = new Origins();
  readonly #deleted = new Set<string>();
  readonly #skewMs: number;
  /** What clients have read of devices a while ago. */
  readonly #read = new Map<string, JsonObject>();
  readonly #lastTelemetry = new Map<string, JsonObject>();
  readonly #meddled = new Set<string>();
  readonly #dropsNews: number;
  readonly #tellsGenerations: boolean;
  readonly #streams = new Map<string, Stream>();
  #isOver = ending();
  #isEnded = false;
  readonly #kills = new Map<string, number>();
  readonly #trace: (...what: unknown[]) => void;
  #engine!: StateEngine;
  #life = 0;
  #broken: readonly string[] = [];
  #unexpected: string[] = [];

  constructor(seed: number, trace: (...what: unknown[]) => void) {
    this.#trace = (...what) => trace(this.#clock.now(), ...what);
    const dice = (this.#dice = createDice(seed));
    this.#states = new ModelStates(this.#clock, dice, (id) => this.#deleted.has(id));
    this.#skewMs = dice.pick([0, 0, 40, -40, 5_000, -5_000]);
    this.#hub = new SimulatedHub({
      clock: this.#clock,
      dice,
      skewMs: this.#skewMs,
      trace: this.#trace,
    });
    this.#hub.onNews = (news) => this.#spread(news);
    this.#tellsGenerations = dice.chance(0.5);
    this.#dropsNews = dice.pick([0, 0, 0.2, 1]);
    this.#paths = dice.chance(0.6) ? FLAT : NESTED;
    this.#settings = {
      ...STATE_DEFAULTS,
      conflicts: dice.pick<ConflictRule>(["newest", "newest", "hub", "ours"]),
      telemetry: dice.chance(0.3) ? "replace" : "merge",
      cloudToDevice: dice.chance(0.3),
    };
    for (let i = 0; i < 1 + dice.int(2); i += 1) this.#addThing(`t${i}`);
    if (dice.chance(0.5)) this.#devices.push(device("b0"));
  }

  async run(): Promise<void> {
    this.#live();
    const weights = ACTIONS.reduce((sum, [weight]) => sum + weight, 0);
    for (let left = 8 + this.#dice.int(50); left > 0; left -= 1) {
      let draw = this.#dice.random() * weights;
      const [, action] = ACTIONS.find(([weight]) => (draw -= weight) < 0)!;
      action(this);
      // Many things at once, too.
      await this.#clock.advance(this.#dice.chance(0.4) ? this.#dice.int(15) : this.#dice.random() ** 4 * 10_000);
    }
    await this.#comeToRest();
  }

  report(): StateReport {
    return {
      broken: [...this.#unexpected, ...this.#broken],
      writes: this.#localWrites.length,
      conflicts: this.#states.conflicts.length,
      lives: this.#life,
    };
  }

  writeFromApi(): void {
    const device = this.#dice.pick(this.#devices);
    const { note, write } = this.#drawWrite(device.id);
    this.#trace("api", device.id, write);
    this.#expect(note, write, this.#engine.write(device, write, 0));
  }

  /** As Things do it: with a record of theirs, and refused when the state is another one than the client has seen. */
  writeBeside(): void {
    const { id } = this.#dice.pick(this.#devices);
    const before = this.#states.row(id);
    if (before === null) return;
    const { note, write } = this.#drawWrite(id);
    const written = writeState(before, write, {
      at: this.#clock.now(),
      message: this.#settings.cloudToDevice,
    });
    this.#trace("beside", id, write, written.ok);
    const engine = this.#engine;
    const saved = async (): Promise<StateWritten> => {
      if (!written.ok) return { kind: "fault", fault: written.fault };
      if (written.change === null) return { kind: "written", state: before };
      const stale = await this.#states.port(() => true).saveStates([written.change]);
      if (stale.length > 0) return { kind: "fault", fault: { path: "", message: "412" } };
      void engine.pushSoon(id, 0);
      return { kind: "written", state: written.change.next };
    };
    this.#expect(note, write, saved(), true);
  }

  #drawWrite(deviceId: string): { note: LocalWrite; write: StateWrite } {
    const path = this.#dice.pick(this.#paths);
    const keys = path.split(".");
    const kind = this.#dice.chance(0.6) ? "merge" : "replace";
    const value = kind === "merge" ? this.#value("api") : this.#origins.next("api");
    const note = { deviceId, at: this.#clock.now(), kind, path, value, answeredAt: null } as const;
    if (kind === "merge") return { note, write: { kind, patch: withLeaf({}, keys, value ?? null) } };
    const record = this.#states.row(deviceId);
    if (record === null || this.#dice.chance(0.5)) return { note, write: { kind, state: withLeaf({}, keys, value!) } };
    // A client that read the whole some time ago changes one thing and sends all back.
    if (!this.#read.has(deviceId) || this.#dice.chance(0.5)) this.#read.set(deviceId, saidByDevice(record));
    const seen = this.#read.get(deviceId)!;
    return { note, write: { kind, state: withLeaf(seen, keys, value!), seen } };
  }

  #expect(note: LocalWrite, write: StateWrite | null, answer: Promise<StateWritten>, mayRefuse = false): void {
    const life = this.#life;
    const before = this.#states.row(note.deviceId);
    this.#localWrites.push(note);
    void answer.then(
      (answered) => {
        if (answered.kind === "written") {
          note.answeredAt = this.#clock.now();
          const said = { note, write, before, after: answered.state, origins: this.#origins };
          this.#unexpected.push(...brokenAnswer(said));
        } else if (mayRefuse || this.#deleted.has(note.deviceId)) {
          this.#localWrites.splice(this.#localWrites.indexOf(note), 1);
        } else this.#unexpected.push(`A write was refused: ${answered.fault.message}`);
      },
      (error: unknown) => this.#life === life && this.#unexpected.push(`A write failed: ${String(error)}`),
    );
  }

  writeFromDevice(): void {
    const { id } = this.#dice.pick(this.#devices);
    const path = this.#dice.pick(this.#paths);
    const by = id.startsWith("b") ? "report" : this.#dice.chance(0.5) ? "reported" : "telemetry";
    const value = this.#value(by);
    const patch = withLeaf({}, path.split("."), value ?? null);
    if (by === "reported") return this.#hub.write(id, by, patch, { by: "device" });
    if (by === "telemetry") {
      this.#lastTelemetry.set(id, patch);
      return this.#hub.telemetry(id, patch, this.#settings.telemetry === "replace");
    }
    this.#trace("device reports", id, patch);
    const note: LocalWrite = { deviceId: id, at: this.#clock.now(), kind: by, path, value, answeredAt: null };
    const device = this.#devices.find((one) => one.id === id)!;
    this.#expect(note, null, this.#engine.report(device, patch));
  }

  writeFromService(): void {
    const { id } = this.#dice.pick(this.#devices);
    const patch = withLeaf({}, this.#dice.pick(this.#paths).split("."), this.#value("service") ?? null);
    this.#hub.write(id, "desired", patch, { by: "service", whole: this.#dice.chance(0.1) });
  }

  changeWeather(): void {
    const dice = this.#dice;
    const bad = (chance: number): number => (dice.chance(0.4) ? dice.random() * chance : 0);
    Object.assign(this.#hub.weather, {
      outage: dice.chance(0.2),
      lostBefore: bad(0.3),
      lostAfter: bad(0.5),
      throttled: bad(0.3),
      slow: bad(1),
    });
  }

  /** The bridge ends in the middle of whatever it does, and comes back. What was read lately is read again. */
  kill(): void {
    for (const { id } of this.#devices) this.#kills.set(id, (this.#kills.get(id) ?? 0) + 1);
    this.#live();
  }

  meddleWithDevice(): void {
    const { id } = this.#dice.pick(this.#devices);
    this.#meddled.add(id);
    this.#hub.delete(id);
    if (!this.#deleted.has(id) && this.#dice.chance(0.5)) this.#hub.create(id);
  }

  /** A Thing is deleted here, and then in the hub. Whatever is under way for it must not make it again. */
  deleteDevice(): void {
    const things = this.#devices.filter(({ id }) => id.startsWith("t") && !this.#deleted.has(id));
    if (things.length < 2) return;
    const { id } = this.#dice.pick(things);
    this.#trace("deleted", id);
    this.#deleted.add(id);
    this.#states.forget(id);
    this.#hub.delete(id);
  }

  sweep(): void {
    void this.#sweepOnce(this.#engine);
  }

  #live(): void {
    this.#life += 1;
    this.#isOver.end();
    this.#isOver = ending();
    const life = this.#life;
    this.#trace("life", life);
    const isAlive = (): boolean => this.#life === life;
    const hub = this.#hub.client(isAlive);
    this.#engine = createStateEngine({
      states: this.#states.port(isAlive),
      device: async (id) => (this.#deleted.has(id) ? null : (this.#devices.find((one) => one.id === id) ?? null)),
      settingsOf: async () => this.#settings,
      hub: () => hub,
      connectionFor: async () => ({ connectionId: "hub" }),
      clock: mortal(this.#clock, isAlive),
      random: () => this.#dice.random(),
      log: {
        debug: () => undefined,
        info: (fields, name) => this.#trace(name, fields),
        warn: (fields, name) => this.#trace(name, fields),
        error: (fields, name) => isAlive() && this.#unexpected.push(`${name} ${JSON.stringify(fields)}`),
      },
    });
    void this.#engine.start();
  }

  #addThing(id: string): void {
    const { generationId } = this.#hub.create(id);
    const made = initialState({
      deviceId: id,
      reach: "itself",
      connectionId: "hub",
      hubDeviceId: id,
      state: {},
      at: 0,
    });
    if (!made.ok) throw new Error(made.fault.message);
    this.#states.put({ ...made.state, standing: { ...made.state.standing, generationId } });
    this.#devices.push(device(id));
  }

  #value(origin: Origin): Json | undefined {
    return this.#dice.chance(0.2) ? undefined : this.#origins.next(origin);
  }

  /** The hub's stream keeps the order of each kind; some news of twins never come. */
  #spread(news: HubNews): void {
    this.#trace("hub has", news);
    if (news.kind !== "telemetry" && this.#dice.chance(this.#dropsNews)) return;
    const name = `${news.kind} ${news.deviceId}`;
    const known = this.#streams.get(name);
    const stream = known ?? { news: [], next: 0 };
    stream.news.push(news);
    if (known !== undefined) return;
    this.#streams.set(name, stream);
    void this.#follow(stream);
  }

  /** Reads one kind of news on and on, and some of it again. Positions are saved after the effects. */
  async #follow(stream: Stream): Promise<void> {
    for (;;) {
      const news = stream.news[stream.next];
      if (news === undefined) await this.#clock.wait(50 + this.#dice.int(200));
      else {
        if (this.#dice.chance(0.7)) await this.#clock.wait(this.#dice.random() ** 3 * 3_000);
        const life = this.#life;
        const isOver = this.#isOver;
        await Promise.race([this.#take(news), isOver.promise]);
        stream.next += 1;
        if (this.#life !== life || this.#dice.chance(0.05)) stream.next -= this.#dice.int(Math.min(5, stream.next)) + 1;
      }
      if (this.#isEnded) return;
    }
  }

  async #take(news: HubNews): Promise<void> {
    const { deviceId, at } = news;
    this.#trace("told", news.kind, deviceId, at);
    if (news.kind === "telemetry") {
      const { body, sequenceNumber } = news;
      return this.#engine.takeTelemetry("hub", [{ hubDeviceId: deviceId, body, at, sequenceNumber }]);
    }
    const section = news.kind === "desired" ? { desired: news.section } : { reported: news.section };
    const generationId = this.#tellsGenerations ? news.generationId : null;
    const kind = news.whole ? "whole" : "patch";
    return this.#engine.takeTwinChanges("hub", [{ hubDeviceId: deviceId, generationId, kind, at, ...section }]);
  }

  async #sweepOnce(engine: StateEngine): Promise<void> {
    for (const { id } of this.#devices) {
      const found = this.#hub.device(id);
      if (found === null) await engine.takeMissing("hub", [id]);
      else {
        const known = this.#states.row(id)?.standing;
        if (known !== undefined && (known.missingSince !== null || known.generationId !== found.generationId))
          await engine.takeDevices("hub", [found]);
        const view = this.#hub.view(id);
        if (view !== null) await engine.takeTwins("hub", [view]);
      }
    }
  }

  async #comeToRest(): Promise<void> {
    Object.assign(this.#hub.weather, { outage: false, lostBefore: 0, lostAfter: 0, throttled: 0, slow: 0 });
    for (const { id } of this.#devices)
      if (!this.#hub.has(id) && !this.#deleted.has(id) && id.startsWith("t")) this.#hub.create(id);
    await this.#clock.advance(20_000);
    const isRead = (): boolean => [...this.#streams.values()].every(({ news, next }) => next === news.length);
    if (!(await this.#clock.until(isRead, 120_000))) this.#unexpected.push("The stream is not read to its end.");
    let swept = false;
    void this.#sweepOnce(this.#engine).then(() => (swept = true));
    await this.#clock.until(() => swept, 60_000);
    if (!swept) this.#unexpected.push("The sweep does not end.");
    const isQuiet = (): boolean =>
      this.#devices.every(({ id }) => (this.#states.row(id)?.pendingSince ?? null) === null);
    await this.#clock.until(isQuiet, QUIET_MS);
    await this.#clock.advance(10_000);
    this.#broken = this.#devices.flatMap(({ id }) => this.#check(id));
    const pushes = [...this.#hub.pushes.values()].join();
    swept = false;
    void this.#sweepOnce(this.#engine).then(() => (swept = true));
    await this.#clock.until(() => swept, 60_000);
    await this.#clock.advance(60_000);
    if ([...this.#hub.pushes.values()].join() !== pushes)
      this.#unexpected.push("Something was written although nothing changed.");
    this.#isEnded = true;
    let stopped = false;
    void this.#engine.stop().then(() => (stopped = true));
    if (!(await this.#clock.until(() => stopped, 60_000))) this.#unexpected.push("The engine does not stop.");
  }

  #check(deviceId: string): string[] {
    return brokenPromises({
      deviceId,
      record: this.#states.row(deviceId),
      view: this.#hub.view(deviceId),
      writes: this.#hub.writes.get(deviceId) ?? [],
      conflicts: this.#states.conflicts.filter((conflict) => conflict.deviceId === deviceId),
      localWrites: this.#localWrites.filter((write) => write.deviceId === deviceId),
      origins: this.#origins,
      settings: this.#settings,
      skewMs: this.#skewMs,
      lastTelemetry: this.#lastTelemetry.get(deviceId) ?? null,
      pushes: this.#hub.pushes.get(deviceId) ?? 0,
      messages: this.#hub.messages.get(deviceId) ?? [],
      repeats: (this.#hub.unanswered.get(deviceId) ?? 0) + (this.#kills.get(deviceId) ?? 0),
      isDeleted: this.#deleted.has(deviceId),
      isMeddled: this.#meddled.has(deviceId),
      isFlat: this.#paths === FLAT,
    });
  }
}

function device(id: string): Device {
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

interface Stream {
  readonly news: HubNews[];
  next: number;
}

function ending(): { readonly promise: Promise<void>; readonly end: () => void } {
  let end: () => void = () => undefined;
  const promise = new Promise<void>((resolve) => (end = resolve));
  return { promise, end };
}
