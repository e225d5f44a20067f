/** The audit log's table. One account's entries never push out another's; those of nobody's log have the empty account. */
import type { AuditEntry, AuditQuery, NewAuditEntry } from "../../core/audit.ts";
import type { Transaction } from "./transaction.ts";

/** One look at the table, so that events are stored between two of them. */
export interface AuditStep {
  readonly entries: AuditEntry[];
  /** The last id that was looked at; `null`: there are no more. */
  readonly seen: number | null;
}

export interface AuditOperations {
  appendAudit(entries: readonly NewAuditEntry[]): number[];
  repeatAudit(repeats: readonly { readonly id: number; readonly count: number; readonly lastAt: number }[]): null;
  auditStep(query: AuditQuery, looked: number): AuditStep;
  pruneAudit(since: number, perAccount: number, atMost: number): number;
}

const ROW = "id, at, last_at, count, account_id, actor_kind, actor_name, action, route, objects, status, code, address";

export function auditOperations({ db }: Transaction): AuditOperations {
  const insert = db.prepare(
    `INSERT INTO audit_entry (at, last_at, count, account_id, actor_kind, actor_name, action, route, objects, status, code, address)
     VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`,
  );
  const repeat = db.prepare("UPDATE audit_entry SET count = count + ?, last_at = max(last_at, ?) WHERE id = ?");
  const ofAll = db.prepare(`SELECT ${ROW} FROM audit_entry WHERE id < ? ORDER BY id DESC LIMIT ?`);
  const ofOne = db.prepare(`SELECT ${ROW} FROM audit_entry WHERE account_id = ? AND id < ? ORDER BY id DESC LIMIT ?`);
  const removeOld = db.prepare(
    "DELETE FROM audit_entry WHERE last_at < ? AND id IN (SELECT id FROM audit_entry ORDER BY id LIMIT ?)",
  );
  const logs = db.prepare("SELECT account_id, count(*) AS entries FROM audit_entry GROUP BY account_id");
  // First what strangers did: whoever tries many passwords pushes out nothing of those who were let in.
  const removeOldest = db.prepare(
    `DELETE FROM audit_entry WHERE id IN (
       SELECT id FROM audit_entry WHERE account_id = ? ORDER BY actor_kind NOT IN ('claimed', 'unknown'), id LIMIT ?)`,
  );

  return {
    appendAudit: (entries) =>
      entries.map((entry) =>
        Number(
          insert.run(
            entry.at,
            entry.lastAt,
            entry.count,
            entry.accountId ?? "",
            entry.actor.kind,
            entry.actor.name,
            entry.action,
            entry.route,
            JSON.stringify(entry.objects),
            entry.status,
            entry.code,
            entry.address,
          ).lastInsertRowid,
        ),
      ),
    repeatAudit(repeats) {
      for (const { id, count, lastAt } of repeats) repeat.run(count, lastAt, id);
      return null;
    },
    auditStep(query, looked) {
      const before = query.before ?? Number.MAX_SAFE_INTEGER;
      const rows = query.accountId === null ? ofAll.all(before, looked) : ofOne.all(query.accountId, before, looked);
      const entries: AuditEntry[] = [];
      for (const row of rows) {
        const entry = toEntry(row);
        if (fits(entry, query)) entries.push(entry);
        if (entries.length === query.limit) return { entries, seen: entry.id };
      }
      return { entries, seen: rows.length < looked ? null : Number(rows.at(-1)!["id"]) };
    },
    pruneAudit(since, perAccount, atMost) {
      let removed = removeOld.run(since, atMost).changes;
      for (const row of logs.all()) {
        const more = Math.min(Number(row["entries"]) - perAccount, atMost);
        if (more > 0) removed += removeOldest.run(row["account_id"] as string, more).changes;
      }
      return removed;
    },
  };
}

function fits(entry: AuditEntry, { who, what, failed, since, until }: AuditQuery): boolean {
  if (who !== undefined && entry.actor.name?.toLowerCase() !== who.toLowerCase()) return false;
  if (failed === true && entry.status < 400) return false;
  if (since !== undefined && entry.lastAt < since) return false;
  if (until !== undefined && entry.at >= until) return false;
  if (what === undefined) return true;
  const part = what.toLowerCase();
  return [entry.action, entry.route, ...Object.values(entry.objects)].some((text) => text.toLowerCase().includes(part));
}

function toEntry(row: Record<string, unknown>): AuditEntry {
  const text = (name: string): string | null => row[name] as string | null;
  return {
    id: Number(row["id"]),
    at: Number(row["at"]),
    lastAt: Number(row["last_at"]),
    count: Number(row["count"]),
    accountId: text("account_id") || null,
    actor: { kind: String(row["actor_kind"]) as AuditEntry["actor"]["kind"], name: text("actor_name") },
    action: String(row["action"]),
    route: String(row["route"]),
    objects: JSON.parse(String(row["objects"])) as Record<string, string>,
    status: Number(row["status"]),
    code: text("code"),
    address: String(row["address"]),
  };
}
