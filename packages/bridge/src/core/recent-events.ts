/** The port to events that are still on disk, for looking at them again: in previews, explanations and tests. */
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
}
