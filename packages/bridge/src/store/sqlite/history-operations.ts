/** Looking at deliveries: pages, one with its tries, counts. Along indexes, whatever the number of rows. */
import type {
  Attempt,
  DeliveryDetail,
  DeliveryFilter,
  FailureGroup,
  IntegrationCounts,
  LogRecord,
  SeriesPoint,
  SeriesQuery,
} from "../../core/delivery-history.ts";
import type { DeliveryRecord, Ledger } from "../../core/delivery.ts";
import type { Books } from "./books.ts";
import { EVENT_COLUMNS, RECORD_COLUMNS, STATES, toEvent, toFailure, toRecord } from "./delivery-rows.ts";
import type { Row, Value } from "./driver.ts";
import { createIdsByTime } from "./ids-by-time.ts";
import type { Transaction } from "./transaction.ts";

export interface HistoryOperations {
  /** Looks at no more than `scan` rows; `next` says where to go on. */
  deliveryPage(
    integrationId: string,
    query: DeliveryFilter & { before?: number; limit: number; scan: number },
  ): { records: DeliveryRecord[]; next: number | null };
  delivery(integrationId: string, id: number): DeliveryDetail | null;
  integrationLog(integrationId: string): LogRecord[];
  failureGroups(integrationId: string): FailureGroup[];
  ledger(integrationId: string): Ledger;
  countersOfDay(integrationId: string, at: number): { success: number; error: number };
  series(subject: string, query: SeriesQuery): SeriesPoint[];
  countsOf(integrationIds: readonly string[], at: number, query: SeriesQuery): Map<string, IntegrationCounts>;
}

export function historyOperations(transaction: Transaction, { counters, causes, logs }: Books): HistoryOperations {
  const { db } = transaction;
  const firstIdAt = createIdsByTime(transaction);
  const selectDetail = db.prepare(
    `SELECT ${RECORD_COLUMNS}, ${EVENT_COLUMNS} FROM delivery d JOIN event e ON e.seq = d.event_seq
     WHERE d.id = ? AND d.integration_id = ?`,
  );
  const selectAttempts = db.prepare("SELECT * FROM attempt WHERE delivery_id = ? ORDER BY at DESC");

  function attemptsOf(integrationId: string, { record }: Pick<DeliveryDetail, "record">): Attempt[] {
    const logged = logs.of(integrationId).filter(({ deliveryId }) => deliveryId === record.id);
    const exchangeAt = (at: number): Attempt["exchange"] => logged.find((one) => one.at === at)?.exchange ?? null;
    const failed = selectAttempts.all(record.id).map((row): Attempt => {
      const at = Number(row["at"]);
      return {
        at,
        outcome: row["outcome"] === 2 ? "parked" : "retry",
        failure: toFailure(row),
        exchange: exchangeAt(at),
      };
    });
    if (record.state !== "delivered" || record.settledAt === null) return failed;
    const { settledAt: at } = record;
    return [{ at, outcome: "delivered", failure: null, exchange: exchangeAt(at) }, ...failed];
  }

  return {
    deliveryPage(integrationId, query) {
      const { before = Number.MAX_SAFE_INTEGER, since, until, limit, scan } = query;
      const low = since === undefined ? 0 : firstIdAt(since) - 1;
      const high = until === undefined ? before : Math.min(before, firstIdAt(until));
      const { sql, values } = candidates(query);
      const all: Value[] = [integrationId, high, low, scan, ...values];
      const seen = db.prepare(`SELECT count(*) AS n, min(id) AS last FROM (${sql})`).get(...all);
      const rest = conditions(query, all.length);
      const rows = db
        .prepare(
          `SELECT ${RECORD_COLUMNS} FROM (${sql}) listed JOIN delivery d ON d.id = listed.id JOIN event e ON e.seq = d.event_seq
           WHERE ${rest.sql} ORDER BY d.id DESC LIMIT ?${all.length + rest.values.length + 1}`,
        )
        .all(...all, ...rest.values, limit);
      const records = rows.map(toRecord);
      if (records.length === limit) return { records, next: records.at(-1)?.id ?? null };
      const isThrough = Number(seen?.["n"] ?? 0) < scan;
      return { records, next: isThrough ? null : Number(seen?.["last"]) };
    },

    delivery(integrationId, id) {
      const row: Row | undefined = selectDetail.get(id, integrationId);
      if (row === undefined) return null;
      const record = toRecord(row);
      return { record, event: toEvent(row), attempts: attemptsOf(integrationId, { record }) };
    },

    integrationLog: (integrationId) => logs.of(integrationId),
    failureGroups: (integrationId) => causes.groups(integrationId),
    ledger: (integrationId) => counters.ledger(integrationId),
    countersOfDay: (integrationId, at) => counters.ofDay(integrationId, at),
    series: (subject, query) => counters.buckets.series(subject, query),
    countsOf: (ids, at, query) =>
      new Map(
        ids.map((id) => [
          id,
          {
            today: counters.ofDay(id, at),
            ledger: counters.ledger(id),
            series: counters.buckets.series(id, query),
          },
        ]),
      ),
  };
}

/** Ids in the range from the index that narrows most, newest first. `?1` integration, `?2` and `?3` the range, `?4` how many. */
function candidates({ state, deviceId, code }: DeliveryFilter): { sql: string; values: Value[] } {
  if (deviceId !== undefined) {
    return { sql: along("device_id = ?5"), values: [deviceId] };
  }
  const states = state === undefined ? STATES.map((_, i) => i) : [STATES.indexOf(state)];
  // State by state along the index: however rare one is among millions, only what is listed is read.
  const ofState = (n: number): string =>
    code === undefined ? along(`state = ${n}`) : along(`code = ?5 AND code IS NOT NULL AND state = ${n}`);
  const sql = states.map((n) => `SELECT * FROM (${ofState(n)})`).join(" UNION ALL ");
  return { sql: `SELECT id FROM (${sql}) ORDER BY id DESC LIMIT ?4`, values: code === undefined ? [] : [code] };
}

function along(condition: string): string {
  return `SELECT id FROM delivery WHERE integration_id = ?1 AND ${condition} AND id < ?2 AND id > ?3 ORDER BY id DESC LIMIT ?4`;
}

/** What the index has not judged. */
function conditions(filter: DeliveryFilter, used: number): { sql: string; values: Value[] } {
  const { state, deviceId, code, event, since, until } = filter;
  const parts = ["1"];
  const values: Value[] = [];
  const add = (condition: string, value: Value | undefined): void => {
    if (value === undefined) return;
    values.push(value);
    parts.push(condition.replaceAll("?", `?${used + values.length}`));
  };
  if (deviceId !== undefined) {
    add("d.state = ?", state === undefined ? undefined : STATES.indexOf(state));
    add("d.code = ?", code);
  }
  add("substr(e.name, 1, length(?)) = ?", event);
  add("d.accepted_at >= ?", since);
  add("d.accepted_at < ?", until);
  return { sql: parts.join(" AND "), values };
}
