/**
 * One device's deliveries of one integration, in order, one at a time. A lane holds a few deliveries in memory and knows
 * whether the store has more, so that a backlog of millions costs memory only for what is about to be sent.
 */
import type { PendingDelivery } from "../core/delivery.ts";
import type { Failure } from "../core/failure.ts";

/** Deliveries of one lane in memory at most. */
export const LANE_WINDOW = 32;

/**
 * - `idle`: nothing under way; - `ready`: in its hub's line; - `busy`: a delivery is under way;
 * - `waiting`: after its own failure, until a time; - `blocked`: its hub's gate is closed.
 */
export type LaneStatus = "idle" | "ready" | "busy" | "waiting" | "blocked";

export class Lane {
  readonly key: string;
  readonly integrationId: string;
  readonly deviceId: string;
  status: LaneStatus = "idle";
  /** The store may have pending deliveries of this lane that are not in the window. */
  more: boolean;
  /** Own failures in a row. */
  failures = 0;
  lastFailure: Failure | null = null;
  timer: NodeJS.Timeout | undefined;
  window: PendingDelivery[] = [];

  constructor(integrationId: string, deviceId: string, more: boolean) {
    this.key = laneKey(integrationId, deviceId);
    this.integrationId = integrationId;
    this.deviceId = deviceId;
    this.more = more;
  }

  /** Takes a new delivery if it is the next after what the window holds; otherwise the store keeps it for later. */
  offer(delivery: PendingDelivery, room: boolean): boolean {
    if (this.more || !room || this.window.length >= LANE_WINDOW) {
      this.more = true;
      return false;
    }
    this.window.push(delivery);
    return true;
  }

  get isEmpty(): boolean {
    return this.window.length === 0 && !this.more;
  }
}

export function laneKey(integrationId: string, deviceId: string): string {
  return `${integrationId} ${deviceId}`;
}
