/**
 * Takes a lane one delivery further and then to the end of its line: no device keeps the others waiting. The lane goes on
 * only when the settlement of its delivery is on disk.
 */
import type { PendingDelivery } from "../core/delivery.ts";
import type { Device } from "../core/device.ts";
import type { Exchange } from "../core/exchange.ts";
import { FAILURES, type Failure } from "../core/failure.ts";
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { DeliveryQueue } from "../core/delivery-queue.ts";
import type { Random } from "../core/backoff.ts";
import type { Pass } from "./gate.ts";
import type { Line } from "./line.ts";
import type { Lane } from "./lane.ts";
import { retryWaitMs } from "./retry-wait.ts";
import type { Route } from "./route.ts";
import type { Routes } from "./routes.ts";
import { Settling } from "./settling.ts";
import { unknownDevice } from "./unknown-device.ts";

/** After trouble of our own, as a store that cannot be read. */
const INTERRUPTED_MS = 1_000;
/** A lane that waits longer than this may lose its place to another. */
const LONG_WAIT_MS = 5_000;

export interface LaneRunnerOptions {
  readonly routes: () => Routes;
  readonly queue: DeliveryQueue;
  readonly device: (id: string) => Promise<Device | null>;
  readonly clock: Clock;
  readonly random: Random;
  readonly log: Log;
}

/** One delivery on its way: what the steps of a try share. */
interface Try {
  readonly route: Route;
  readonly lane: Lane;
  readonly line: Line;
  readonly pass: Pass;
  readonly delivery: PendingDelivery;
  readonly device: Device;
  /** On the growing clock. */
  readonly startedAt: number;
}

interface Failed {
  readonly failure: Failure;
  readonly exchange?: Exchange;
  /** The message itself was tried, and not only what must be there before. */
  readonly sent: boolean;
}

export class LaneRunner {
  readonly #options: LaneRunnerOptions;
  readonly #settling: Settling;
  #stopping = false;

  constructor(options: LaneRunnerOptions) {
    this.#options = options;
    this.#settling = new Settling(options);
  }

  /** From now on lanes are let go where they stand; their deliveries stay pending. */
  stop(): void {
    this.#stopping = true;
    this.#settling.stop();
  }

  /** Puts a lane in the line that its integration uses now. */
  enqueue(lane: Lane): void {
    const route = this.#options.routes().of(lane);
    if (route === undefined) return lane.cancel();
    route.wake(lane);
    if (route.line === null || this.#stopping) route.drop(lane);
    else route.line.enqueue(lane, route.line.target.opensFor?.(lane.deviceId, route.integration) ?? false);
  }

  async run(lane: Lane, line: Line, pass: Pass): Promise<void> {
    await this.#guarded(lane, () => this.#step(lane, line, pass));
    // Whatever has happened: a probe that told nothing makes room for the next.
    line.gate.release(pass);
  }

  async #guarded(lane: Lane, step: () => Promise<void>): Promise<void> {
    try {
      await step();
    } catch (error) {
      // The store could not be read or the process stops: the lane keeps its place and tries again.
      const { integrationId, deviceId } = lane;
      this.#options.log.error({ integrationId, deviceId, reason: String(error) }, "lane.interrupted");
      this.#wait(lane, INTERRUPTED_MS);
    }
  }

  async #step(lane: Lane, line: Line, pass: Pass): Promise<void> {
    const { routes, queue, device: find } = this.#options;
    const route = routes().of(lane);
    if (route === undefined) return;
    // A paused integration's events wait where they are; the next change of it lists them again.
    if (this.#stopping || route.isHeldUp) return route.drop(lane);
    lane.status = "busy";
    if (lane.first === undefined) {
      await route.fill(lane, (limit) => queue.pending(lane.integrationId, lane.deviceId, 0, limit));
    }
    const delivery = lane.first;
    if (delivery === undefined) return this.#goOn(lane);
    const device = (await find(lane.deviceId)) ?? unknownDevice(lane.deviceId);
    const attempt: Try = { route, lane, line, pass, delivery, device, startedAt: this.#options.clock.elapsed() };
    if (await line.target.isReady(device, route.integration)) return this.#sendUnderCap(attempt);
    const preparing = this.#prepare(attempt);
    // New devices must not take the places of known ones while the registry is slow; only a probe waits for its answer.
    if (pass.probe) return preparing;
    route.giveBack(lane, 0);
    line.aside(this.#guarded(lane, () => preparing));
  }

  async #prepare(attempt: Try): Promise<void> {
    const { route, lane, line, pass, device } = attempt;
    const prepared = await line.target.prepare(device, route.integration);
    if (!prepared.ok) return this.#failed(attempt, { failure: prepared.failure, sent: false });
    if (pass.probe) return this.#sendUnderCap(attempt);
    this.enqueue(lane);
  }

  /** Without room under the day's cap the lane goes: the store keeps what waits until there is. */
  async #sendUnderCap(attempt: Try): Promise<void> {
    const { route, lane } = attempt;
    const { integration } = route;
    if (integration.dailyCap === null) return this.#send(attempt);
    const wasHeldUp = route.isHeldUp;
    if (await route.takePlace()) return this.#send(attempt, (isDelivered) => route.endPlace(isDelivered));
    const { id, dailyCap } = integration;
    if (!wasHeldUp) this.#options.log.info({ integrationId: id, code: "daily_cap_reached", dailyCap }, "route.held_up");
    route.drop(lane);
  }

  async #send(attempt: Try, onEnd: (isDelivered: boolean) => void = () => undefined): Promise<void> {
    const { route, line, pass, delivery, device } = attempt;
    const outcome = await line.target.send(delivery, route.integration, device);
    onEnd(outcome.kind === "delivered");
    if (outcome.kind === "failed") return this.#failed(attempt, { ...outcome, sent: true });
    this.#resumed(line, line.accepted(pass));
    await this.#settling.delivered(delivery, outcome.exchange, outcome.metered);
    this.#settled(attempt);
  }

  async #failed(attempt: Try, failed: Failed): Promise<void> {
    const { line, pass } = attempt;
    const { scope, verdict } = FAILURES[failed.failure.code];
    if (scope === "hub") return this.#targetFailed(attempt, failed);
    // The target has spoken, if only about this device: it can be reached.
    if (failed.failure.hubCode !== undefined) this.#resumed(line, line.answered(pass));
    // Its settlement may take long while the disk is full; the next probe need not wait for it.
    line.gate.release(pass);
    if (verdict === "refused") return this.#park(attempt, failed);
    return this.#retry(attempt, failed);
  }

  #targetFailed({ route, lane, line, pass, delivery, startedAt }: Try, { failure, exchange }: Failed): void {
    const news = line.troubled(failure, pass, startedAt);
    const { code, message } = failure;
    const hub = line.target.hostName;
    if (news === "paused") this.#options.log.warn({ hub, code, reason: message }, "hub.paused");
    if (news === "slowed") this.#options.log.info({ hub, code, limit: line.rate.limit }, "hub.slowed");
    if (news !== "known" || pass.probe) void this.#settling.held(delivery, failure, exchange);
    // An outage may last: nothing of it is kept in memory that the store has anyway.
    route.giveBack(lane, 0);
    this.enqueue(lane);
  }

  #resumed(line: Line, ended: Failure | null): void {
    if (ended !== null) this.#options.log.info({ hub: line.target.hostName, code: ended.code }, "hub.resumed");
  }

  async #park(attempt: Try, { failure, exchange }: Failed): Promise<void> {
    await this.#settling.parked(attempt.delivery, failure, exchange);
    this.#settled(attempt);
  }

  async #retry({ route, lane, line, delivery, device }: Try, { failure, exchange, sent }: Failed): Promise<void> {
    const { clock, random } = this.#options;
    await line.target.failed(failure, device, route.integration);
    lane.failures += 1;
    lane.waitsFor = failure;
    const waitMs = retryWaitMs({ failure, failures: lane.failures, now: clock.now(), random });
    await this.#settling.retry(delivery, failure, { waitMs, exchange, counts: sent });
    this.#wait(lane, waitMs);
  }

  #settled({ route, lane, delivery }: Try): void {
    lane.failures = 0;
    lane.waitsFor = null;
    route.done(lane, delivery);
    this.#goOn(lane);
  }

  #goOn(lane: Lane): void {
    const route = this.#options.routes().of(lane);
    lane.status = "idle";
    if (lane.isEmpty) route?.drop(lane);
    else this.enqueue(lane);
  }

  #wait(lane: Lane, ms: number): void {
    const route = this.#options.routes().of(lane);
    if (route === undefined) return;
    if (this.#stopping) return route.drop(lane);
    route.giveBack(lane, 0);
    lane.status = "waiting";
    lane.cancel = this.#options.clock.after(ms, () => this.enqueue(lane));
    if (ms > LONG_WAIT_MS) route.rest(lane);
  }
}
