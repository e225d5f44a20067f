/** What became of deliveries, for those who look: tries, pages, causes, counts over time. */
import type { DeliveryRecord, DeliveryState, ExpiryReason, Ledger } from "./delivery.ts";
import type { DeviceEvent } from "./device-event.ts";
import type { Exchange } from "./exchange.ts";
import type { Failure } from "./failure.ts";
import type { Scope } from "./integration.ts";

/** One try of a delivery. */
export interface Attempt {
  /** Unix milliseconds at which it ended. */
  readonly at: number;
  /** `held`: the target as a whole was in trouble; the try does not count for the delivery. */
  readonly outcome: "delivered" | "retry" | "parked" | "held";
  readonly failure: Failure | null;
  /** Kept for the newest tries of an integration only. */
  readonly exchange: Exchange | null;
}

/** A try in an integration's log of the last successes and the last errors. */
export interface LogRecord extends Attempt {
  readonly deliveryId: number;
  readonly eventId: string;
  readonly event: string;
  readonly deviceId: string;
}

/** Narrows a list of deliveries. Times are unix milliseconds of acceptance; `since` is included, `until` is not. */
export interface DeliveryFilter {
  readonly state?: DeliveryState;
  readonly deviceId?: string;
  /** Prefix of the event's name. */
  readonly event?: string;
  /** Code of the last failure. */
  readonly code?: string;
  readonly since?: number;
  readonly until?: number;
}

export interface DeliveryPage {
  /** Newest first. May be short although there is more: a search stops after a bounded effort. */
  readonly records: readonly DeliveryRecord[];
  /** Goes into `before` for the following page; `null` after the last. */
  readonly next: number | null;
}

/** One delivery with all that is known of it. */
export interface DeliveryDetail {
  readonly record: DeliveryRecord;
  readonly event: DeviceEvent;
  /** The newest ones, newest first. */
  readonly attempts: readonly Attempt[];
}

/** Which deliveries of an integration an operation is for. */
export type Selection =
  | { readonly kind: "ids"; readonly ids: readonly number[] }
  /** Those whose last failure has this code. */
  | { readonly kind: "code"; readonly code: string }
  | { readonly kind: "all" };

/** What ails an integration, one entry per cause. */
export interface FailureGroup {
  readonly code: string;
  /** A recent failure's words. */
  readonly message: string;
  /** Deliveries that are parked with it now. */
  readonly parked: number;
  /** Deliveries that wait for another try after it. */
  readonly waiting: number;
  /** Tries that ended with it since `firstAt`. */
  readonly seen: number;
  readonly firstAt: number;
  readonly lastAt: number;
  /** A delivery to look at. */
  readonly sampleId: number | null;
}

/** Counts of one interval, which begins at `time` (unix milliseconds). */
export interface SeriesPoint {
  readonly time: number;
  readonly accepted: number;
  readonly success: number;
  /** Tries that ended in a failure. */
  readonly failure: number;
}

export interface SeriesQuery {
  /** Unix milliseconds; `to` is not included. */
  readonly from: number;
  readonly to: number;
  /** Length of an interval. What is older than two days is kept in quarters of an hour only. */
  readonly bucketMs: number;
}

/** What a list tells of an integration at a glance. */
export interface IntegrationCounts {
  /** Counted since midnight UTC. */
  readonly today: { readonly success: number; readonly error: number };
  readonly ledger: Ledger;
  readonly series: readonly SeriesPoint[];
}

/** What a replay is to send. */
export interface ReplayWindow {
  /** Window of acceptance, unix milliseconds; `to` is not included. */
  readonly from: number;
  readonly to: number;
  readonly deviceId: string | null;
  /** Prefix of the event's name. */
  readonly event: string | null;
}

/** Deliveries of a time window that are sent once more, beside the live ones. */
export interface Replay extends ReplayWindow {
  readonly id: string;
  readonly integrationId: string;
  readonly state: "running" | "done" | "cancelled";
  /** Deliveries that it has made so far. */
  readonly queued: number;
  readonly delivered: number;
  readonly parked: number;
  readonly expired: number;
  readonly createdAt: number;
  readonly endedAt: number | null;
}

/** How long things are kept, in milliseconds. */
export interface RetentionSettings {
  readonly deliveredMs: number;
  readonly parkedMs: number;
  readonly pendingMs: number;
}

/** Something that an operator has to know about the data, until it is acknowledged. */
export interface Incident {
  readonly id: number;
  readonly kind: "events_missing";
  readonly message: string;
  readonly at: number;
}

/** The accounts of an integration that is there, or of one that was deleted. */
export interface NamedLedger {
  readonly integrationId: string;
  readonly name: string;
  readonly event: string;
  readonly scope: Scope;
  readonly deletedAt: number | null;
  readonly ledger: Ledger;
  readonly expiredBy: Readonly<Partial<Record<ExpiryReason, number>>>;
}
