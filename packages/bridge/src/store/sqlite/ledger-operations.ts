/** The accounts of all integrations, deleted ones too, so that the ledger of the whole system closes for ever. */
import type { NamedLedger } from "../../core/delivery-history.ts";
import type { Scope } from "../../core/integration.ts";
import type { Counters } from "./counters.ts";
import type { Row } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

export interface LedgerOperations {
  ledgers(): NamedLedger[];
  /** Integrations with more pending deliveries than this. */
  overBacklog(limit: number): string[];
  /** One step of the care for curves: minutes become quarters of an hour, old ones go. Returns how many rows it touched. */
  tidySeries(before: { minutes: number; all: number }, limit: number): number;
}

export function ledgerOperations({ db }: Transaction, counters: Counters): LedgerOperations {
  const present = db.prepare("SELECT id, name, event, scope_kind, scope_id, NULL AS deleted_at FROM integration");
  const deleted = db.prepare("SELECT id, name, event, scope_kind, scope_id, deleted_at FROM deleted_integration");
  return {
    ledgers: () =>
      [...present.all(), ...deleted.all()].map((row) => {
        const integrationId = String(row["id"]);
        return {
          integrationId,
          name: String(row["name"]),
          event: String(row["event"]),
          scope: toScope(row),
          deletedAt: row["deleted_at"] as number | null,
          ledger: counters.ledger(integrationId),
          expiredBy: counters.expiredBy(integrationId),
        };
      }),
    overBacklog: (limit) => [...counters.integrations()].filter((id) => counters.ledger(id).pending > limit),
    tidySeries: ({ minutes, all }, limit) =>
      counters.buckets.merge(minutes, limit) + counters.buckets.forget(all, limit),
  };
}

function toScope(row: Row): Scope {
  return row["scope_kind"] === "sandbox"
    ? { kind: "sandbox", accountId: String(row["scope_id"]) }
    : { kind: "product", productId: Number(row["scope_id"]) };
}
