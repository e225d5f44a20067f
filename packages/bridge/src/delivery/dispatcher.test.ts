import { afterEach, expect, test } from "vitest";
import type { ConnectionState } from "../core/connection-state.ts";
import { replayQueue } from "../core/delivery.ts";
import type { Device } from "../core/device.ts";
import type { Integration } from "../core/integration.ts";
import type { Dispatcher } from "./dispatcher.ts";
import type { Bounds } from "./route.ts";
import { BridgeProcess } from "./testing/bridge-process.ts";
import { createDice } from "./testing/dice.ts";
import { aDevice, anEvent, anIntegration } from "./testing/examples.ts";
import { ModelStore } from "./testing/model-store.ts";
import { ScriptedHub, type Fate, type HubCall } from "./testing/scripted-hub.ts";
import { VirtualClock } from "./testing/virtual-clock.ts";

interface SceneOptions {
  readonly integrations: readonly Integration[];
  readonly bounds?: Bounds;
  readonly maxInFlight?: number;
  readonly flushMs?: number;
}

/** A bridge with one hub per connection; hubs are named by connection. */
class Scene {
  readonly clock = new VirtualClock();
  readonly store: ModelStore;
  readonly integrations: Map<string, Integration>;
  readonly devices: Map<string, Device> = new Map();
  readonly sent: string[] = [];
  readonly fate: Map<string, (call: HubCall, deviceId: string) => Partial<Fate>> = new Map();
  readonly #hubs = new Map<string, ScriptedHub>();
  readonly #options: SceneOptions;
  process: BridgeProcess;
  #events = 0;

  constructor(options: SceneOptions) {
    this.#options = options;
    this.integrations = new Map(options.integrations.map((integration) => [integration.id, integration]));
    const { flushMs = 1 } = options;
    this.store = new ModelStore({ clock: this.clock, dice: createDice(1), flushMs });
    this.process = this.#newProcess();
    running.push(this);
  }

  get dispatcher(): Dispatcher {
    return this.process.dispatcher;
  }

  hub(connectionId: string): ScriptedHub {
    let hub = this.#hubs.get(connectionId);
    if (hub === undefined) {
      const fate = (call: HubCall, deviceId: string): Fate => ({
        delayMs: 10,
        ...this.fate.get(connectionId)?.(call, deviceId),
      });
      this.#hubs.set(connectionId, (hub = new ScriptedHub({ clock: this.clock, fate })));
    }
    return hub;
  }

  async start(): Promise<this> {
    await this.run(this.dispatcher.start());
    return this;
  }

  async restart(): Promise<void> {
    this.process.kill();
    this.process = this.#newProcess();
    await this.start();
  }

  /** Accepts events, each as a message `device/number`. */
  async publish(integrationId: string, deviceIds: readonly string[]): Promise<void> {
    await this.run(
      Promise.all(
        deviceIds.map((deviceId) => {
          const id = `e${++this.#events}`;
          return this.process.accept(anEvent({ id, deviceId }), [integrationId]);
        }),
      ),
    );
  }

  /** Runs virtual time until the work is done. */
  async run<T>(work: Promise<T>, withinMs = 60_000): Promise<T> {
    let result: { readonly value: T } | undefined;
    void work.then((value) => (result = { value }));
    await this.clock.until(() => result !== undefined, withinMs);
    if (result === undefined) throw new Error("The work does not end.");
    return result.value;
  }

  async settled(integrationId: string, withinMs: number): Promise<boolean> {
    return this.clock.until(() => this.store.ledger(integrationId).pending === 0, withinMs);
  }

  async end(): Promise<void> {
    await this.run(this.dispatcher.stop(100));
    this.process.kill();
  }

  #newProcess(): BridgeProcess {
    const { bounds, maxInFlight } = this.#options;
    return new BridgeProcess({
      clock: this.clock,
      store: this.store,
      random: () => 0.5,
      directory: {
        device: async (id) => this.devices.get(id) ?? aDevice({ id }),
        integration: async (id) => this.integrations.get(id) ?? null,
        allIntegrations: async () => [...this.integrations.values()],
        connection: async (id) => ({
          id,
          hostName: id,
          policyName: "policy",
          policyKey: "key",
          secondaryKey: null,
          entra: null,
        }),
      },
      openHub: (connection, isAlive) =>
        this.hub(connection.id).client(
          { onSend: (deviceId, { messageId }) => this.sent.push(`${connection.id} ${deviceId} ${messageId}`) },
          isAlive,
        ),
      onLog: () => undefined,
      ...(bounds === undefined ? {} : { bounds }),
      ...(maxInFlight === undefined ? {} : { maxInFlight }),
    });
  }
}

const running: Scene[] = [];

afterEach(async () => {
  for (const scene of running.splice(0)) await scene.end();
});

const ids = (count: number, prefix = "d"): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}${String(i).padStart(4, "0")}`);

const to = (connectionId: string, id = `to-${connectionId}`): Integration => anIntegration({ id, connectionId });

test("what is accepted arrives, once and in order per device", async () => {
  const scene = await new Scene({ integrations: [to("hub")] }).start();
  await scene.publish("to-hub", ["a", "b", "a", "a", "b"]);
  expect(await scene.settled("to-hub", 10_000)).toBe(true);
  expect(scene.sent.filter((line) => line.includes(" a "))).toEqual(["hub a e1", "hub a e3", "hub a e4"]);
  expect(scene.sent).toHaveLength(5);
  await scene.clock.advance(100);
  expect(scene.dispatcher.memory().get("to-hub")).toEqual({ lanes: 0, held: 0 });
});

test("an event whose offer comes after the page that holds it is sent once", async () => {
  const scene = new Scene({ integrations: [to("hub")], flushMs: 0 });
  await scene.publish("to-hub", ["a"]);
  // The listing's lane reads the store in the very flush that appends the second event.
  void scene.run(scene.dispatcher.start());
  for (let i = 0; i < 40; i += 1) {
    void scene.process.accept(anEvent({ id: `more${i}`, deviceId: "a" }), ["to-hub"]);
    await scene.clock.step();
  }
  expect(await scene.settled("to-hub", 60_000)).toBe(true);
  expect(scene.sent).toEqual([...new Set(scene.sent)]);
  expect(scene.sent).toHaveLength(41);
});

test("what was pending before a start is sent without any new event", async () => {
  const scene = await new Scene({ integrations: [to("hub")] }).start();
  scene.fate.set("hub", () => ({ failure: "hub_unreachable" }));
  await scene.publish("to-hub", ids(50));
  await scene.restart();
  scene.fate.clear();
  expect(await scene.settled("to-hub", 60_000)).toBe(true);
});

test("a dead hub costs a probe now and then, no attempts, and keeps another hub's messages by no moment", async () => {
  const scene = await new Scene({ integrations: [to("dead"), to("good")], maxInFlight: 10 }).start();
  scene.fate.set("dead", () => ({ failure: "hub_unreachable" }));
  await scene.publish("to-dead", ids(200));
  await scene.clock.advance(60_000);
  expect(scene.dispatcher.connections().find(({ connectionId }) => connectionId === "dead")).toMatchObject({
    state: "paused",
    failure: { code: "hub_unreachable" },
  });
  scene.fate.set("dead", (call) => (call === "send" ? { failure: "hub_unreachable" } : {}));
  await scene.publish("to-good", ids(20));
  const began = scene.clock.elapsed();
  expect(await scene.settled("to-good", 10_000)).toBe(true);
  expect(scene.clock.elapsed() - began).toBeLessThan(500);
  // Ten under way when it closed, and about one every ten seconds.
  expect(scene.sent.filter((line) => line.startsWith("dead")).length).toBeLessThan(30);
  const ofDead = scene.store.deliveries.filter(({ pending }) => pending.integrationId === "to-dead");
  expect(ofDead.map(({ attempts }) => attempts)).toEqual(ofDead.map(() => 0));
});

test("a fleet that waits for a dead hub takes no more than its share of memory, and all of it is sent in the end", async () => {
  const bounds = { lanes: 400, held: 400 };
  const scene = await new Scene({ integrations: [to("dead"), to("good")], bounds, maxInFlight: 10 }).start();
  scene.fate.set("dead", () => ({ failure: "hub_unreachable" }));
  await scene.publish("to-dead", ids(1_000));
  await scene.publish("to-dead", ids(1_000));
  expect(scene.dispatcher.memory().get("to-dead")!.lanes).toBe(200);
  expect(scene.dispatcher.memory().get("to-dead")!.held).toBeLessThanOrEqual(200);
  await scene.publish("to-good", ids(150));
  expect(scene.dispatcher.memory().get("to-good")!.lanes).toBe(150);
  expect(await scene.settled("to-good", 10_000)).toBe(true);
  scene.fate.clear();
  expect(await scene.settled("to-dead", 10 * 60_000)).toBe(true);
  expect(scene.store.ledger("to-dead").delivered).toBe(2_000);
});

test("devices that wait for long give their places to those that do not", async () => {
  const scene = await new Scene({ integrations: [to("hub")], bounds: { lanes: 100, held: 100 } }).start();
  for (const id of ids(150, "disabled")) scene.hub("hub").put(id, "disabled");
  await scene.publish("to-hub", ids(150, "disabled"));
  await scene.clock.advance(60_000);
  await scene.publish("to-hub", ids(50, "fine"));
  expect(await scene.clock.until(() => scene.store.ledger("to-hub").delivered === 50, 5 * 60_000)).toBe(true);
  for (const id of ids(150, "disabled")) scene.hub("hub").put(id, "enabled");
  expect(await scene.settled("to-hub", 3 * 60 * 60_000)).toBe(true);
});

test("new devices that wait for a slow registry do not keep known ones waiting", async () => {
  const scene = await new Scene({ integrations: [to("hub")], maxInFlight: 4 }).start();
  await scene.publish("to-hub", ["known"]);
  expect(await scene.settled("to-hub", 10_000)).toBe(true);
  scene.fate.set("hub", (call) => (call === "create" ? { delayMs: 30_000 } : {}));
  await scene.publish("to-hub", ids(100, "new"));
  await scene.publish("to-hub", ["known"]);
  const began = scene.clock.elapsed();
  await scene.clock.until(() => scene.store.ledger("to-hub").delivered === 2, 60_000);
  expect(scene.clock.elapsed() - began).toBeLessThan(1_000);
});

test("a fleet whose links open slowly does not keep those waiting whose links are open", async () => {
  const scene = await new Scene({ integrations: [to("hub")], maxInFlight: 40 }).start();
  const [known, fleet] = [ids(10), ids(200, "new")];
  for (const device of fleet) scene.hub("hub").put(device);
  await scene.publish("to-hub", known);
  await scene.settled("to-hub", 10_000);
  scene.fate.set("hub", (call, device) => (call === "send" && device.startsWith("new") ? { delayMs: 8_000 } : {}));
  await scene.publish("to-hub", fleet);
  await scene.clock.advance(1_000);
  await scene.publish("to-hub", known);
  await scene.clock.advance(1_000);
  expect(scene.store.ledger("to-hub").delivered).toBe(20);
  expect(await scene.settled("to-hub", 4 * 60_000)).toBe(true);
});

test("a bad event is parked with the hub's reason and its device goes on", async () => {
  const scene = await new Scene({ integrations: [to("hub")] }).start();
  let sends = 0;
  scene.fate.set("hub", (call) => (call === "send" && (sends += 1) === 2 ? { failure: "message_refused" } : {}));
  await scene.publish("to-hub", ["a", "a", "a"]);
  expect(await scene.settled("to-hub", 10_000)).toBe(true);
  expect(scene.store.deliveries.map(({ state }) => state)).toEqual(["delivered", "parked", "delivered"]);
  expect(scene.store.deliveries[1]!.failure?.code).toBe("message_refused");
  await scene.run(scene.process.retryParked("to-hub"));
  expect(await scene.settled("to-hub", 10_000)).toBe(true);
  expect(scene.store.ledger("to-hub")).toMatchObject({ delivered: 3, parked: 0 });
});

test("a parked event that is tried again while its device is busy is not forgotten", async () => {
  const scene = await new Scene({ integrations: [to("hub")] }).start();
  let sends = 0;
  scene.fate.set("hub", (call) => (call === "send" && (sends += 1) === 1 ? { failure: "message_refused" } : {}));
  await scene.publish("to-hub", ["a", "a", "a"]);
  await scene.clock.until(() => scene.sent.length === 2, 10_000);
  await scene.run(scene.process.retryParked("to-hub"));
  expect(await scene.settled("to-hub", 10_000)).toBe(true);
  expect(scene.store.ledger("to-hub").delivered).toBe(3);
});

test("a new key is used at once, also by what waits for the old one", async () => {
  const scene = await new Scene({ integrations: [to("old", "x")] }).start();
  scene.fate.set("old", () => ({ failure: "key_refused", delayMs: 2_000 }));
  await scene.publish("x", ids(30));
  await scene.clock.advance(30_000);
  scene.integrations.set("x", to("new", "x"));
  // Sends by the old key are still under way, and end when nobody listens at its gate any more.
  await scene.run(scene.dispatcher.integrationChanged("x"));
  const began = scene.clock.elapsed();
  expect(await scene.settled("x", 60_000)).toBe(true);
  expect(scene.clock.elapsed() - began).toBeLessThan(5_000);
  expect(scene.dispatcher.connections().map(({ connectionId }) => connectionId)).toEqual(["new"]);
});

test("what is under way when an integration goes over to another connection ends on the old one, and is sent once", async () => {
  const scene = await new Scene({ integrations: [to("old", "x")] }).start();
  scene.fate.set("old", () => ({ delayMs: 3_000 }));
  const devices = ids(30);
  await scene.publish("x", devices);
  expect(await scene.settled("x", 60_000)).toBe(true);
  await scene.publish("x", devices);
  await scene.clock.advance(1_000);
  scene.integrations.set("x", to("new", "x"));
  const began = scene.clock.elapsed();
  await scene.run(scene.dispatcher.integrationChanged("x"));
  expect(scene.clock.elapsed() - began).toBeLessThan(1_000);
  await scene.publish("x", ["later"]);
  expect(await scene.settled("x", 10_000)).toBe(true);
  expect(scene.sent.filter((line) => line.startsWith("old "))).toHaveLength(60);
  expect(scene.sent.filter((line) => line.startsWith("new "))).toEqual(["new later e61"]);
});

test("a change of the integration ends the wait of its devices", async () => {
  const scene = await new Scene({ integrations: [to("hub")] }).start();
  scene.hub("hub").put("a", "disabled");
  await scene.publish("to-hub", ["a"]);
  await scene.clock.advance(60_000);
  scene.hub("hub").put("a", "enabled");
  await scene.run(scene.dispatcher.integrationChanged("to-hub"));
  expect(await scene.settled("to-hub", 1_000)).toBe(true);
});

test("changes told at the same time take effect in their order", async () => {
  const scene = await new Scene({ integrations: [to("hub", "x")] }).start();
  scene.integrations.set("x", { ...to("hub", "x"), disabled: true });
  const first = scene.dispatcher.integrationChanged("x");
  scene.integrations.set("x", to("other", "x"));
  await scene.run(Promise.all([first, scene.dispatcher.integrationChanged("x")]));
  await scene.publish("x", ["a"]);
  expect(await scene.settled("x", 10_000)).toBe(true);
  expect(scene.sent).toEqual(["other a e1"]);
});

test("a paused integration keeps its events, and sends them when it goes on", async () => {
  const scene = await new Scene({ integrations: [to("hub", "x")] }).start();
  scene.integrations.set("x", { ...to("hub", "x"), disabled: true });
  await scene.run(scene.dispatcher.integrationChanged("x"));
  await scene.publish("x", ["a", "b"]);
  await scene.clock.advance(60_000);
  expect(scene.sent).toEqual([]);
  scene.integrations.set("x", to("hub", "x"));
  await scene.run(scene.dispatcher.integrationChanged("x"));
  expect(await scene.settled("x", 10_000)).toBe(true);
});

test("what comes while an integration is paused goes out in order with what came before", async () => {
  const scene = await new Scene({ integrations: [to("hub", "x")] }).start();
  scene.fate.set("hub", () => ({ failure: "hub_unreachable" }));
  await scene.publish("x", ["a", "a"]);
  scene.integrations.set("x", { ...to("hub", "x"), disabled: true });
  await scene.run(scene.dispatcher.integrationChanged("x"));
  scene.fate.clear();
  await scene.publish("x", ["a", "a"]);
  await scene.clock.advance(60_000);
  expect(scene.store.ledger("x")).toMatchObject({ pending: 4, parked: 0 });
  const before = scene.sent.length;
  scene.integrations.set("x", to("hub", "x"));
  await scene.run(scene.dispatcher.integrationChanged("x"));
  await scene.publish("x", ["a"]);
  expect(await scene.settled("x", 10_000)).toBe(true);
  expect(scene.sent.slice(before)).toEqual([1, 2, 3, 4, 5].map((n) => `hub a e${n}`));
});

test("a daily cap lets as many through as it says, and the rest waits for midnight UTC, over a restart too", async () => {
  const capped = { ...to("hub", "x"), dailyCap: 10 };
  const scene = await new Scene({ integrations: [capped, to("hub", "free")] }).start();
  await scene.publish("x", [...ids(7), "a"]);
  await scene.clock.advance(2_000);
  await scene.publish("x", ["a", "a", "a", "a", "b"]);
  await scene.clock.advance(60_000);
  expect(scene.store.ledger("x")).toMatchObject({ delivered: 10, pending: 3, parked: 0 });
  const midnight = Math.ceil(scene.clock.now() / 86_400_000) * 86_400_000;
  expect(scene.dispatcher.integrationState("x").failure).toMatchObject({
    code: "daily_cap_reached",
    notBefore: midnight,
  });
  await scene.publish("free", ids(20));
  expect(await scene.settled("free", 10_000)).toBe(true);
  expect(scene.dispatcher.integrationState("free").failure).toBe(null);
  await scene.restart();
  await scene.clock.advance(60_000);
  expect(scene.store.ledger("x")).toMatchObject({ delivered: 10, pending: 3 });
  expect(scene.dispatcher.integrationState("x").failure?.code).toBe("daily_cap_reached");
  await scene.clock.advance(midnight - scene.clock.now() - 5_000);
  expect(scene.store.ledger("x").pending).toBe(3);
  expect(await scene.settled("x", 10_000)).toBe(true);
  expect(scene.dispatcher.integrationState("x").failure).toBe(null);
  const ofA = scene.sent.filter((line) => line.startsWith("hub a "));
  expect(ofA).toEqual(["e8", "e9", "e10", "e11", "e12"].map((id) => `hub a ${id}`));
  expect(scene.store.deliveries.every(({ attempts }) => attempts === 1)).toBe(true);
});

test("a cap that is raised lets events go at once", async () => {
  const scene = await new Scene({ integrations: [{ ...to("hub", "x"), dailyCap: 1 }] }).start();
  await scene.publish("x", ids(5));
  await scene.clock.advance(5_000);
  expect(scene.store.ledger("x").delivered).toBe(1);
  scene.integrations.set("x", { ...to("hub", "x"), dailyCap: 4 });
  await scene.run(scene.dispatcher.integrationChanged("x"));
  await scene.clock.advance(5_000);
  expect(scene.store.ledger("x").delivered).toBe(4);
  scene.integrations.set("x", to("hub", "x"));
  await scene.run(scene.dispatcher.integrationChanged("x"));
  expect(await scene.settled("x", 5_000)).toBe(true);
});

test("a message that failed takes no place under the cap", async () => {
  const scene = await new Scene({ integrations: [{ ...to("hub", "x"), dailyCap: 3 }] }).start();
  let sends = 0;
  scene.fate.set("hub", (call) => (call === "send" && (sends += 1) <= 5 ? { failure: "message_refused" } : {}));
  await scene.publish("x", ids(8));
  expect(await scene.settled("x", 10_000)).toBe(true);
  expect(scene.store.ledger("x")).toMatchObject({ delivered: 3, parked: 5 });
});

/** A hub that takes so many messages a second, with as much in reserve, and refuses the rest for the rate. */
function throttle(scene: Scene, connectionId: string, perSecond: () => number): { readonly refused: () => number } {
  let [tokens, at, refused] = [perSecond(), 0, 0];
  scene.fate.set(connectionId, (call) => {
    if (call !== "send") return {};
    tokens = Math.min(perSecond(), tokens + ((scene.clock.elapsed() - at) * perSecond()) / 1_000);
    at = scene.clock.elapsed();
    if (tokens >= 1) {
      tokens -= 1;
      return {};
    }
    refused += 1;
    return { failure: "throttled" };
  });
  return { refused: () => refused };
}

test("a hub that takes 100 a second while 300 come is used to more than nine tenths, with few refusals and no attempts", async () => {
  const scene = await new Scene({ integrations: [to("hub", "x")] }).start();
  await scene.publish("x", ids(300));
  expect(await scene.settled("x", 60_000)).toBe(true);
  const { refused } = throttle(scene, "hub", () => 100);
  const began = scene.clock.elapsed();
  // What is under way when the limit is met first cannot know of it.
  let firstRefused = 0;
  let halfway: ConnectionState | undefined;
  for (let i = 0; i < 40; i += 1) {
    await scene.publish("x", ids(300));
    await scene.clock.advance(950);
    if (i === 0) firstRefused = refused();
    if (i === 20) [halfway] = scene.dispatcher.connections();
  }
  expect(halfway).toMatchObject({ state: "slowed", failure: { code: "throttled" } });
  expect(halfway?.rate.limit).toBeGreaterThan(40);
  expect(halfway?.rate.limit).toBeLessThan(200);
  const taken = scene.store.ledger("x").delivered - 300;
  expect((taken * 1_000) / (scene.clock.elapsed() - began)).toBeGreaterThan(90);
  expect((refused() - firstRefused) / taken).toBeLessThan(0.02);
  expect(scene.store.deliveries.every(({ attempts }) => attempts <= 1)).toBe(true);
  scene.fate.clear();
  await scene.clock.advance(2 * 60_000);
  expect(scene.store.ledger("x").pending).toBe(0);
  expect(scene.dispatcher.connections()[0]).toMatchObject({ state: "idle", failure: null, rate: { limit: null } });
});

test("a hub that asks to be left alone for a while is left alone", async () => {
  const scene = await new Scene({ integrations: [to("hub", "x")] }).start();
  await scene.publish("x", ["a"]);
  await scene.settled("x", 10_000);
  let until = 0;
  scene.fate.set("hub", () => {
    until = until === 0 ? scene.clock.now() + 20_000 : until;
    return scene.clock.now() < until ? { failure: "throttled", notBefore: until } : {};
  });
  await scene.publish("x", ["a"]);
  await scene.clock.advance(1_000);
  const sent = scene.sent.length;
  await scene.clock.advance(18_000);
  expect(scene.sent).toHaveLength(sent);
  expect(await scene.settled("x", 30_000)).toBe(true);
});

test("a quota that is used up pauses to midnight UTC with a probe each quarter of an hour, three days long", async () => {
  const scene = await new Scene({ integrations: [to("hub", "x")] }).start();
  const day = 86_400_000;
  const midnight = (): number => (Math.floor(scene.clock.now() / day) + 1) * day;
  let [today, taken] = [0, 0];
  scene.fate.set("hub", (call) => {
    if (call !== "send") return {};
    if (Math.floor(scene.clock.now() / day) !== today) [today, taken] = [Math.floor(scene.clock.now() / day), 0];
    return (taken += 1) > 20 ? { failure: "quota_exceeded", notBefore: midnight() } : {};
  });
  await scene.publish("x", ids(60));
  await scene.clock.advance(10_000);
  for (let i = 1; i <= 3; i += 1) {
    expect(scene.store.ledger("x").delivered).toBe(20 * i);
    if (i === 3) break;
    const [state] = scene.dispatcher.connections();
    expect(state).toMatchObject({ state: "paused", failure: { code: "quota_exceeded", notBefore: midnight() } });
    const sent = scene.sent.length;
    const wait = midnight() - scene.clock.now();
    await scene.clock.advance(wait - 1_000);
    expect(scene.sent.length - sent).toBeLessThanOrEqual(Math.ceil(wait / (15 * 60_000)));
    await scene.clock.advance(60_000);
  }
  expect(await scene.settled("x", 1_000)).toBe(true);
  expect(scene.store.deliveries.every(({ attempts }) => attempts === 1)).toBe(true);
});

test("integrations of one hub take turns: a backlog of one does not keep the other's few devices waiting", async () => {
  const integrations = [to("hub", "fleet"), to("hub", "few")];
  const scene = await new Scene({ integrations, maxInFlight: 4 }).start();
  await scene.publish("few", ["x0"]);
  await scene.settled("few", 5_000);
  await scene.publish("fleet", ids(400));
  await scene.publish("few", ["x0"]);
  const began = scene.clock.elapsed();
  expect(await scene.settled("few", 10_000)).toBe(true);
  expect(scene.clock.elapsed() - began).toBeLessThan(200);
  expect(scene.store.ledger("fleet").pending).toBeGreaterThan(200);
});

test("replayed deliveries have lanes of their own, beside the live ones of their device", async () => {
  const scene = await new Scene({ integrations: [to("hub", "x")] }).start();
  await scene.publish(replayQueue("x"), ["a", "a", "a"]);
  await scene.publish("x", ["a"]);
  expect(await scene.settled("x", 5_000)).toBe(true);
  expect(await scene.settled(replayQueue("x"), 5_000)).toBe(true);
  expect(scene.sent.indexOf("hub a e4")).toBeLessThan(3);
  expect(scene.sent.filter((line) => line !== "hub a e4")).toEqual(["e1", "e2", "e3"].map((id) => `hub a ${id}`));
});

test("who asks for another try need not wait for it: neither for a disabled device nor for a closed gate", async () => {
  const scene = await new Scene({ integrations: [to("hub", "x")] }).start();
  scene.hub("hub").put("a", "disabled");
  await scene.publish("x", ["a"]);
  await scene.clock.advance(2 * 60 * 60_000);
  expect(scene.dispatcher.integrationState("x").devices).toMatchObject([
    { failure: { code: "device_disabled" }, count: 1, deviceId: "a" },
  ]);
  scene.hub("hub").put("a", "enabled");
  scene.dispatcher.retried("x");
  expect(await scene.settled("x", 1_000)).toBe(true);
  await scene.clock.advance(100);
  expect(scene.dispatcher.integrationState("x").devices).toEqual([]);
  scene.fate.set("hub", () => ({ failure: "key_refused" }));
  await scene.publish("x", ["a"]);
  await scene.clock.advance(5_000);
  scene.fate.clear();
  scene.dispatcher.retried("x");
  expect(await scene.settled("x", 1_000)).toBe(true);
});

test("a device that somebody has enabled in its hub need not be asked for", async () => {
  const scene = await new Scene({ integrations: [to("hub", "x"), to("hub", "y")] }).start();
  scene.hub("hub").put("a", "disabled");
  scene.hub("hub").put("b", "disabled");
  await scene.publish("x", ["a", "b"]);
  await scene.publish("y", ["a"]);
  await scene.clock.advance(2 * 60 * 60_000);
  scene.hub("hub").put("a", "enabled");
  scene.hub("hub").put("b", "enabled");
  scene.dispatcher.identityChanged("hub", "a");
  await scene.clock.advance(1_000);
  expect(scene.sent.map((line) => line.split(" ")[1])).toEqual(["a", "a"]);
  expect(scene.dispatcher.integrationState("x").devices).toMatchObject([{ deviceId: "b" }]);
});

test("devices that wait after one failure are tried again, and those that wait after another are not", async () => {
  const scene = await new Scene({ integrations: [to("hub", "x")] }).start();
  scene.hub("hub").put("a", "disabled");
  await scene.publish("x", ["a"]);
  await scene.clock.advance(2 * 60 * 60_000);
  scene.hub("hub").put("a", "enabled");
  scene.dispatcher.retriedAfter("x", "outcome_unknown");
  await scene.clock.advance(1_000);
  expect(scene.sent).toEqual([]);
  scene.dispatcher.retriedAfter("x", "device_disabled");
  expect(await scene.settled("x", 1_000)).toBe(true);
});

test("what a device's identity answers shows that a hub can be reached again", async () => {
  const scene = await new Scene({ integrations: [to("hub", "x")] }).start();
  scene.hub("hub").put("a");
  await scene.publish("x", ["a"]);
  await scene.settled("x", 5_000);
  scene.fate.set("hub", () => ({ failure: "hub_unreachable" }));
  await scene.publish("x", ["a"]);
  await scene.clock.advance(5_000);
  scene.hub("hub").put("a", "disabled");
  scene.fate.clear();
  await scene.clock.advance(20_000);
  expect(scene.dispatcher.connections()[0]).toMatchObject({ state: "idle", failure: null });
  expect(scene.dispatcher.integrationState("x").devices).toMatchObject([{ failure: { code: "device_disabled" } }]);
});

test("a store that cannot be read for a while holds nothing up for ever, and no order is lost", async () => {
  const scene = await new Scene({ integrations: [to("hub")] }).start();
  scene.store.diskFull = true;
  await scene.clock.advance(5_000);
  scene.store.diskFull = false;
  await scene.publish("to-hub", ["a", "a", "a"]);
  await scene.restart();
  scene.store.diskFull = true;
  await scene.clock.advance(5_000);
  scene.store.diskFull = false;
  await scene.publish("to-hub", ["a"]);
  expect(await scene.settled("to-hub", 20_000)).toBe(true);
  const first = [...new Set(scene.sent)];
  expect(first).toEqual(["hub a e1", "hub a e2", "hub a e3", "hub a e4"]);
});

test("a stop waits for what is under way, gives up after its grace, and leaves the rest pending", async () => {
  const scene = await new Scene({ integrations: [to("quick"), to("slow")] }).start();
  scene.fate.set("quick", (call) => (call === "send" ? { delayMs: 50 } : {}));
  scene.fate.set("slow", (call) => (call === "send" ? { delayMs: 60_000 } : {}));
  await scene.publish("to-quick", ["a"]);
  await scene.publish("to-slow", ["a", "a"]);
  await scene.clock.until(() => scene.sent.length === 2, 10_000);
  const began = scene.clock.elapsed();
  await scene.run(scene.dispatcher.stop(1_000));
  expect(scene.clock.elapsed() - began).toBeLessThan(1_300);
  expect(scene.store.ledger("to-quick").delivered).toBe(1);
  expect(scene.store.ledger("to-slow").pending).toBe(2);
  expect(scene.sent).toHaveLength(2);
});

test("a rename is written in every hub that knows the device", async () => {
  const scene = await new Scene({ integrations: [to("one"), to("two"), to("three")] }).start();
  await scene.publish("to-one", ["a"]);
  await scene.publish("to-two", ["a"]);
  await scene.settled("to-one", 10_000);
  await scene.settled("to-two", 10_000);
  const device = aDevice({ id: "a", name: "cellar" });
  scene.devices.set("a", device);
  await scene.run(scene.dispatcher.deviceRenamed(device));
  expect(scene.hub("one").identities.get("a")?.desired).toEqual({ deviceName: "cellar" });
  expect(scene.hub("two").identities.get("a")?.desired).toEqual({ deviceName: "cellar" });
  expect(scene.hub("three").identities.size).toBe(0);
});

test("a rename is written once in an identity that several integrations share, and not for those of other fleets", async () => {
  const more = [
    { ...to("one"), id: "also" },
    { ...to("one"), id: "others", scope: { kind: "product", productId: 4_711 } as const },
  ];
  const scene = await new Scene({ integrations: [to("one"), ...more] }).start();
  await scene.publish("to-one", ["a"]);
  await scene.settled("to-one", 10_000);
  const before = scene.hub("one").patches;
  const device = aDevice({ id: "a", name: "cellar" });
  scene.devices.set("a", device);
  await scene.run(scene.dispatcher.deviceRenamed(device));
  expect(scene.hub("one").patches - before).toBe(1);
});
