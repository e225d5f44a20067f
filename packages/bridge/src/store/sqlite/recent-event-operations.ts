/** Looking at events again. The table has no index for it: appending must stay cheap, so only its newest part is read. */
import type { DeviceEvent } from "../../core/device-event.ts";
import type { Scope } from "../../core/integration.ts";
import { EVENT_COLUMNS, toEvent } from "./delivery-rows.ts";
import { createFindEvent } from "./find-event.ts";
import type { Transaction } from "./transaction.ts";

const OF_SCOPE = 20_000;

export interface RecentEventOperations {
  recentEvents(scope: Scope, query: { limit: number; prefix?: string; deviceId?: string }): DeviceEvent[];
  recentEvent(id: string): DeviceEvent | null;
}

export function recentEventOperations(transaction: Transaction): RecentEventOperations {
  const { db } = transaction;
  const find = createFindEvent(transaction);
  const newest = (count: number): string => `e.seq > (SELECT coalesce(max(seq), 0) FROM event) - ${count}`;
  const ofScope = (column: string): string =>
    `SELECT ${EVENT_COLUMNS} FROM event e CROSS JOIN device d ON d.id = e.device_id
     WHERE ${newest(OF_SCOPE)} AND e.replayed IS NULL AND d.${column} = ?1 AND (?2 = '' OR substr(e.name, 1, length(?2)) = ?2)
       AND (?3 = '' OR e.device_id = ?3)
     ORDER BY e.seq DESC LIMIT ?4`;
  const ofAccount = db.prepare(ofScope("owner_id"));
  const ofProduct = db.prepare(ofScope("product_id"));

  return {
    recentEvents(scope, { limit, prefix = "", deviceId = "" }) {
      const rows =
        scope.kind === "sandbox"
          ? ofAccount.all(scope.accountId, prefix, deviceId, limit)
          : ofProduct.all(scope.productId, prefix, deviceId, limit);
      return rows.map(toEvent);
    },
    recentEvent(id) {
      const row = find(id);
      return row === undefined ? null : toEvent(row);
    },
  };
}
