/**
 * A bridge's life drawn from a seed: fleets, hubs with moods, disks that fill up, kills and restarts, changes by users.
 * Then the weather clears, and with no further event everything accepted must have ended as promised.
 */
import type { Device } from "../../core/device.ts";
import type { HubConnection, AzureIotHubIntegration } from "../../core/integration.ts";
import type { HubClient } from "../../core/hub-client.ts";
import type { Bounds } from "../route.ts";
import { BridgeProcess } from "./bridge-process.ts";
import { createDice, type Dice } from "./dice.ts";
import { anIntegration, aDevice, anEvent } from "./examples.ts";
import { HubWeather } from "./hub-weather.ts";
import { ModelStore } from "./model-store.ts";
import { Promises } from "./promises.ts";
import { ScriptedHub, type HubWatcher } from "./scripted-hub.ts";
import { VirtualClock } from "./virtual-clock.ts";

/** Longest virtual time after the weather has cleared: lanes may have to wait out their own back-off. */
const PATIENCE_MS = 26 * 60 * 60_000;

export interface SimulationReport {
  /** Empty when all promises were kept. */
  readonly broken: readonly string[];
  readonly accepted: number;
  readonly sends: number;
  readonly lives: number;
  readonly virtualMs: number;
}

interface SimulatedHub {
  readonly hub: ScriptedHub;
  readonly weather: HubWeather;
}

export async function simulate(seed: number): Promise<SimulationReport> {
  const world = new World(seed);
  await world.run();
  return world.report();
}

type Action = (world: World) => Promise<void> | void;

/** What happens in a life, and how often beside the others. */
const ACTIONS: readonly (readonly [weight: number, action: Action])[] = [
  [30, (world) => world.publish(1)],
  [6, (world) => world.publish(12)],
  [6, (world) => world.publishFor(1_000)],
  [5, (world) => world.changeWeather()],
  [3, (world) => world.meddleWithIdentity()],
  [2, (world) => world.fillDisk()],
  [3, (world) => world.switchIntegration()],
  [3, (world) => world.rotateKey()],
  [2, (world) => world.retryParked()],
  [1, (world) => world.capIntegration()],
  [2, (world) => world.rename()],
  [1, (world) => world.deleteIntegration()],
  [1, (world) => world.setClock()],
  [2, (world) => world.kill()],
  [1, (world) => world.restart()],
];
/** The same without anything that goes wrong. */
const CALM_ACTIONS = ACTIONS.slice(0, 3);

class World {
  readonly #dice: Dice;
  readonly #clock = new VirtualClock();
  readonly #store: ModelStore;
  readonly #promises = new Promises(() => this.#store);
  readonly #hubs: readonly SimulatedHub[];
  readonly #integrations = new Map<string, AzureIotHubIntegration>();
  readonly #connections = new Map<string, { readonly connection: HubConnection; readonly hub: SimulatedHub }>();
  readonly #devices: Device[];
  readonly #integrationAt = new Map<string, string>();
  readonly #bounds: { readonly bounds: Bounds; readonly least: Bounds; readonly maxInFlight: number };
  readonly #calm: boolean;
  #process: BridgeProcess;
  #lives = 0;
  #events = 0;

  constructor(seed: number) {
    const dice = (this.#dice = createDice(seed));
    this.#calm = dice.chance(0.1);
    this.#store = new ModelStore({
      clock: this.#clock,
      dice,
      flushMs: dice.pick([0, 2, 20]),
      onSettled: (settlement, delivery) => this.#promises.onSettled(settlement, delivery),
    });
    this.#hubs = Array.from({ length: 1 + dice.int(3) }, () => {
      const weather = new HubWeather(dice, this.#clock);
      return { weather, hub: new ScriptedHub({ clock: this.#clock, fate: (call) => weather.fate(call) }) };
    });
    this.#devices = Array.from({ length: 1 + dice.int(10) }, (_, i) =>
      aDevice({ id: `d${i}`, name: dice.chance(0.5) ? `name-${i}` : null }),
    );
    for (let i = 0; i < 1 + dice.int(4); i += 1) this.#addIntegration(`i${i}`, dice.pick(this.#hubs));
    const each = 1 + dice.int(6);
    this.#bounds = {
      bounds: { lanes: each * this.#integrations.size, held: dice.pick([1, 4, 100]) },
      least: { lanes: 1, held: 1 },
      maxInFlight: dice.pick([1, 2, 8]),
    };
    this.#process = this.#newProcess();
  }

  async run(): Promise<void> {
    await this.#start();
    if (!this.#calm) for (const { weather } of this.#hubs) this.#mood(weather);
    const actions = this.#calm ? CALM_ACTIONS : ACTIONS;
    const weights = actions.reduce((sum, [weight]) => sum + weight, 0);
    for (let left = 10 + this.#dice.int(60); left > 0; left -= 1) {
      let draw = this.#dice.int(weights);
      const [, action] = actions.find(([weight]) => (draw -= weight) < 0)!;
      await action(this);
      await this.#clock.advance(this.#dice.random() ** 4 * 20_000);
      this.#checkMemory();
    }
    await this.#comeToRest();
  }

  report(): SimulationReport {
    return {
      broken: this.#promises.broken,
      accepted: this.#store.deliveries.length,
      sends: this.#promises.sends,
      lives: this.#lives,
      virtualMs: this.#clock.elapsed(),
    };
  }

  /** A trickle beside what else happens. */
  publishFor(ms: number): void {
    const life = this.#lives;
    for (let i = 0; i < 25; i += 1) {
      this.#clock.after(this.#dice.random() * ms, () => {
        if (this.#lives === life) this.publish(1);
      });
    }
  }

  publish(count: number): void {
    for (let i = 0; i < count; i += 1) {
      const device = this.#dice.pick(this.#devices);
      const event = anEvent({ id: `e${++this.#events}`, deviceId: device.id, publishedAt: this.#clock.now() });
      // One integration per hub: what arrives there tells which delivery it was.
      const perHub = new Map<SimulatedHub, string>();
      for (const { id, connectionId, disabled } of this.#integrations.values()) {
        if (!disabled && this.#dice.chance(0.7)) perHub.set(this.#connections.get(connectionId)!.hub, id);
      }
      for (const [{ hub }, id] of perHub) this.#integrationAt.set(`${this.#hubNumber(hub)} ${event.id}`, id);
      void this.#process.accept(event, [...perHub.values()]);
    }
  }

  changeWeather(): void {
    const { weather } = this.#dice.pick(this.#hubs);
    if (this.#dice.chance(0.4)) weather.clear();
    else if (this.#dice.chance(0.5)) weather.raiseStorm();
    else this.#mood(weather);
  }

  meddleWithIdentity(): void {
    const { hub } = this.#dice.pick(this.#hubs);
    const { id } = this.#dice.pick(this.#devices);
    if (this.#dice.chance(0.6)) hub.identities.delete(id);
    else hub.put(id, this.#dice.pick(["enabled", "disabled"]));
  }

  async fillDisk(): Promise<void> {
    this.#store.diskFull = true;
    await this.#clock.advance(this.#dice.int(5_000));
    this.#store.diskFull = false;
  }

  switchIntegration(): void {
    const integration = this.#anyIntegration();
    if (integration !== null) this.#change({ ...integration, disabled: !integration.disabled });
  }

  /** The promises do not know of days: a cap that is reached ends with the weather. */
  capIntegration(): void {
    const integration = this.#anyIntegration();
    if (integration !== null) this.#change({ ...integration, dailyCap: this.#dice.pick([null, 1, 20]) });
  }

  rotateKey(): void {
    const integration = this.#anyIntegration();
    if (integration === null) return;
    const { hub } = this.#connections.get(integration.connectionId)!;
    this.#change({ ...integration, connectionId: this.#addConnection(hub) });
  }

  retryParked(): void {
    const integration = this.#anyIntegration();
    if (integration !== null) void this.#process.retryParked(integration.id);
  }

  rename(): void {
    const at = this.#dice.int(this.#devices.length);
    const device = { ...this.#devices[at]!, name: `renamed-${this.#dice.int(1_000)}` };
    this.#devices[at] = device;
    void this.#process.renamed(device);
  }

  async deleteIntegration(): Promise<void> {
    const integration = this.#anyIntegration();
    if (integration === null || this.#integrations.size < 2) return;
    this.#integrations.delete(integration.id);
    let done = false;
    void this.#process.deleted(integration.id).then(() => (done = true));
    await this.#clock.until(() => done, 120_000);
    if (!done) this.#promises.breach("An integration could not be deleted.");
  }

  setClock(): void {
    this.#clock.jump((this.#dice.random() - 0.5) * 7_200_000);
  }

  async kill(): Promise<void> {
    this.#process.kill();
    await this.#clock.advance(this.#dice.int(500));
    await this.#restarted();
  }

  async restart(): Promise<void> {
    await this.#stop();
    await this.#restarted();
  }

  /** The weather clears for good, and nobody publishes any more. */
  async #comeToRest(): Promise<void> {
    await this.#clock.advance(1_000);
    for (const { hub, weather } of this.#hubs) {
      weather.clear();
      for (const { id } of this.#devices) if (hub.identities.has(id)) hub.put(id, "enabled");
    }
    for (const integration of this.#integrations.values()) {
      const { disabled, dailyCap } = integration;
      if (disabled || dailyCap !== null) this.#change({ ...integration, disabled: false, dailyCap: null });
    }
    const isPending = (): boolean => this.#store.deliveries.some(({ state }) => state === "pending");
    await this.#clock.until(() => !isPending(), PATIENCE_MS);
    await this.#clock.advance(2_000);
    this.#promises.atRest([...this.#integrations.keys()]);
    for (const [id, { lanes, held }] of this.#process.dispatcher.memory()) {
      if (lanes > 0 || held > 0) this.#promises.breach(`${id}: ${lanes} lanes and ${held} deliveries kept for nothing`);
    }
    if (this.#calm && this.#store.deliveries.some((delivery) => this.#promises.arrivedTimes(delivery) !== 1)) {
      this.#promises.breach("Something arrived twice although nothing went wrong.");
    }
    await this.#stop();
  }

  #checkMemory(): void {
    const { maxInFlight, bounds, least } = this.#bounds;
    const memory = this.#process.dispatcher.memory();
    for (const [id, { lanes, held }] of memory) {
      const share = { lanes: Math.max(least.lanes, bounds.lanes), held: Math.max(least.held, bounds.held) };
      // A lane whose turn it is holds one delivery and reads one, however little room there is.
      if (lanes > share.lanes || held > share.held + 2 * maxInFlight) {
        this.#promises.breach(`${id}: ${lanes} lanes and ${held} deliveries in memory`);
      }
    }
  }

  #mood(weather: HubWeather): void {
    weather.mishaps = this.#dice.pick([0, 0.05, 0.3]);
    weather.slowness = this.#dice.pick([0, 0, 0.1]);
    weather.registryClosed = this.#dice.chance(0.15);
  }

  #anyIntegration(): AzureIotHubIntegration | null {
    return this.#integrations.size === 0 ? null : this.#dice.pick([...this.#integrations.values()]);
  }

  #addIntegration(id: string, hub: SimulatedHub): void {
    const connectionId = this.#addConnection(hub);
    this.#integrations.set(
      id,
      anIntegration({ id, connectionId, nameSync: this.#dice.chance(0.7) ? "continuous" : "once" }),
    );
  }

  #addConnection(hub: SimulatedHub): string {
    const id = `c${this.#connections.size}`;
    this.#connections.set(id, {
      hub,
      connection: { id, hostName: id, policyName: "policy", policyKey: "key", secondaryKey: null, entra: null },
    });
    return id;
  }

  #change(integration: AzureIotHubIntegration): void {
    this.#integrations.set(integration.id, integration);
    void this.#process.dispatcher.integrationChanged(integration.id);
  }

  async #restarted(): Promise<void> {
    this.#promises.onRestart();
    this.#process = this.#newProcess();
    await this.#start();
  }

  async #start(): Promise<void> {
    let started = false;
    void this.#process.dispatcher.start().then(() => (started = true));
    await this.#clock.until(() => started, 60_000);
    if (!started) this.#promises.breach("The bridge does not start.");
  }

  async #stop(): Promise<void> {
    let stopped = false;
    void this.#process.dispatcher.stop().then(() => (stopped = true));
    await this.#clock.until(() => stopped, 30_000);
    if (!stopped) this.#promises.breach("The bridge does not stop.");
    this.#process.kill();
  }

  #newProcess(): BridgeProcess {
    this.#lives += 1;
    return new BridgeProcess({
      ...this.#bounds,
      clock: this.#clock,
      store: this.#store,
      random: () => this.#dice.random(),
      directory: {
        device: (id) => this.#soon(() => this.#devices.find((device) => device.id === id) ?? null),
        integration: (id) => this.#soon(() => this.#integrations.get(id) ?? null),
        allIntegrations: () => this.#soon(() => [...this.#integrations.values()]),
        connection: (id) => this.#soon(() => this.#connections.get(id)?.connection ?? null),
      },
      openHub: (connection, isAlive) => this.#openHub(connection, isAlive),
      onLog: (fields, name) => this.#onLog(fields, name),
    });
  }

  /** At once, or after a look into the store. */
  async #soon<T>(value: () => T): Promise<T> {
    if (this.#dice.chance(0.2)) await this.#clock.wait(this.#dice.int(20));
    return value();
  }

  #openHub(connection: HubConnection, isAlive: () => boolean): HubClient {
    const { hub } = this.#connections.get(connection.id)!.hub;
    const life = this.#lives;
    const integrationOf = (messageId: string): string =>
      this.#integrationAt.get(`${this.#hubNumber(hub)} ${messageId}`) ?? "nobody";
    const watcher: HubWatcher = {
      onSend: (deviceId, message) => this.#promises.onSend(life, integrationOf(message.messageId), deviceId, message),
      onArrived: (deviceId, message) => this.#promises.onArrived(integrationOf(message.messageId), deviceId, message),
      onOutcome: (deviceId, message, outcome) =>
        this.#promises.onOutcome(life, integrationOf(message.messageId), deviceId, message, outcome),
    };
    return hub.client(watcher, isAlive);
  }

  #hubNumber(hub: ScriptedHub): number {
    return this.#hubs.findIndex((one) => one.hub === hub);
  }

  #onLog(fields: object, name: string): void {
    if (name !== "hub.paused" && name !== "hub.resumed") return;
    this.#promises.onGate((fields as { hub: string }).hub, name === "hub.paused");
  }
}
