/** For what has only hubs: whoever sends a webhook here has made a mistake. */
import type { DispatcherOptions } from "../dispatcher.ts";

export const noWebhooks: DispatcherOptions["webhooks"] = {
  client: {
    request: () => Promise.reject(new Error("No webhooks here.")),
    close: async () => undefined,
  },
  secrets: async () => null,
  onHookEvents: () => undefined,
};
