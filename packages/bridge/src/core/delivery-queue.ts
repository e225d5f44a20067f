/** What ingest and delivery need of the store: appending events, and the queue of what is to be sent. */
import type { PendingDelivery, Settlement } from "./delivery.ts";
import type { DeviceEvent } from "./device-event.ts";

/** Appends events, each with one pending delivery per match, and resolves when they are flushed to disk. */
export interface EventLog {
  append(event: DeviceEvent, integrationIds: readonly string[]): Promise<readonly PendingDelivery[]>;
  /** As `append`, unless an event with one of these prints came lately: then nothing is stored and its id is given. */
  appendOnce(
    event: DeviceEvent,
    integrationIds: readonly string[],
    prints: readonly string[],
  ): Promise<{ readonly deliveries: readonly PendingDelivery[] } | { readonly firstId: string }>;
}

/**
 * What the dispatcher reads and writes. All writes are grouped into flushed transactions. Where it says integration,
 * `replayQueue(integration)` means the integration's replayed deliveries instead of its live ones.
 */
export interface DeliveryQueue {
  /** Devices with pending deliveries of one integration, by id, after `after`. */
  devicesWithPending(integrationId: string, after: string, limit: number): Promise<readonly string[]>;
  /** A lane's pending deliveries in order, after `afterSeq`. */
  pending(
    integrationId: string,
    deviceId: string,
    afterSeq: number,
    limit: number,
  ): Promise<readonly PendingDelivery[]>;
  settle(settlement: Settlement): Promise<void>;
  /** Deliveries of an integration, live and replayed, that were delivered on a day (UTC) such as `2026-03-01`. */
  deliveredOn(integrationId: string, day: string): Promise<number>;
}
