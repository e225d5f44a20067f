/** The port to events that are still on disk, for looking at them again: in previews, explanations and tests. */
import type { DeliveryRecord } from "./delivery.ts";
import type { DeviceEvent } from "./device-event.ts";
import type { Scope } from "./integration.ts";

export interface RecentEvents {
  /**
   * Newest first: what devices published that belong to the scope now. Looks at the server's newest 20,000 events, so that a
   * quiet scope beside a busy one costs little.
   */
  recentEvents(
    scope: Scope,
    query: { readonly limit: number; readonly prefix?: string; readonly deviceId?: string },
  ): Promise<readonly DeviceEvent[]>;
  /** By its id, among the server's newest 100,000; `null` when it is not there. */
  recentEvent(id: string): Promise<DeviceEvent | null>;
  /** Newest first: what the view's devices published and what was made there without a device, by bounded effort. */
  eventPage(view: EventView, query: EventQuery): Promise<EventPage>;
  /** An event with its deliveries, replays apart; `null` when it is no longer there. */
  eventTrace(id: string): Promise<EventTrace | null>;
}

/** Whose events are looked at, by where devices belong now. */
export interface EventView {
  /** `null`: no sandbox. */
  readonly accountId: string | null;
  readonly productIds: readonly number[];
}

export interface EventQuery {
  readonly limit: number;
  readonly prefix?: string;
  readonly deviceId?: string;
  /** `next` of the page before. */
  readonly before?: number;
}

export interface EventPage {
  /** May be few although there are more: a search stops after a bounded effort. */
  readonly events: readonly DeviceEvent[];
  /** `null` after the last. */
  readonly next: number | null;
}

export interface EventTrace {
  readonly event: DeviceEvent;
  readonly deliveries: readonly { readonly integrationId: string; readonly record: DeliveryRecord }[];
}
