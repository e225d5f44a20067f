/** Scans of hubs' identities at work: joins the store, the hubs' clients and the integrations. */
import { systemClock } from "./core/clock.ts";
import type { Result } from "./core/failure.ts";
import { LOCAL_HUB } from "./core/hub-host.ts";
import type { IdentityHub } from "./core/hub-identities.ts";
import type { DeviceHub } from "./core/device-desk.ts";
import type { AzureIotHubIntegration } from "./core/integration.ts";
import type { Log } from "./core/log.ts";
import type { HubUsers } from "./api/hub-dependencies.ts";
import type { HubReach } from "./hub-reach.ts";
import { IdentityScans } from "./identities/identity-scans.ts";
import { needsOf } from "./identities/needs.ts";
import { HubPace } from "./state/hub-pace.ts";
import type { SqliteStore } from "./store/sqlite-store.ts";

/** The registries of small hubs take 100 asks a minute; a plan has the patience to wait for its turn. */
const PATIENCE_MS = 10 * 60_000;
const PAGE = 1_000;

export interface HubIdentitiesOptions {
  readonly store: SqliteStore;
  readonly reach: Pick<HubReach, "connection">;
  readonly open: (connectionId: string) => Promise<DeviceHub | undefined>;
  readonly onChanged: (connectionId: string, hubDeviceId: string) => void;
  readonly log: Log;
}

export function createHubIdentities({ store, reach, open, onChanged, log }: HubIdentitiesOptions): IdentityScans {
  const integrationsOf = async (ids: readonly string[]): Promise<readonly AzureIotHubIntegration[]> =>
    (await store.allIntegrations()).flatMap((one) =>
      one.type === "AzureIotHub" && ids.includes(one.connectionId) ? [one] : [],
    );

  return new IdentityScans({
    store: store.identityScans,
    identities: store,
    hub: async (id) => {
      const hub = await open(id);
      return hub === undefined ? null : paced(hub);
    },
    // All who use the Local Hub share it, and the operator alone decides about it.
    async sameHub(id) {
      const connection = await reach.connection(id);
      if (connection?.hostName !== LOCAL_HUB) return [id];
      const ids = (await store.allIntegrations()).flatMap((one) =>
        one.type === "AzureIotHub" ? one.connectionId : [],
      );
      const hosts = await Promise.all([...new Set(ids)].map((other) => reach.connection(other)));
      const local = hosts.flatMap((other) => (other?.hostName === LOCAL_HUB && other.id !== id ? [other.id] : []));
      return [id, ...local, LOCAL_HUB].filter((other, i, all) => all.indexOf(other) === i);
    },
    needs: async (ids) => needsOf(await integrationsOf(ids)),
    onChanged,
    clock: systemClock,
    log,
  });
}

/** A connection and who uses it. */
export function hubUsersOf({ store, reach }: Pick<HubIdentitiesOptions, "store" | "reach">) {
  return async (connectionId: string): Promise<HubUsers | null> => {
    const connection = await reach.connection(connectionId);
    if (connection === null) return null;
    const { hostName, policyName } = connection;
    const integrations = await store.allIntegrations();
    const states = await store.allStateSettings();
    const scopes = [
      ...integrations.flatMap((one) =>
        one.type === "AzureIotHub" && one.connectionId === connectionId ? [one.scope] : [],
      ),
      ...states.flatMap(({ scope, hub }) => (hub?.connectionId === connectionId ? [scope] : [])),
    ];
    return { hostName, policyName, scopes };
  };
}

function paced(hub: DeviceHub): IdentityHub {
  const clock = systemClock;
  const registry = new HubPace({ clock, random: Math.random, atOnce: 4 });
  const queries = new HubPace({ clock, random: Math.random, atOnce: 1 });
  const ask = async <T>(call: () => Promise<Result<T>>): Promise<Result<T>> =>
    registry.run(async () => asThrottled(await call()), PATIENCE_MS);
  return {
    firstDevices: () => ask(() => hub.firstDevices()),
    glance: (page) => queries.run(() => hub.glance({ page, size: PAGE }), PATIENCE_MS),
    device: (id) => ask(() => hub.device(id)),
    createDevice: (id) => ask(() => hub.createDevice(id)),
    deleteGeneration: (id, generationId) => ask(() => hub.deleteGeneration(id, generationId)),
    writeName: (id, name) => hub.patchDesired(id, { deviceName: name }, null),
  };
}

/** The registry's own limit has a word of its own; to the pace it is one like any other. */
function asThrottled<T>(answer: Result<T>): Result<T> {
  if (answer.ok || answer.failure.code !== "create_throttled") return answer;
  return { ok: false, failure: { ...answer.failure, code: "throttled" } };
}
