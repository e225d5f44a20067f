/** Parked deliveries that somebody retries. In steps: there may be a million, and the worker also has events to append. */
import type { Counters } from "./counters.ts";
import type { Row } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

export interface ParkedOperations {
  /** The next parked deliveries after the delivery `after` become pending again. `nextAfter` is `null` after the last. */
  retryParked(
    integrationId: string,
    step: { after: number; limit: number; at: number },
  ): { count: number; deviceIds: string[]; nextAfter: number | null };
  /** Those of the given deliveries that are parked become pending again. */
  retryParkedIds(integrationId: string, ids: readonly number[], at: number): { count: number; deviceIds: string[] };
}

export function parkedOperations({ db }: Transaction, counters: Counters): ParkedOperations {
  const selectNext = db.prepare(
    "SELECT id, device_id FROM delivery WHERE integration_id = ? AND state = 2 AND id > ? ORDER BY id LIMIT ?",
  );
  const selectOne = db.prepare("SELECT id, device_id FROM delivery WHERE id = ? AND integration_id = ? AND state = 2");
  const unpark = db.prepare("UPDATE delivery SET state = 0, settled_at = NULL WHERE id = ?");

  function retry(integrationId: string, rows: readonly Row[], at: number): { count: number; deviceIds: string[] } {
    for (const row of rows) unpark.run(Number(row["id"]));
    counters.add(integrationId, at, "parked", -rows.length);
    return { count: rows.length, deviceIds: [...new Set(rows.map((row) => String(row["device_id"])))] };
  }

  return {
    retryParked(integrationId, { after, limit, at }) {
      const rows = selectNext.all(integrationId, after, limit);
      const nextAfter = rows.length < limit ? null : Number(rows.at(-1)?.["id"]);
      return { ...retry(integrationId, rows, at), nextAfter };
    },
    retryParkedIds(integrationId, ids, at) {
      const rows = [...new Set(ids)].flatMap((id) => selectOne.all(id, integrationId));
      return retry(integrationId, rows, at);
    },
  };
}
