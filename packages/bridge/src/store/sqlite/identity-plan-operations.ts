/** Plans that were applied to hubs' identities, and what became of each of them. The newest of each hub are kept. */
import type { PlanLine, PlanReport } from "../../core/hub-identities.ts";
import type { Row } from "./driver.ts";
import type { Transaction } from "./transaction.ts";

const KEPT = 10;

export interface IdentityPlanOperations {
  startPlan(plan: PlanReport & { readonly accountId: string }): null;
  continuePlan(plan: PlanReport, lines: readonly PlanLine[]): null;
  plans(connectionId: string): PlanReport[];
  planLines(planId: string, after: number, limit: number): PlanLine[];
}

export function identityPlanOperations({ db }: Transaction): IdentityPlanOperations {
  const insert = db.prepare(
    `INSERT INTO identity_plan (id, connection_id, account_id, state, planned, results, message, created_at, ended_at)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const update = db.prepare("UPDATE identity_plan SET state = ?, results = ?, message = ?, ended_at = ? WHERE id = ?");
  const addLine = db.prepare(
    "INSERT OR REPLACE INTO identity_plan_line (plan_id, line, action, hub_device_id, result, message) VALUES (?, ?, ?, ?, ?, ?)",
  );
  const newest = db.prepare(
    "SELECT * FROM identity_plan WHERE connection_id = ? ORDER BY created_at DESC, id DESC LIMIT ?",
  );
  const lines = db.prepare("SELECT * FROM identity_plan_line WHERE plan_id = ? AND line > ? ORDER BY line LIMIT ?");
  const removeOld = db.prepare(
    `DELETE FROM identity_plan WHERE connection_id = ?1 AND id NOT IN
       (SELECT id FROM identity_plan WHERE connection_id = ?1 ORDER BY created_at DESC, id DESC LIMIT ${KEPT})`,
  );
  const removeLines = db.prepare("DELETE FROM identity_plan_line WHERE plan_id NOT IN (SELECT id FROM identity_plan)");

  return {
    startPlan({ id, connectionId, accountId, state, planned, results, message, createdAt, endedAt }) {
      const [asked, done] = [JSON.stringify(planned), JSON.stringify(results)];
      insert.run(id, connectionId, accountId, state, asked, done, message, createdAt, endedAt);
      removeOld.run(connectionId);
      removeLines.run();
      return null;
    },
    continuePlan({ id, state, results, message, endedAt }, more) {
      if (update.run(state, JSON.stringify(results), message, endedAt, id).changes === 0) return null;
      for (const { line, action, hubDeviceId, result, message: words } of more) {
        addLine.run(id, line, action, hubDeviceId, result, words);
      }
      return null;
    },
    plans: (connectionId) => newest.all(connectionId, KEPT).map(toPlan),
    planLines: (planId, after, limit) => lines.all(planId, after, limit).map(toLine),
  };
}

function toPlan(row: Row): PlanReport {
  return {
    id: String(row["id"]),
    connectionId: String(row["connection_id"]),
    state: row["state"] as PlanReport["state"],
    planned: JSON.parse(String(row["planned"])) as PlanReport["planned"],
    results: JSON.parse(String(row["results"])) as PlanReport["results"],
    message: row["message"] as string | null,
    createdAt: Number(row["created_at"]),
    endedAt: row["ended_at"] === null ? null : Number(row["ended_at"]),
  };
}

function toLine(row: Row): PlanLine {
  return {
    line: Number(row["line"]),
    action: row["action"] as PlanLine["action"],
    hubDeviceId: String(row["hub_device_id"]),
    result: row["result"] as PlanLine["result"],
    message: row["message"] as string | null,
  };
}
