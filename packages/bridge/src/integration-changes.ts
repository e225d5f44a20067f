/** What follows from an integration that was made, changed or deleted: it works like that from then on. */
import type { Integration } from "./core/integration.ts";
import type { Log } from "./core/log.ts";

export interface IntegrationChangesOptions {
  readonly store: {
    integration(id: string): Promise<Integration | null>;
    allIntegrations(): Promise<readonly Integration[]>;
    expirePending(integrationId: string): Promise<number>;
  };
  readonly dispatcher: { integrationChanged(id: string): Promise<void> };
  readonly matcher: { load(integrations: readonly Integration[]): void };
  readonly log: Log;
}

export function createIntegrationChanges(options: IntegrationChangesOptions): (id: string) => Promise<void> {
  const { store, dispatcher, matcher, log } = options;
  return async (id) => {
    const exists = (await store.integration(id)) !== null;
    // A new one needs its lanes before its first event; a deleted one must match no more before its pending ones expire.
    if (exists) await dispatcher.integrationChanged(id);
    matcher.load(await store.allIntegrations());
    if (exists) return;
    await dispatcher.integrationChanged(id);
    const expired = await store.expirePending(id);
    log.warn({ integrationId: id, expired }, "integration.deleted");
  };
}
