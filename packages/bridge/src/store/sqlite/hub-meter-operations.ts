/** What was used of hubs' allowances, and what their users say of them. */
import {
  type HubFacts,
  type HubTier,
  type MeteredDay,
  type MeteredUse,
  type MeterKind,
  type MeterPoint,
} from "../../core/hub-meter.ts";
import { endOfUtcDay } from "../../core/utc-day.ts";
import type { HubMeter } from "./hub-meter.ts";
import type { Transaction } from "./transaction.ts";

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

export interface HubMeterOperations {
  addMetered(uses: readonly MeteredUse[]): null;
  meteredDays(connectionIds: readonly string[], at: number): MeteredDay[];
  meterPoints(connectionId: string, since: number): MeterPoint[];
  hubFacts(connectionIds: readonly string[]): HubFacts[];
  setHubFacts(connectionId: string, facts: HubFacts): null;
}

export function hubMeterOperations({ db }: Transaction, meter: HubMeter): HubMeterOperations {
  const sums = db.prepare(
    `SELECT kind, sum(messages) AS messages, sum(blocks) AS blocks, sum(free_blocks) AS free FROM hub_meter
     WHERE connection_id = ? AND start >= ? AND start < ? GROUP BY kind ORDER BY kind`,
  );
  const recent = db.prepare(
    `SELECT sum(blocks) AS blocks, sum(free_blocks) AS free, min(start) AS first FROM hub_meter
     WHERE connection_id = ? AND start > ? AND start <= ?`,
  );
  const points = db.prepare(
    `SELECT start, sum(blocks) AS blocks, sum(free_blocks) AS free FROM hub_meter WHERE connection_id = ? AND start >= ?
     GROUP BY start ORDER BY start`,
  );
  const facts = db.prepare("SELECT name, tier, units FROM hub_facts WHERE connection_id = ?");
  const setFacts = db.prepare(
    `INSERT INTO hub_facts (connection_id, name, tier, units) VALUES (?, ?, ?, ?)
     ON CONFLICT (connection_id) DO UPDATE SET name = excluded.name, tier = excluded.tier, units = excluded.units`,
  );

  function dayOf(connectionId: string, at: number): MeteredDay {
    const end = endOfUtcDay(at);
    const last = recent.get(connectionId, at - HOUR_MS, at);
    return {
      kinds: sums.all(connectionId, end - DAY_MS, end).map((row) => ({
        kind: row["kind"] as MeterKind,
        messages: Number(row["messages"]),
        blocks: Number(row["blocks"]),
        freeBlocks: Number(row["free"]),
      })),
      lastHour: {
        blocks: Number(last?.["blocks"] ?? 0),
        freeBlocks: Number(last?.["free"] ?? 0),
        firstAt: last?.["first"] == null ? null : Number(last["first"]),
      },
    };
  }

  return {
    addMetered(uses) {
      for (const use of uses) meter.add(use);
      return null;
    },
    meteredDays(connectionIds, at) {
      meter.write();
      return connectionIds.map((id) => dayOf(id, at));
    },
    meterPoints(connectionId, since) {
      meter.write();
      return points.all(connectionId, since).map((row) => ({
        start: Number(row["start"]),
        blocks: Number(row["blocks"]),
        freeBlocks: Number(row["free"]),
      }));
    },
    hubFacts: (connectionIds) =>
      connectionIds.map((id) => {
        const row = facts.get(id);
        if (row === undefined) return { name: null, tier: null, units: 1 };
        const tier = row["tier"] as HubTier | null;
        return { name: row["name"] as string | null, tier, units: Number(row["units"]) };
      }),
    setHubFacts(connectionId, { name, tier, units }) {
      setFacts.run(connectionId, name, tier, units);
      return null;
    },
  };
}
