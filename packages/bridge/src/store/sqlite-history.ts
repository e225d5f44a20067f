/** What became of deliveries, as the embedded store tells it. */
import type { Deliveries } from "../core/deliveries.ts";
import type { DeliveryRecord, Ledger } from "../core/delivery.ts";
import type { DeliveryPage } from "../core/delivery-history.ts";
import { STEP } from "./changes.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

/** Rows that one step of a search looks at, and steps until it answers with what it has. */
const SCAN = 2_000;
const MAX_SCANS = 25;

const DAY_MS = 86_400_000;
/** How long curves are kept by the minute, and at all. */
const MINUTES_FOR_MS = 2 * DAY_MS;
const SERIES_FOR_MS = 31 * DAY_MS;

/** The part of the API's port that needs nothing but the store. */
type Looking = Pick<
  Deliveries,
  "ledger" | "ledgers" | "today" | "counts" | "page" | "delivery" | "log" | "failures" | "series" | "replays"
>;

export interface SqliteHistory extends Looking {
  /** Merges and forgets what curves no longer need. */
  tidySeries(): Promise<void>;
}

export function createHistory({
  worker,
  now,
}: {
  readonly worker: GroupCommit;
  readonly now: () => number;
}): SqliteHistory {
  return {
    ledger: (integrationId): Promise<Ledger> => worker.call("ledger", integrationId),
    ledgers: () => worker.call("ledgers"),
    today: (integrationId) => worker.call("countersOfDay", integrationId, now()),
    counts: (ids, query) => worker.call("countsOf", ids, now(), query),
    delivery: (integrationId, id) => worker.call("delivery", integrationId, id),
    log: (integrationId) => worker.call("integrationLog", integrationId),
    failures: (integrationId) => worker.call("failureGroups", integrationId),
    series: (subject, query) => worker.call("series", subject, query),
    replays: (integrationId) => worker.call("replays", integrationId),

    async page(integrationId, { limit, before, ...filter }) {
      const records: DeliveryRecord[] = [];
      let next = before ?? null;
      for (let scan = 0; scan < MAX_SCANS; scan++) {
        const page: DeliveryPage = await worker.call("deliveryPage", integrationId, {
          ...filter,
          ...(next === null ? {} : { before: next }),
          limit: limit - records.length,
          scan: Math.max(SCAN, limit),
        });
        records.push(...page.records);
        ({ next } = page);
        if (next === null || records.length === limit) break;
      }
      return { records, next };
    },

    async tidySeries() {
      const before = { minutes: now() - MINUTES_FOR_MS, all: now() - SERIES_FOR_MS };
      while ((await worker.call("tidySeries", before, STEP)) >= STEP);
    },
  };
}
