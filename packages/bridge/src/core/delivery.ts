/** One event for one integration. `accepted = delivered + pending + parked + expired + erased`, at every moment. */
import type { DeviceEvent } from "./device-event.ts";
import type { Failure } from "./failure.ts";

export type DeliveryState = "pending" | "delivered" | "parked" | "expired";

/** A delivery that waits, with all that sending needs. */
export interface PendingDelivery {
  readonly id: number;
  readonly integrationId: string;
  readonly event: DeviceEvent & { readonly deviceId: string };
  /** Gapless per device and integration, from 1. */
  readonly seq: number;
  /** Tries that ended in the event's own failure. */
  readonly attempts: number;
}

/** What is written when a try has ended. */
export type Settlement =
  | { readonly kind: "delivered"; readonly id: number; readonly integrationId: string; readonly at: number }
  | {
      readonly kind: "parked";
      readonly id: number;
      readonly integrationId: string;
      readonly at: number;
      readonly failure: Failure;
    }
  | {
      readonly kind: "retry";
      readonly id: number;
      readonly integrationId: string;
      readonly at: number;
      readonly failure: Failure;
      /** Unix milliseconds. */
      readonly nextAttemptAt: number;
      readonly attempts: number;
    };

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
  readonly failure: Failure | null;
}
