/** Looking into a hub: a device's twin, and the messages as readers receive them. */
import { fail } from "./core/failure.ts";
import type { HubClient, Hubs } from "./core/hub-client.ts";
import type { HubViews } from "./core/hub-views.ts";
import type { HubReach } from "./hub-reach.ts";

export interface HubViewsOptions {
  readonly reach: Pick<HubReach, "connectionOf">;
  readonly hubs: Hubs;
  /** The client by which deliveries go, where one is open. */
  readonly openClient: (connectionId: string) => HubClient | undefined;
}

export function createHubViews({ reach, hubs, openClient }: HubViewsOptions): HubViews {
  return {
    async twin(integrationId, deviceId) {
      const connection = await reach.connectionOf(integrationId);
      if (connection === null) return fail("hub_not_found", "There is no such hub.");
      const shared = openClient(connection.id);
      if (shared !== undefined) return shared.getTwin(deviceId);
      const own = hubs.open(connection);
      try {
        return await own.getTwin(deviceId);
      } finally {
        await own.close();
      }
    },

    async monitor(hub, options) {
      const connection = await reach.connectionOf(hub);
      return connection === null ? fail("hub_not_found", "There is no such hub.") : hubs.monitor(connection, options);
    },
  };
}
