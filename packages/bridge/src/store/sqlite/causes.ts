/**
 * What ails an integration, by failure code: kept up with every failure, because counting a million parked rows would
 * keep the worker from everything else.
 */
import type { FailureGroup } from "../../core/delivery-history.ts";
import type { Failure } from "../../core/failure.ts";
import type { Transaction } from "./transaction.ts";

/** A cause that nothing is parked with and that was silent for this long begins anew. */
const FORGOTTEN_AFTER_MS = 60 * 60_000;
/** Waiting deliveries that are counted at most. There is one for each lane in trouble. */
const MAX_WAITING = 10_000;

interface Failed {
  readonly integrationId: string;
  readonly deliveryId: number;
  readonly at: number;
  readonly failure: Failure;
  readonly isParked: boolean;
}

export interface Causes {
  failed(failed: Failed): void;
  /** Parked deliveries with this code left their state. */
  left(integrationId: string, code: string, count: number): void;
  groups(integrationId: string): FailureGroup[];
  /** Forgets the words of a delivery's failure, which may repeat what the device said. */
  erase(integrationId: string, deliveryId: number): void;
}

export function createCauses({ db }: Transaction): Causes {
  const note = db.prepare(
    `INSERT INTO cause (integration_id, code, parked, seen, first_at, last_at, message, sample_id) VALUES (?1, ?2, ?3, 1, ?4, ?4, ?5, ?6)
     ON CONFLICT (integration_id, code) DO UPDATE SET
       seen = CASE WHEN parked = 0 AND last_at < ?4 - ${FORGOTTEN_AFTER_MS} THEN 1 ELSE seen + 1 END,
       first_at = CASE WHEN parked = 0 AND last_at < ?4 - ${FORGOTTEN_AFTER_MS} THEN ?4 ELSE first_at END,
       parked = parked + ?3, last_at = ?4, message = ?5, sample_id = ?6`,
  );
  const leave = db.prepare("UPDATE cause SET parked = max(0, parked - ?) WHERE integration_id = ? AND code = ?");
  const select = db.prepare("SELECT * FROM cause WHERE integration_id = ? ORDER BY last_at DESC");
  const countWaiting = db.prepare(
    `SELECT count(*) AS n, min(id) AS id FROM
       (SELECT id FROM delivery WHERE integration_id = ? AND code = ? AND state = 0 AND code IS NOT NULL LIMIT ${MAX_WAITING})`,
  );
  const parkedSample = db.prepare(
    "SELECT id FROM delivery WHERE integration_id = ? AND code = ? AND state = 2 AND code IS NOT NULL ORDER BY id DESC LIMIT 1",
  );

  const erase = db.prepare(
    "UPDATE cause SET message = '', sample_id = NULL WHERE integration_id = ? AND sample_id = ?",
  );

  return {
    erase: (integrationId, deliveryId) => void erase.run(integrationId, deliveryId),
    failed({ integrationId, deliveryId, at, failure, isParked }) {
      note.run(integrationId, failure.code, isParked ? 1 : 0, at, failure.message, deliveryId);
    },
    left(integrationId, code, count) {
      if (count > 0) leave.run(count, integrationId, code);
    },
    groups(integrationId) {
      return select.all(integrationId).flatMap((row) => {
        const code = String(row["code"]);
        const parked = Number(row["parked"]);
        const waiting = countWaiting.get(integrationId, code);
        const count = Number(waiting?.["n"] ?? 0);
        if (parked === 0 && count === 0) return [];
        const sample = parked > 0 ? parkedSample.get(integrationId, code)?.["id"] : waiting?.["id"];
        return {
          code,
          message: String(row["message"]),
          parked,
          waiting: count,
          seen: Number(row["seen"]),
          firstAt: Number(row["first_at"]),
          lastAt: Number(row["last_at"]),
          sampleId: (sample ?? row["sample_id"] ?? null) as number | null,
        };
      });
    },
  };
}
