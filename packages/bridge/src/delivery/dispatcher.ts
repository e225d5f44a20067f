/**
 * Takes pending deliveries to their hubs.
 *
 * Every device has a lane per integration, and a lane has one delivery under way at a time: the next one leaves only when
 * the settlement of the former is on disk. That keeps the order of a device without trusting clocks, and limits what a
 * crash can repeat to one message per lane, with the same message id. Lanes run side by side, bounded per hub.
 *
 * Hub-wide trouble closes the hub's gate; a device's own trouble makes its lane wait; what the hub refuses for good is
 * parked and the lane goes on.
 */
import type { PendingDelivery } from "../core/delivery.ts";
import { FAILURES, type Failure, type Outcome } from "../core/failure.ts";
import type { Hubs } from "../core/hub-client.ts";
import type { Identities } from "../core/identities.ts";
import type { HubConnection, Integration } from "../core/integration.ts";
import type { Log } from "../core/log.ts";
import type { ConnectionState, DeliveryQueue } from "../core/ports.ts";
import type { Device } from "../core/device.ts";
import { backoffMs, type Backoff } from "./backoff.ts";
import { HubLine } from "./hub-line.ts";
import { Lane, LANE_WINDOW, laneKey } from "./lane.ts";
import { buildMessage } from "./message.ts";

const LANE_RETRY: Backoff = { firstMs: 500, maxMs: 5 * 60_000 };
const DISABLED_RETRY: Backoff = { firstMs: 5_000, maxMs: 60 * 60_000 };
/** A lane that waits longer than this gives its window back. */
const LONG_WAIT_MS = 5_000;
const REFILL_EVERY_MS = 500;

/** What the dispatcher looks up. */
export interface DispatcherDirectory {
  device(id: string): Promise<Device | null>;
  integration(id: string): Promise<Integration | null>;
  allIntegrations(): Promise<readonly Integration[]>;
  connection(id: string): Promise<HubConnection | null>;
}

export interface DispatcherOptions {
  readonly queue: DeliveryQueue;
  readonly directory: DispatcherDirectory;
  readonly identities: Identities;
  readonly hubs: Hubs;
  readonly log: Log;
  readonly now?: () => number;
  /** Sends under way at once, per hub connection. */
  readonly maxInFlight?: number;
  /** Lanes in memory. */
  readonly maxLanes?: number;
  /** Deliveries in memory. */
  readonly maxHeld?: number;
}

interface Route {
  readonly integration: Integration;
  /** Devices after this id may have pending deliveries without a lane in memory; `null` when the listing is through. */
  unlistedAfter: string | null;
  /** There was no room for a lane: list again when there is. */
  listAgain: boolean;
}

export class Dispatcher {
  readonly #options: Required<DispatcherOptions>;
  readonly #routes = new Map<string, Route>();
  readonly #lines = new Map<string, HubLine>();
  readonly #lanes = new Map<string, Lane>();
  #held = 0;
  #refill: NodeJS.Timeout | undefined;
  #refilling: Promise<void> = Promise.resolve();
  #stopping = false;

  constructor(options: DispatcherOptions) {
    this.#options = { now: Date.now, maxInFlight: 1_000, maxLanes: 100_000, maxHeld: 50_000, ...options };
  }

  async start(): Promise<void> {
    for (const integration of await this.#options.directory.allIntegrations()) await this.#addRoute(integration);
    this.#refilling = this.#listPending();
    this.#refill = setInterval(() => {
      this.#refilling = this.#refilling.then(() => this.#listPending());
    }, REFILL_EVERY_MS);
    this.#refill.unref();
  }

  /** Starts nothing new, waits for what is under way (at most `graceMs`), closes the hubs. The rest stays pending. */
  async stop(graceMs = 5_000): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#refill);
    for (const lane of this.#lanes.values()) clearTimeout(lane.timer);
    const end = Date.now() + graceMs;
    const busy = (): boolean => [...this.#lines.values()].some((line) => line.inFlight > 0);
    while (busy() && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 10));
    await Promise.all([...this.#lines.values()].map((line) => line.stop()));
    await this.#refilling;
  }

  /** New deliveries, already on disk. */
  offer(deliveries: readonly PendingDelivery[]): void {
    for (const delivery of deliveries) {
      const { integrationId, event } = delivery;
      const route = this.#routes.get(integrationId);
      if (route === undefined || this.#stopping) continue;
      let lane = this.#lanes.get(laneKey(integrationId, event.deviceId));
      if (lane === undefined) {
        if (this.#lanes.size >= this.#options.maxLanes) {
          route.listAgain = true;
          continue;
        }
        // While the listing is under way the store may hold earlier ones of this device.
        lane = this.#addLane(integrationId, event.deviceId, route.unlistedAfter !== null);
      }
      if (lane.offer(delivery, this.#held < this.#options.maxHeld)) this.#held += 1;
      if (lane.status === "idle") this.#enqueue(lane);
    }
  }

  /** An integration was made, changed or deleted. */
  async integrationChanged(id: string): Promise<void> {
    const integration = await this.#options.directory.integration(id);
    const former = this.#routes.get(id);
    const formerLine = former === undefined ? undefined : this.#lines.get(former.integration.connectionId);
    if (integration === null) this.#routes.delete(id);
    else await this.#addRoute(integration);
    const lanes = formerLine?.drain((lane) => lane.integrationId === id) ?? [];
    for (const lane of this.#lanes.values()) {
      if (lane.integrationId !== id || lane.status !== "waiting") continue;
      clearTimeout(lane.timer);
      lanes.push(lane);
    }
    for (const lane of lanes) this.#enqueue(lane);
    await this.#closeUnusedLines();
  }

  /** Deliveries that were parked are pending again: their lanes read the store anew, in order. */
  retried(integrationId: string, deviceIds: readonly string[]): void {
    for (const deviceId of deviceIds) {
      const key = laneKey(integrationId, deviceId);
      const lane = this.#lanes.get(key) ?? this.#addLane(integrationId, deviceId, true);
      const underWay = lane.status === "busy" ? 1 : 0;
      this.#held -= lane.window.length - underWay;
      lane.window.length = underWay;
      lane.more = true;
      if (lane.status === "idle") this.#enqueue(lane);
    }
  }

  async deviceRenamed(device: Device): Promise<void> {
    const connections = await this.#options.identities.connectionsOf(device.id);
    const synced = new Set(
      [...this.#routes.values()].filter((r) => r.integration.nameSync).map((r) => r.integration.connectionId),
    );
    for (const id of connections) {
      const line = synced.has(id) ? this.#lines.get(id) : undefined;
      await line?.identities.renamed(device);
    }
  }

  connections(): readonly ConnectionState[] {
    return [...this.#lines.values()].map((line) => line.state);
  }

  /** The open client of a connection, for looking at its hub. */
  line(connectionId: string): HubLine | undefined {
    return this.#lines.get(connectionId);
  }

  async #addRoute(integration: Integration): Promise<void> {
    await this.#openLine(integration.connectionId);
    this.#routes.set(integration.id, { integration, unlistedAfter: "", listAgain: false });
  }

  async #openLine(connectionId: string): Promise<void> {
    if (this.#lines.has(connectionId)) return;
    const connection = await this.#options.directory.connection(connectionId);
    if (connection === null || this.#lines.has(connection.id)) return;
    const { hubs, identities, log, now, maxInFlight } = this.#options;
    const line = new HubLine({
      connection,
      client: hubs.open(connection),
      identities,
      log,
      now,
      maxInFlight,
      run: (lane, onLine) => this.#run(lane, onLine),
    });
    this.#lines.set(connection.id, line);
  }

  async #closeUnusedLines(): Promise<void> {
    const used = new Set([...this.#routes.values()].map((route) => route.integration.connectionId));
    for (const [id, line] of this.#lines) {
      if (used.has(id)) continue;
      this.#lines.delete(id);
      await line.stop();
    }
  }

  #addLane(integrationId: string, deviceId: string, more: boolean): Lane {
    const lane = new Lane(integrationId, deviceId, more);
    this.#lanes.set(lane.key, lane);
    return lane;
  }

  #dropLane(lane: Lane): void {
    clearTimeout(lane.timer);
    this.#held -= lane.window.length;
    lane.window = [];
    this.#lanes.delete(lane.key);
  }

  #enqueue(lane: Lane): void {
    const route = this.#routes.get(lane.integrationId);
    const line = route === undefined ? undefined : this.#lines.get(route.integration.connectionId);
    if (line === undefined || this.#stopping) this.#dropLane(lane);
    else line.enqueue(lane);
  }

  async #run(lane: Lane, line: HubLine): Promise<void> {
    try {
      await this.#step(lane, line);
    } catch (error) {
      // The store could not be read or the process stops: the lane keeps its place and tries again.
      this.#options.log.error({ lane: lane.key, reason: String(error) }, "lane.interrupted");
      line.gate.release();
      if (this.#stopping) this.#dropLane(lane);
      else this.#wait(lane, 1_000);
    }
  }

  /** Takes a lane as far as one delivery, then to the end of the line: no device keeps the others waiting. */
  async #step(lane: Lane, line: HubLine): Promise<void> {
    const route = this.#routes.get(lane.integrationId);
    if (route === undefined || this.#stopping) return this.#dropLane(lane);
    // A paused integration's events wait where they are; the next change of it lists them again.
    if (route.integration.disabled) return this.#dropLane(lane);
    if (route.integration.connectionId !== line.connection.id) return this.#enqueue(lane);
    lane.status = "busy";
    if (lane.window.length === 0) await this.#fill(lane);
    const delivery = lane.window[0];
    if (delivery === undefined) {
      lane.status = "idle";
      if (lane.isEmpty) this.#dropLane(lane);
      else this.#enqueue(lane);
      return;
    }
    const pass = line.gate.pass();
    if (pass === "closed") return line.block(lane);
    const outcome = await this.#attempt(delivery, route.integration, line);
    if (outcome.kind === "delivered") await this.#delivered(lane, delivery, line);
    else await this.#failed(lane, delivery, outcome.failure, line, pass === "probe");
  }

  async #attempt(delivery: PendingDelivery, integration: Integration, line: HubLine): Promise<Outcome> {
    const message = buildMessage(integration, delivery);
    if (!message.ok) return { kind: "failed", failure: message.failure };
    const { deviceId } = delivery.event;
    const device = (await this.#options.directory.device(deviceId)) ?? unknownDevice(deviceId);
    const identity = await line.identities.ensure(device, integration.nameSync);
    if (!identity.ok) return { kind: "failed", failure: identity.failure };
    return line.client.send(deviceId, message.value);
  }

  async #delivered(lane: Lane, { id, integrationId }: PendingDelivery, line: HubLine): Promise<void> {
    const ended = line.gate.opened();
    if (ended !== null) this.#options.log.info({ hub: line.connection.hostName, code: ended.code }, "hub.resumed");
    await this.#settled(() =>
      this.#options.queue.settle({ kind: "delivered", id, integrationId, at: this.#options.now() }),
    );
    this.#next(lane);
  }

  async #failed(lane: Lane, delivery: PendingDelivery, failure: Failure, line: HubLine, probe: boolean): Promise<void> {
    const { log, now, queue } = this.#options;
    const { id, integrationId, attempts, event } = delivery;
    const { scope, verdict } = FAILURES[failure.code];
    if (scope === "hub") {
      if (line.gate.close(failure)) {
        log.warn({ hub: line.connection.hostName, code: failure.code, reason: failure.message }, "hub.paused");
      }
      return line.block(lane);
    }
    if (probe) line.gate.release();
    lane.lastFailure = failure;
    if (verdict === "refused") {
      log.warn(
        { deliveryId: id, deviceId: event.deviceId, code: failure.code, reason: failure.message },
        "delivery.parked",
      );
      await this.#settled(() => queue.settle({ kind: "parked", id, integrationId, at: now(), failure }));
      return this.#next(lane);
    }
    if (failure.code === "identity_missing") await line.identities.vanished(event.deviceId);
    lane.failures += 1;
    const backoff = failure.code === "device_disabled" ? DISABLED_RETRY : LANE_RETRY;
    const wait = Math.max(backoffMs(backoff, lane.failures), (failure.notBefore ?? 0) - now());
    log.info(
      { deliveryId: id, deviceId: event.deviceId, code: failure.code, waitMs: Math.round(wait) },
      "delivery.waits",
    );
    await this.#settled(() =>
      queue.settle({
        kind: "retry",
        id,
        integrationId,
        at: now(),
        failure,
        nextAttemptAt: now() + wait,
        attempts: attempts + 1,
      }),
    );
    lane.window[0] = { ...delivery, attempts: attempts + 1 };
    this.#wait(lane, wait);
  }

  #wait(lane: Lane, ms: number): void {
    if (ms > LONG_WAIT_MS) {
      this.#held -= lane.window.length;
      lane.window = [];
      lane.more = true;
    }
    lane.status = "waiting";
    lane.timer = setTimeout(() => this.#enqueue(lane), ms);
    lane.timer.unref();
  }

  #next(lane: Lane): void {
    lane.failures = 0;
    lane.lastFailure = null;
    lane.window.shift();
    this.#held -= 1;
    lane.status = "idle";
    if (lane.isEmpty) this.#dropLane(lane);
    else this.#enqueue(lane);
  }

  /** A settlement must be on disk before the lane goes on; while the disk is full the lane keeps trying. */
  async #settled(write: () => Promise<void>): Promise<void> {
    for (;;) {
      try {
        return await write();
      } catch (error) {
        if (this.#stopping) throw error;
        this.#options.log.error({ reason: String(error) }, "settlement.not_written");
        await new Promise((resolve) => setTimeout(resolve, 1_000));
      }
    }
  }

  async #fill(lane: Lane): Promise<void> {
    lane.more = false;
    const page = await this.#options.queue.pending(lane.integrationId, lane.deviceId, 0, LANE_WINDOW);
    // What was offered meanwhile is on disk too; if the page holds it already, the window must not hold it twice.
    this.#held += page.length - lane.window.length;
    if (lane.window.length > 0 || page.length === LANE_WINDOW) lane.more = true;
    lane.window = [...page];
  }

  /** Gives lanes to devices whose pending deliveries no lane in memory stands for: after a start, or a long outage. */
  async #listPending(): Promise<void> {
    const { queue, maxLanes } = this.#options;
    for (const [integrationId, route] of this.#routes) {
      if (route.unlistedAfter === null && route.listAgain && this.#lanes.size < maxLanes / 2) {
        route.unlistedAfter = "";
        route.listAgain = false;
      }
      while (route.unlistedAfter !== null && !route.integration.disabled && !this.#stopping) {
        const limit = Math.min(1_000, maxLanes - this.#lanes.size);
        if (limit <= 0) break;
        const deviceIds = await queue.devicesWithPending(integrationId, route.unlistedAfter, limit);
        for (const deviceId of deviceIds) {
          if (!this.#lanes.has(laneKey(integrationId, deviceId))) {
            this.#enqueue(this.#addLane(integrationId, deviceId, true));
          }
        }
        route.unlistedAfter = deviceIds.length < limit ? null : (deviceIds.at(-1) ?? null);
      }
    }
  }
}

/** A device that was removed while its events waited: they still go out under its id. */
function unknownDevice(id: string): Device {
  return {
    id,
    name: null,
    ownerId: null,
    productId: null,
    approval: "approved",
    firmwareVersion: null,
    notes: null,
    lastHeard: null,
    createdAt: 0,
  };
}
