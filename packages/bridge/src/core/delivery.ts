/** One event for one integration. `accepted = delivered + pending + parked + expired + erased`, at every moment. */
import type { DeviceEvent } from "./device-event.ts";
import type { Exchange } from "./exchange.ts";
import type { Failure } from "./failure.ts";
import type { Metered } from "./hub-meter.ts";

export type DeliveryState = "pending" | "delivered" | "parked" | "expired";

/** A delivery that waits, with all that sending needs. */
export interface PendingDelivery {
  readonly id: number;
  readonly integrationId: string;
  readonly event: DeviceEvent & { readonly deviceId: string };
  /** Gapless per device and integration, from 1. */
  readonly seq: number;
  /** Tries that told something about this event: trouble with the whole hub uses none up. */
  readonly attempts: number;
}

/** Why a delivery ended without being delivered. */
export type ExpiryReason = "discarded" | "copied" | "retention" | "integration_deleted" | "replay_cancelled";

const REPLAY = "/replay";

/**
 * Deliveries of a replay wait in lanes of their own, so that live ones never wait behind them. To the dispatcher they
 * belong to this name instead of the integration's id; it stands in `PendingDelivery` and `Settlement` alike.
 */
export function replayQueue(integrationId: string): string {
  return `${integrationId}${REPLAY}`;
}

export function isReplayQueue(queue: string): boolean {
  return queue.endsWith(REPLAY);
}

/** The integration whose deliveries a queue holds, live or replayed. */
export function integrationOfQueue(queue: string): string {
  return isReplayQueue(queue) ? queue.slice(0, -REPLAY.length) : queue;
}

/** What is written when a try has ended. */
export type Settlement = Ended &
  (
    | { readonly kind: "delivered"; readonly metered?: Metered }
    | { readonly kind: "parked"; readonly failure: Failure }
    | {
        readonly kind: "retry";
        readonly failure: Failure;
        /** Unix milliseconds. */
        readonly nextAttemptAt: number;
        readonly attempts: number;
      }
    /** The target as a whole is in trouble: the delivery stays as it is, the integration's log shows why it waits. */
    | { readonly kind: "held"; readonly failure: Failure }
  );

interface Ended {
  readonly id: number;
  readonly integrationId: string;
  /** Unix milliseconds. */
  readonly at: number;
  readonly exchange?: Exchange;
}

/** The accounts of one integration. */
export interface Ledger {
  readonly accepted: number;
  readonly delivered: number;
  readonly pending: number;
  readonly parked: number;
  readonly expired: number;
  readonly erased: number;
}

/** A finished or failed try, for the integration's log. */
export interface DeliveryRecord {
  readonly id: number;
  readonly eventId: string;
  readonly event: string;
  readonly deviceId: string;
  readonly state: DeliveryState;
  readonly seq: number;
  readonly attempts: number;
  readonly acceptedAt: number;
  readonly settledAt: number | null;
  /** Of a pending one that waits for its next try, unix milliseconds. */
  readonly nextAttemptAt: number | null;
  readonly failure: Failure | null;
  /** Of an expired one: what ended it, and the words of whoever did. */
  readonly reason: { readonly kind: ExpiryReason; readonly note: string | null } | null;
  /** The replay that made it. */
  readonly replayId: string | null;
}
