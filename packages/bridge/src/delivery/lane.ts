/**
 * One device's deliveries of one integration, in order, one at a time. A lane holds a few deliveries in memory and knows
 * whether the store has more, so that a backlog of millions costs memory only for what is about to be sent.
 */
import type { Failure } from "../core/failure.ts";
import type { PendingDelivery } from "../core/delivery.ts";

/** Deliveries of one lane in memory at most. */
export const LANE_WINDOW = 32;

/**
 * - `idle`: between two steps; - `ready`: in its hub's line; - `busy`: a delivery is under way, or its identity is made;
 * - `waiting`: after its own failure, until a time.
 */
export type LaneStatus = "idle" | "ready" | "busy" | "waiting";

export class Lane {
  readonly integrationId: string;
  readonly deviceId: string;
  status: LaneStatus = "idle";
  /** The store may have pending deliveries of this lane that are not in the window. */
  more: boolean;
  /** Own failures in a row. */
  failures = 0;
  /** Its last failure, since it was last delivered of. */
  waitsFor: Failure | null = null;
  /** Calls off the timer of a waiting lane. */
  cancel: () => void = () => undefined;
  #window: PendingDelivery[] = [];
  /** Sequence number up to which the window has held all that was pending. */
  #lastSeq = 0;
  #lastOffered = 0;
  #stale = false;

  constructor(integrationId: string, deviceId: string, more: boolean) {
    this.integrationId = integrationId;
    this.deviceId = deviceId;
    this.more = more;
  }

  get first(): PendingDelivery | undefined {
    return this.#window[0];
  }

  /** Deliveries in memory. */
  get held(): number {
    return this.#window.length;
  }

  get isEmpty(): boolean {
    return this.#window.length === 0 && !this.more;
  }

  /**
   * Takes a new delivery if it is the next after what the window holds; otherwise the store keeps it for later. One that
   * a page has brought already is not taken again: its offer and the page may come from the same flush.
   */
  offer(delivery: PendingDelivery, room: boolean): void {
    this.#lastOffered = Math.max(this.#lastOffered, delivery.seq);
    if (this.more || delivery.seq <= this.#lastSeq) return;
    if (!room || this.#window.length >= LANE_WINDOW) {
      this.more = true;
      return;
    }
    this.#lastSeq = delivery.seq;
    this.#window.push(delivery);
  }

  /** The store is about to be read: what comes meanwhile stays there. */
  beginFill(): void {
    this.more = true;
    this.#stale = false;
  }

  /** Takes what the store had for an empty window; `full`: it may have further ones. */
  fill(page: readonly PendingDelivery[], full: boolean): void {
    this.#window = [...page];
    this.#lastSeq = Math.max(this.#lastSeq, page.at(-1)?.seq ?? 0);
    this.more = full || this.#stale || this.#lastOffered > this.#lastSeq;
  }

  /** The delivery is settled. */
  done({ id }: PendingDelivery): void {
    if (this.#window[0]?.id === id) this.#window.shift();
  }

  /** Leaves all but the first `keep` to the store, which is read again when it is their turn. */
  giveBack(keep: number): void {
    this.#window.length = Math.min(keep, this.#window.length);
    this.more = true;
    this.#stale = true;
  }
}
