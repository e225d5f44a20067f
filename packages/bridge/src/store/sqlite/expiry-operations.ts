/** Deliveries whose time is over: those that a deleted integration leaves, and those that were kept long enough. */
import { lanesOf, type Lane } from "./delivery-rows.ts";
import type { Row } from "./driver.ts";
import type { Endings } from "./endings.ts";
import type { Transaction } from "./transaction.ts";

export interface ExpiryOperations {
  /** One step: at most `limit` pending or parked deliveries of a deleted integration end. Returns how many did. */
  expire(integrationId: string, at: number, limit: number): number;
  /** Integrations that are gone and still have pending or parked deliveries: a crash came between the two. */
  goneIntegrations(): string[];
  /** One step over what has been in a state since before `before`, oldest first. `nextAfter` is `null` when all was seen. */
  expireOld(
    integrationId: string,
    step: { state: "pending" | "parked"; before: number; after: number; limit: number; at: number },
  ): { count: number; lanes: Lane[]; nextAfter: number | null };
  /** When the oldest pending and the oldest parked delivery of each integration were accepted, unix milliseconds. */
  oldest(): { integrationId: string; pendingSince: number | null; parkedSince: number | null }[];
}

const COLUMNS = "id, device_id, state, code, replay_id, accepted_at, settled_at, waiting_since";

export function expiryOperations({ db }: Transaction, endings: Endings): ExpiryOperations {
  const ofState = [0, 2].map((state) =>
    db.prepare(
      `SELECT ${COLUMNS} FROM delivery WHERE integration_id = ? AND state = ${state} AND id > ? ORDER BY id LIMIT ?`,
    ),
  );
  const [pending, parked] = ofState as [(typeof ofState)[0], (typeof ofState)[0]];
  // From integration to integration along the index, past backlogs of any size.
  const next = db.prepare("SELECT min(integration_id) AS id FROM delivery WHERE integration_id > ?");
  const known = db.prepare("SELECT 1 FROM integration WHERE id = ?");

  function* integrations(): Generator<string> {
    let id = next.get("")?.["id"] ?? null;
    while (id !== null) {
      yield String(id);
      id = next.get(id)?.["id"] ?? null;
    }
  }

  return {
    expire(integrationId, at, limit) {
      const waiting = pending.all(integrationId, 0, limit);
      const rows = [...waiting, ...parked.all(integrationId, 0, limit - waiting.length)];
      endings.expire(integrationId, rows, { at, kind: "integration_deleted", note: null });
      return rows.length;
    },
    goneIntegrations: () =>
      [...integrations()].filter(
        (id) => known.get(id) === undefined && ofState.some((statement) => statement.get(id, 0, 1) !== undefined),
      ),
    expireOld(integrationId, { state, before, after, limit, at }) {
      const rows = (state === "pending" ? pending : parked).all(integrationId, after, limit);
      const old = rows.filter((row) => since(row) < before);
      endings.expire(integrationId, old, { at, kind: "retention", note: null });
      // Later ones are younger, but for those that were retried.
      const isThrough = rows.length < limit || rows.every((row) => Number(row["accepted_at"]) >= before);
      const nextAfter = isThrough ? null : Number(rows.at(-1)?.["id"]);
      return { count: old.length, lanes: lanesOf(old.filter((row) => row["state"] === 0)), nextAfter };
    },
    oldest: () =>
      [...integrations()].map((integrationId) => {
        const [waits, parks] = ofState.map((statement) => statement.get(integrationId, 0, 1));
        return {
          integrationId,
          pendingSince: acceptedAt(waits),
          parkedSince: acceptedAt(parks),
        };
      }),
  };
}

function acceptedAt(row: Row | undefined): number | null {
  return row === undefined ? null : Number(row["accepted_at"]);
}

/** When it came into the state that it has. */
function since(row: Row): number {
  const entered = row["state"] === 2 ? row["settled_at"] : row["waiting_since"];
  return Number(entered ?? row["accepted_at"]);
}
