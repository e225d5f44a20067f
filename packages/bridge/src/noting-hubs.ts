/** Hubs whose clients tell what they write into twins: the names of devices. */
import type { Hubs } from "./core/hub-client.ts";
import { prefixedDevice } from "./core/integration.ts";
import type { JsonObject } from "./core/json.ts";
import type { NoteTwinChange } from "./core/twin-history.ts";

export function notingHubs(hubs: Hubs, note: NoteTwinChange, now: () => number): Hubs {
  return {
    ...hubs,
    open(connection) {
      const client = hubs.open(connection);
      return {
        ...client,
        async patchDesired(deviceId, patch) {
          const written = await client.patchDesired(deviceId, patch);
          if (written.ok) {
            note({
              deviceId: prefixedDevice(deviceId),
              connectionId: connection.id,
              hubDeviceId: deviceId,
              at: now(),
              by: { kind: "bridge", name: "device name" },
              section: "desired",
              patch: patch as JsonObject,
              version: null,
            });
          }
          return written;
        },
      };
    },
  };
}
