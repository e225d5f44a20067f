import { fail } from "../core/failure.ts";
import type { Result } from "../core/failure.ts";
import type { HubEndpoint, MonitorOptions } from "../core/hub-client.ts";
import type { HubConnection } from "../core/integration.ts";
import type { Log } from "../core/log.ts";

export async function monitorEvents(
  _context: {
    readonly endpointOf: (connection: HubConnection) => HubEndpoint | undefined;
    readonly now: () => number;
    readonly log: Log;
  },
  _connection: HubConnection,
  _options: MonitorOptions,
): Promise<Result<null>> {
  return fail("hub_error", "Reading is not built yet.");
}
