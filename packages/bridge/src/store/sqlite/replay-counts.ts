import { countBy } from "./delivery-rows.ts";
import type { Row } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

/** Counts what became of replayed deliveries. */
export interface Replays {
  settled(deliveryId: number, kind: "delivered" | "parked" | "retry" | "held"): void;
  expired(rows: readonly Row[]): void;
}

export function createReplays({ db }: Transaction): Replays {
  const count = (column: "delivered" | "parked"): string =>
    `UPDATE replay SET ${column} = ${column} + 1 WHERE id = (SELECT replay_id FROM delivery WHERE id = ?)`;
  const addDelivered = db.prepare(count("delivered"));
  const addParked = db.prepare(count("parked"));
  const addExpired = db.prepare("UPDATE replay SET expired = expired + ? WHERE id = ?");
  return {
    settled(deliveryId, kind) {
      if (kind === "delivered") addDelivered.run(deliveryId);
      else if (kind === "parked") addParked.run(deliveryId);
    },
    expired(rows) {
      for (const [id, n] of countBy(rows, (row) => row["replay_id"])) addExpired.run(n, id);
    },
  };
}
