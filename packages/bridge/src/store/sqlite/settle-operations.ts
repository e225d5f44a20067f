/** Writes how tries ended: the other hot path of the store. */
import { integrationOfQueue, isReplayQueue, type Settlement } from "../../core/delivery.ts";
import type { Failure } from "../../core/failure.ts";
import type { Books } from "./books.ts";
import type { Transaction } from "./transaction.ts";

/** Tries of one delivery that are kept. */
const ATTEMPTS = 5;

export interface SettleOperations {
  settle(settlement: Settlement): null;
}

export function settleOperations(
  { db }: Transaction,
  { counters, causes, logs, meter, replays }: Books,
): SettleOperations {
  const setDelivered = db.prepare(
    "UPDATE delivery SET state = 1, settled_at = ?, next_attempt_at = NULL, attempts = attempts + 1 WHERE id = ? AND state = 0",
  );
  const setParked = db.prepare(
    `UPDATE delivery SET state = 2, settled_at = ?, next_attempt_at = NULL, failure = ?, code = ?, attempts = attempts + 1
     WHERE id = ? AND state = 0`,
  );
  const setRetry = db.prepare(
    "UPDATE delivery SET next_attempt_at = ?, failure = ?, code = ?, attempts = ? WHERE id = ? AND state = 0",
  );
  const addAttempt = db.prepare(
    "INSERT OR REPLACE INTO attempt (delivery_id, at, outcome, failure) VALUES (?, ?, ?, ?)",
  );
  const dropAttempts = db.prepare(
    `DELETE FROM attempt WHERE delivery_id = ?1 AND at <=
       (SELECT at FROM attempt WHERE delivery_id = ?1 ORDER BY at DESC LIMIT 1 OFFSET ${ATTEMPTS})`,
  );

  /** False when the delivery is settled already. */
  function settled(settlement: Settlement): boolean {
    const { id, at } = settlement;
    switch (settlement.kind) {
      case "delivered":
        return setDelivered.run(at, id).changes > 0;
      case "parked":
        return setParked.run(at, JSON.stringify(settlement.failure), settlement.failure.code, id).changes > 0;
      case "retry": {
        const { failure, nextAttemptAt, attempts } = settlement;
        return setRetry.run(nextAttemptAt, JSON.stringify(failure), failure.code, attempts, id).changes > 0;
      }
      case "held":
        return true;
    }
  }

  function failed(integrationId: string, { kind, id, at }: Settlement, failure: Failure): void {
    counters.add(integrationId, at, "failed");
    if (kind === "held") return;
    const isParked = kind === "parked";
    if (isParked) counters.add(integrationId, at, "parked");
    causes.failed({ integrationId, deliveryId: id, at, failure, isParked });
    addAttempt.run(id, at, isParked ? 2 : 0, JSON.stringify(failure));
    dropAttempts.run(id);
  }

  return {
    settle(settlement) {
      const integrationId = integrationOfQueue(settlement.integrationId);
      if (!settled(settlement)) return null;
      if (settlement.kind === "delivered") {
        counters.add(integrationId, settlement.at, "delivered");
        const { metered } = settlement;
        if (metered !== undefined) meter.add({ ...metered, kind: "telemetry", at: settlement.at });
      } else failed(integrationId, settlement, settlement.failure);
      if (isReplayQueue(settlement.integrationId)) replays.settled(settlement.id, settlement.kind);
      logs.note(integrationId, settlement);
      return null;
    },
  };
}
