/** Deliveries that end as expired, with a reason: the one place where that is written and booked. */
import type { ExpiryReason } from "../../core/delivery.ts";
import type { Books } from "./books.ts";
import { countBy, reasonText } from "./delivery-rows.ts";
import type { Row } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

export interface Ending {
  readonly at: number;
  readonly kind: ExpiryReason;
  readonly note: string | null;
}

export interface Endings {
  /** Rows of the integration that are pending or parked: `id`, `state`, `code`, `replay_id`. */
  expire(integrationId: string, rows: readonly Row[], ending: Ending): void;
}

export function createEndings({ db }: Transaction, { counters, causes, replays }: Books): Endings {
  const end = db.prepare(
    "UPDATE delivery SET state = 3, settled_at = ?, next_attempt_at = NULL, reason = ? WHERE id = ?",
  );
  return {
    expire(integrationId, rows, { at, kind, note }) {
      const reason = reasonText(kind, note);
      for (const row of rows) end.run(at, reason, Number(row["id"]));
      const parked = rows.filter((row) => row["state"] === 2);
      counters.add(integrationId, at, "parked", -parked.length);
      for (const [code, count] of countBy(parked, (row) => row["code"])) causes.left(integrationId, code, count);
      counters.expire(integrationId, at, kind, rows.length);
      replays.expired(rows);
    },
  };
}
