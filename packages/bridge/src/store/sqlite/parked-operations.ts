/** Deliveries that somebody retries, discards or copies. In steps: there may be a million, and the worker also has events to append. */
import type { DeviceEvent } from "../../core/device-event.ts";
import type { PendingDelivery } from "../../core/delivery.ts";
import type { Books } from "./books.ts";
import { countBy, lanesOf, type Lane } from "./delivery-rows.ts";
import type { Row } from "./driver.ts";
import type { Endings } from "./endings.ts";
import type { EventOperations } from "./event-operations.ts";
import type { Transaction } from "./transaction.ts";

/** Parked deliveries of an integration after the delivery `after`; with a code, of that cause only. */
export interface ParkedStep {
  readonly code: string | null;
  readonly after: number;
  readonly limit: number;
  readonly at: number;
}

export interface Changed {
  readonly count: number;
  /** Queues and devices whose lanes must read the store anew. */
  readonly lanes: readonly Lane[];
}

export interface ParkedOperations {
  /** The next parked deliveries become pending again. `nextAfter` is `null` after the last. */
  retryParked(integrationId: string, step: ParkedStep): Changed & { nextAfter: number | null };
  /** Those of the given deliveries that are parked become pending again. */
  retryIds(integrationId: string, ids: readonly number[], at: number): Changed;
  /** The next parked deliveries end as expired. */
  discardParked(integrationId: string, step: ParkedStep & { note: string }): Changed & { nextAfter: number | null };
  /** Those of the given deliveries that are parked or pending end as expired. */
  discardIds(integrationId: string, ids: readonly number[], at: number, note: string): Changed;
  /** A new event for this integration alone; the parked delivery `of` ends as expired. */
  appendCopy(
    integrationId: string,
    of: number,
    event: DeviceEvent & { readonly deviceId: string },
  ): { copy: PendingDelivery; changed: Changed };
}

export function parkedOperations(
  { db }: Transaction,
  { counters, causes }: Books,
  endings: Endings,
  events: EventOperations,
): ParkedOperations {
  const columns = "id, device_id, state, code, replay_id";
  const selectNext = db.prepare(
    `SELECT ${columns} FROM delivery WHERE integration_id = ? AND state = 2 AND id > ? ORDER BY id LIMIT ?`,
  );
  const selectNextOfCause = db.prepare(
    `SELECT ${columns} FROM delivery WHERE integration_id = ? AND code = ? AND code IS NOT NULL AND state = 2 AND id > ?
     ORDER BY id LIMIT ?`,
  );
  const selectOne = db.prepare(
    `SELECT ${columns} FROM delivery WHERE id = ? AND integration_id = ? AND state IN (0, 2)`,
  );
  const unpark = db.prepare("UPDATE delivery SET state = 0, settled_at = NULL, waiting_since = ? WHERE id = ?");

  function next(integrationId: string, { code, after, limit }: ParkedStep): Row[] {
    return code === null
      ? selectNext.all(integrationId, after, limit)
      : selectNextOfCause.all(integrationId, code, after, limit);
  }

  function named(integrationId: string, ids: readonly number[]): Row[] {
    return [...new Set(ids)].flatMap((id) => selectOne.all(id, integrationId));
  }

  function retry(integrationId: string, rows: readonly Row[], at: number): Changed {
    for (const row of rows) unpark.run(at, Number(row["id"]));
    counters.add(integrationId, at, "parked", -rows.length);
    leaveCauses(integrationId, rows);
    return { count: rows.length, lanes: lanesOf(rows) };
  }

  function leaveCauses(integrationId: string, rows: readonly Row[]): void {
    for (const [code, count] of countBy(rows, (row) => row["code"])) causes.left(integrationId, code, count);
  }

  return {
    retryParked(integrationId, step) {
      const rows = next(integrationId, step);
      return { ...retry(integrationId, rows, step.at), nextAfter: nextAfter(rows, step.limit) };
    },
    retryIds(integrationId, ids, at) {
      const rows = named(integrationId, ids);
      retry(
        integrationId,
        rows.filter((row) => row["state"] === 2),
        at,
      );
      return { count: rows.length, lanes: lanesOf(rows) };
    },
    discardParked(integrationId, step) {
      const rows = next(integrationId, step);
      endings.expire(integrationId, rows, { at: step.at, kind: "discarded", note: step.note });
      return { count: rows.length, lanes: [], nextAfter: nextAfter(rows, step.limit) };
    },
    discardIds(integrationId, ids, at, note) {
      const rows = named(integrationId, ids);
      endings.expire(integrationId, rows, { at, kind: "discarded", note });
      return { count: rows.length, lanes: lanesOf(rows.filter((row) => row["state"] === 0)) };
    },
    appendCopy(integrationId, of, event) {
      const [id = 0, seq = 0] = events.appendEvent(event, [integrationId]);
      const copy: PendingDelivery = { id, integrationId, event, seq, attempts: 0 };
      const parked = named(integrationId, [of]).filter((row) => row["state"] === 2);
      endings.expire(integrationId, parked, { at: event.receivedAt, kind: "copied", note: `copied to ${id}` });
      return { copy, changed: { count: parked.length, lanes: [] } };
    },
  };
}

function nextAfter(rows: readonly Row[], limit: number): number | null {
  return rows.length < limit ? null : Number(rows.at(-1)?.["id"]);
}
