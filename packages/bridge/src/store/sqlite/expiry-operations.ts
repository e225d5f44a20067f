/** The end of what a deleted integration leaves: nothing will send its pending deliveries or retry its parked ones. */
import type { Counters } from "./counters.ts";
import type { Transaction } from "./transaction.ts";

export interface ExpiryOperations {
  /** One step: at most `limit` deliveries end as expired. Returns how many did. */
  expire(integrationId: string, at: number, limit: number): number;
  /** Integrations that are gone and still have pending or parked deliveries: a crash came between the two. */
  goneIntegrations(): string[];
}

/** States that a deleted integration leaves behind, with the counter that goes down. */
const LEFT = [
  { state: 0, counter: null },
  { state: 2, counter: "parked" },
] as const;

export function expiryOperations({ db }: Transaction, counters: Counters): ExpiryOperations {
  const left = LEFT.map(({ state, counter }) => ({
    counter,
    expire: db.prepare(
      `UPDATE delivery SET state = 3, settled_at = ?, next_attempt_at = NULL
       WHERE id IN (SELECT id FROM delivery WHERE integration_id = ? AND state = ${state} LIMIT ?)`,
    ),
    any: db.prepare(`SELECT 1 FROM delivery WHERE integration_id = ? AND state = ${state} LIMIT 1`),
  }));
  // From integration to integration along the index, past backlogs of any size.
  const next = db.prepare("SELECT min(integration_id) AS id FROM delivery WHERE integration_id > ?");
  const known = db.prepare("SELECT 1 FROM integration WHERE id = ?");

  return {
    expire(integrationId, at, limit) {
      let expired = 0;
      for (const { counter, expire } of left) {
        const { changes } = expire.run(at, integrationId, limit - expired);
        expired += changes;
        if (counter !== null) counters.add(integrationId, at, counter, -changes);
      }
      counters.add(integrationId, at, "expired", expired);
      return expired;
    },
    goneIntegrations() {
      const gone: string[] = [];
      let id = next.get("")?.["id"] ?? null;
      while (id !== null) {
        const current = id;
        if (known.get(id) === undefined && left.some(({ any }) => any.get(current) !== undefined))
          gone.push(String(id));
        id = next.get(id)?.["id"] ?? null;
      }
      return gone;
    },
  };
}
