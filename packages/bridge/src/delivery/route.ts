/**
 * One integration's queue at work, of its live deliveries or of its replayed ones: the line it sends through and its lanes
 * in memory. Lanes and held deliveries are bounded for
 * each integration, so that a dead hub with a whole fleet waiting takes no place from the others.
 *
 * A device without a lane may still have pending deliveries in the store. The route knows when that can be so: a listing
 * is under way (`unlistedAfter`), or a lane was left out for want of room and the next listing finds it (`listAgain`).
 */
import type { Clock } from "../core/clock.ts";
import type { PendingDelivery } from "../core/delivery.ts";
import type { Failure } from "../core/failure.ts";
import type { Integration } from "../core/integration.ts";
import type { DailyCap } from "./daily-cap.ts";
import type { Line } from "./line.ts";
import { Lane, LANE_WINDOW } from "./lane.ts";

/** A lane that waits this long gives its place to others when there is no room. */
const REST_AT_LEAST_MS = 30_000;

/** What one integration may keep in memory. */
export interface Bounds {
  readonly lanes: number;
  readonly held: number;
}

export interface RouteOptions {
  readonly clock: Clock;
  readonly bounds: () => Bounds;
  /** Shared by the queues of an integration. */
  readonly dailyCap: DailyCap;
}

export class Route {
  /** What its deliveries and lanes call their integration: its id, or `replayQueue` of it. */
  readonly queue: string;
  integration: Integration;
  /** `null` when the integration's connection is unknown. */
  line: Line | null;
  /** Devices after this id may have pending deliveries and no lane; `null` when the listing is through. */
  unlistedAfter: string | null = "";
  listAgain = false;
  /** Why nothing of it is sent, for its own reason. */
  holdup: Failure | null = null;
  readonly #options: RouteOptions;
  readonly #lanes = new Map<string, Lane>();
  /** Lanes in a long wait, longest first, with the time since when. */
  readonly #resting = new Map<Lane, number>();
  #held = 0;

  constructor(queue: string, integration: Integration, line: Line | null, options: RouteOptions) {
    this.queue = queue;
    this.integration = integration;
    this.line = line;
    this.#options = options;
  }

  /** Its events wait where they are: it was disabled, or its cap is used up. */
  get isHeldUp(): boolean {
    return this.integration.disabled || this.holdup !== null;
  }

  /** A place for one message under the daily cap. False holds up the route until there is room again. */
  async takePlace(): Promise<boolean> {
    const cap = this.integration.dailyCap;
    if (cap === null || (await this.#options.dailyCap.take(cap))) return true;
    // The store says then what is waiting, in order.
    this.holdup ??= this.#options.dailyCap.failure(cap);
    this.unlistedAfter = "";
    return false;
  }

  /** The message's place is free again, or used for good. */
  endPlace(isDelivered: boolean): void {
    this.#options.dailyCap.end(isDelivered);
  }

  /** Goes on when there is room again under the cap. */
  reconsider(): void {
    const cap = this.integration.dailyCap;
    if (this.holdup !== null && (cap === null || this.#options.dailyCap.hasRoom(cap))) this.holdup = null;
  }

  get lanes(): Iterable<Lane> {
    return this.#lanes.values();
  }

  get size(): number {
    return this.#lanes.size;
  }

  /** Deliveries in memory, and room promised to reads that are under way. */
  get held(): number {
    return this.#held;
  }

  get bounds(): Bounds {
    return this.#options.bounds();
  }

  /** Whether a lane more finds a place. */
  get hasRoom(): boolean {
    return this.#lanes.size < this.bounds.lanes || this.#restedLane() !== undefined;
  }

  lane(deviceId: string): Lane | undefined {
    return this.#lanes.get(deviceId);
  }

  /** The lane of a device; `null` when there is no room and the next listing has to find it. */
  laneFor(deviceId: string, more: boolean): Lane | null {
    const known = this.#lanes.get(deviceId);
    if (known !== undefined) return known;
    if (this.#lanes.size >= this.bounds.lanes) {
      this.listAgain = true;
      const rested = this.#restedLane();
      if (rested === undefined) return null;
      this.drop(rested);
    }
    // Others of this device may wait in the store without a lane: then the store says which is next.
    const lane = new Lane(this.queue, deviceId, more || this.unlistedAfter !== null || this.listAgain);
    this.#lanes.set(deviceId, lane);
    return lane;
  }

  drop(lane: Lane): void {
    lane.cancel();
    this.#resting.delete(lane);
    this.#held -= lane.held;
    this.#lanes.delete(lane.deviceId);
  }

  /** Hands a new delivery to its lane. */
  offer(lane: Lane, delivery: PendingDelivery): void {
    this.#account(lane, () => lane.offer(delivery, this.#held < this.bounds.held));
  }

  done(lane: Lane, delivery: PendingDelivery): void {
    this.#account(lane, () => lane.done(delivery));
  }

  giveBack(lane: Lane, keep: number): void {
    this.#account(lane, () => lane.giveBack(keep));
  }

  /** Fills an empty window. A lane whose turn it is gets one delivery at least, however many others hold theirs. */
  async fill(lane: Lane, read: (limit: number) => Promise<readonly PendingDelivery[]>): Promise<void> {
    const limit = Math.max(1, Math.min(LANE_WINDOW, this.bounds.held - this.#held));
    lane.beginFill();
    this.#held += limit;
    try {
      const page = await read(limit);
      this.#account(lane, () => lane.fill(page, page.length >= limit));
    } finally {
      this.#held -= limit;
    }
  }

  /** The lane waits for long from now on. */
  rest(lane: Lane): void {
    this.#resting.set(lane, this.#options.clock.elapsed());
  }

  wake(lane: Lane): void {
    lane.cancel();
    this.#resting.delete(lane);
  }

  #account(lane: Lane, change: () => void): void {
    const before = lane.held;
    change();
    this.#held += lane.held - before;
  }

  #restedLane(): Lane | undefined {
    const longest = this.#resting.entries().next();
    if (longest.done) return undefined;
    const [lane, since] = longest.value;
    return this.#options.clock.elapsed() - since >= REST_AT_LEAST_MS ? lane : undefined;
  }
}
