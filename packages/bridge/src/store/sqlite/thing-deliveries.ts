/** What is still to be delivered of a Thing that is deleted: nothing may make its device in the hub anew. */
import { lanesOf, type Lane } from "./delivery-rows.ts";
import type { Endings } from "./endings.ts";
import type { Transaction } from "./transaction.ts";

export interface ThingDeliveries {
  /** Ends its pending and parked deliveries; returns the lanes that held some. */
  end(deviceId: string, at: number): (Lane & { integrationId: string })[];
}

export function thingDeliveries({ db }: Transaction, endings: Endings): ThingDeliveries {
  const next = db.prepare("SELECT min(integration_id) AS id FROM delivery WHERE integration_id > ?");
  const open = db.prepare(
    `SELECT id, device_id, state, code, replay_id FROM delivery WHERE integration_id = ? AND device_id = ? AND state IN (0, 2)`,
  );
  return {
    end(deviceId, at) {
      const lanes: (Lane & { integrationId: string })[] = [];
      for (let id = next.get("")?.["id"] ?? null; id !== null; id = next.get(id)?.["id"] ?? null) {
        const integrationId = String(id);
        const rows = open.all(integrationId, deviceId);
        if (rows.length === 0) continue;
        endings.expire(integrationId, rows, { at, kind: "discarded", note: "its device was deleted" });
        const pending = rows.filter((row) => row["state"] === 0);
        lanes.push(...lanesOf(pending).map((lane) => ({ ...lane, integrationId })));
      }
      return lanes;
    },
  };
}
