/**
 * Gives lanes to devices whose pending deliveries no lane in memory stands for: after a start, a change of the
 * integration, or when there was no room.
 */
import type { Clock } from "../core/clock.ts";
import type { Log } from "../core/log.ts";
import type { DeliveryQueue } from "../core/delivery-queue.ts";
import type { Lane } from "./lane.ts";
import type { Route } from "./route.ts";
import type { Routes } from "./routes.ts";

const LIST_EVERY_MS = 500;
/** A listing that begins with less than half of the places free brings little: not oftener than this. */
const LIST_FULL_EVERY_MS = 10_000;
const PAGE = 1_000;

export interface PendingListingOptions {
  readonly routes: Routes;
  readonly queue: DeliveryQueue;
  readonly clock: Clock;
  readonly log: Log;
  readonly enqueue: (lane: Lane) => void;
}

export class PendingListing {
  readonly #options: PendingListingOptions;
  readonly #begunAt = new WeakMap<Route, number>();
  #underWay: Promise<void> = Promise.resolve();
  #cancel: () => void = () => undefined;
  #stopped = false;

  constructor(options: PendingListingOptions) {
    this.#options = options;
  }

  start(): void {
    this.#underWay = this.#listAll().finally(() => {
      if (!this.#stopped) this.#cancel = this.#options.clock.after(LIST_EVERY_MS, () => this.start());
    });
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#cancel();
    await this.#underWay;
  }

  async #listAll(): Promise<void> {
    for (const route of this.#options.routes.all) {
      try {
        await this.#list(route);
      } catch (error) {
        // The store is in trouble. Where the listing stands is kept; the next round goes on from there.
        this.#options.log.warn({ integrationId: route.queue, reason: String(error) }, "listing.interrupted");
      }
    }
  }

  async #list(route: Route): Promise<void> {
    route.reconsider();
    if (route.unlistedAfter === null && this.#isTime(route)) {
      route.unlistedAfter = "";
      route.listAgain = false;
      this.#begunAt.set(route, this.#options.clock.elapsed());
    }
    while (route.unlistedAfter !== null && route.hasRoom && !route.isHeldUp && !this.#stopped) {
      const after = route.unlistedAfter;
      const deviceIds = await this.#options.queue.devicesWithPending(route.queue, after, PAGE);
      // A change of the integration meanwhile begins the listing anew.
      if (route.unlistedAfter !== after) continue;
      if (!this.#giveLanes(route, deviceIds)) return;
      if (deviceIds.length < PAGE) route.unlistedAfter = null;
    }
  }

  /** False when there was no room for all. */
  #giveLanes(route: Route, deviceIds: readonly string[]): boolean {
    for (const deviceId of deviceIds) {
      if (route.lane(deviceId) === undefined) {
        const lane = route.hasRoom ? route.laneFor(deviceId, true) : null;
        if (lane === null) return false;
        this.#options.enqueue(lane);
      }
      route.unlistedAfter = deviceId;
    }
    return true;
  }

  #isTime(route: Route): boolean {
    if (!route.listAgain || !route.hasRoom) return false;
    const since = this.#options.clock.elapsed() - (this.#begunAt.get(route) ?? Number.NEGATIVE_INFINITY);
    return route.size < route.bounds.lanes / 2 || since >= LIST_FULL_EVERY_MS;
  }
}
