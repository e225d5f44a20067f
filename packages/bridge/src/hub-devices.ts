/** Devices as their hubs see them, over the clients that mirror states. */
import type { HubDevices } from "./core/hub-devices.ts";
import { LOCAL_HUB } from "./core/hub-host.ts";
import type { Identities } from "./core/identities.ts";
import type { TwinHistory } from "./core/twin-history.ts";
import { PARA_HUB, type HubReach } from "./hub-reach.ts";
import type { OpenTwins } from "./open-twins.ts";
import type { TwinNotes } from "./twin-notes.ts";

export interface HubDevicesOptions {
  readonly clients: OpenTwins;
  readonly reach: Pick<HubReach, "connection">;
  readonly store: Pick<Identities, "identity"> & TwinHistory;
  readonly notes: TwinNotes;
  readonly onChanged: (connectionId: string, hubDeviceId: string) => void;
}

export function createHubDevices({ clients, reach, store, notes, onChanged }: HubDevicesOptions): HubDevices {
  return {
    async open(connectionId) {
      return (await clients.open(connectionId)) ?? null;
    },
    async hub(connectionId) {
      const connection = await reach.connection(connectionId);
      if (connection === null) return null;
      const { hostName } = connection;
      return { hostName, isShared: hostName === LOCAL_HUB || connectionId === PARA_HUB };
    },
    known: (connectionId, hubDeviceId) => store.identity(connectionId, hubDeviceId),
    changed: onChanged,
    async history(query) {
      await notes.flush();
      return store.twinChanges(query);
    },
    note: notes.note,
  };
}
