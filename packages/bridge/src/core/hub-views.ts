import type { Result } from "./failure.ts";
import type { MonitorOptions } from "./hub-client.ts";

/** Looking into a hub through an integration's connection. */
export interface HubViews {
  /** The service's twin JSON. `null` when the hub has no such device. */
  twin(integrationId: string, deviceId: string): Promise<Result<Record<string, unknown> | null>>;
  /** Reads the hub's built-in endpoint; `hub` is an integration id or `local`. Ends when the signal aborts. */
  monitor(hub: string, options: MonitorOptions): Promise<Result<null>>;
}
