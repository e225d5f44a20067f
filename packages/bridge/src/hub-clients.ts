/** Clients of hubs as all parts use them: they take turns at a device's connection, count what is charged, note what they write into twins. */
import type { Hubs } from "./core/hub-client.ts";
import type { Log } from "./core/log.ts";
import { createHubs } from "./hub/hubs.ts";
import { HubTurns } from "./hub/hub-turns.ts";
import { createTwinHubs } from "./hub/twins/twin-hubs.ts";
import { meteredHubs, meteredTwinHubs, startHubMetering } from "./hub-metering.ts";
import type { HubReach } from "./hub-reach.ts";
import { notingHubs } from "./noting-hubs.ts";
import { OpenTwins } from "./open-twins.ts";
import type { SqliteStore } from "./store/sqlite-store.ts";
import { createTwinNotes, type TwinNotes } from "./twin-notes.ts";

export interface HubClientsOptions {
  readonly store: SqliteStore;
  readonly reach: HubReach;
  readonly entraAuthority: string | null;
  readonly log: Log;
}

export interface HubClients {
  /** How to reach and sign in to a hub. */
  readonly toHubs: ReturnType<typeof waysOf>;
  /** For deliveries, whose messages are counted when they settle. */
  readonly hubs: Hubs;
  /** For TEST, whose messages nobody else counts. */
  readonly testHubs: Hubs;
  /** For states, Things and people: one client a connection. */
  readonly clients: OpenTwins;
  readonly notes: TwinNotes;
  /** Writes what was counted and noted. */
  stop(): Promise<void>;
}

export function createHubClients({ store, reach, entraAuthority, log }: HubClientsOptions): HubClients {
  const toHubs = waysOf(reach, entraAuthority);
  // A device lives on one connection of its hub: its messages and its reports take turns.
  const turns = new HubTurns();
  const metering = startHubMetering({ store, log });
  const notes = createTwinNotes({
    history: store,
    hostName: async (id) => (await reach.connection(id))?.hostName ?? null,
    now: Date.now,
    log,
  });
  const plainHubs = notingHubs(createHubs({ ...toHubs, turns, log }), notes.note, Date.now);
  const twinHubs = meteredTwinHubs(createTwinHubs({ ...toHubs, turns, log }), metering.count);
  return {
    toHubs,
    hubs: meteredHubs(plainHubs, metering.count, "sends_counted_elsewhere"),
    testHubs: meteredHubs(plainHubs, metering.count, "sends_counted"),
    clients: new OpenTwins(twinHubs, (id) => reach.connection(id)),
    notes,
    async stop() {
      await notes.stop();
      await metering.stop();
    },
  };
}

function waysOf(
  reach: HubReach,
  entraAuthority: string | null,
): {
  readonly endpointOf: HubReach["endpointOf"];
  readonly entra: { readonly authority?: string };
  readonly now: () => number;
} {
  return {
    endpointOf: (connection) => reach.endpointOf(connection),
    entra: entraAuthority === null ? {} : { authority: entraAuthority },
    now: Date.now,
  };
}
