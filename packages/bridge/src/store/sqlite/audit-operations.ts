/** The audit log's table. One account's entries never push out another's; those of nobody's log have the empty account. */
import type { AuditEntry, AuditQuery, NewAuditEntry } from "../../core/audit.ts";
import type { Statement } from "./driver.ts";
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
  const stepOf = (log: string): Statement =>
    db.prepare(
      `SELECT min(id) AS low, count(*) AS n FROM (SELECT id FROM audit_entry WHERE ${log} AND id < ?2 ORDER BY id DESC LIMIT ?3)`,
    );
  const [stepOfAll, stepOfOne] = [stepOf("?1 IS NULL"), stepOf("account_id = ?1")];
  // Judges what is cheap to judge; letter case as `fits` has it counts for ASCII letters alone.
  const rowsOf = (log: string): Statement =>
    db.prepare(
      `SELECT ${ROW} FROM audit_entry WHERE ${log} AND id < ?2 AND id >= ?3 AND last_at >= ?4 AND at < ?5 AND status >= ?6
         AND (?7 IS NULL OR actor_name = ?7 COLLATE NOCASE)
         AND (?8 IS NULL OR action LIKE ?8 ESCAPE '!' OR route LIKE ?8 ESCAPE '!' OR objects LIKE ?8 ESCAPE '!')
       ORDER BY id DESC LIMIT ?9`,
    );
  const [rowsOfAll, rowsOfOne] = [rowsOf("?1 IS NULL"), rowsOf("account_id = ?1")];
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
      const { accountId, before = Number.MAX_SAFE_INTEGER, limit, since = 0, until = Number.MAX_SAFE_INTEGER } = query;
      const step = (accountId === null ? stepOfAll : stepOfOne).get(accountId, before, looked);
      if (step === undefined || step["low"] === null) return { entries: [], seen: null };
      const low = Number(step["low"]);
      const values = [since, until, query.failed === true ? 400 : 0, plain(query.who), pattern(query.what), limit];
      const rows = (accountId === null ? rowsOfAll : rowsOfOne).all(accountId, before, low, ...values);
      const entries = rows.map(toEntry).filter((entry) => fits(entry, query));
      if (rows.length === limit) return { entries, seen: Number(rows.at(-1)!["id"]) };
      return { entries, seen: Number(step["n"]) < looked ? null : low };
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

/** What SQLite compares as `fits` does; `null` leaves it to that. */
function plain(text: string | undefined): string | null {
  return text !== undefined && /^[\x20-\x7e]*$/.test(text) ? text : null;
}

/** Objects are looked at as JSON, where some characters are written otherwise. */
function pattern(text: string | undefined): string | null {
  const part = plain(text);
  return part === null || /["\\]/.test(part) ? null : `%${part.replaceAll(/[!%_]/g, "!$&")}%`;
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
