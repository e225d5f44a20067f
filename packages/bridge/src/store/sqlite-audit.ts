/** The audit log in the embedded store. */
import type { AuditEntries, AuditEntry, AuditPage, AuditQuery, NewAuditEntry } from "../core/audit.ts";
import type { AuditStep } from "./sqlite/audit-operations.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

/** Rows that one call of the worker looks at, or removes. */
const STEP = 2_000;
/** Calls that one question may take; what is further back is on the next page. */
const MAX_STEPS = 50;

export function createAudit(worker: GroupCommit): AuditEntries {
  return {
    appendAudit: (entries: readonly NewAuditEntry[]) => worker.call("appendAudit", entries),

    async repeatAudit(repeats: Parameters<AuditEntries["repeatAudit"]>[0]): Promise<void> {
      await worker.call("repeatAudit", repeats);
    },

    async auditEntries(query: AuditQuery): Promise<AuditPage> {
      const entries: AuditEntry[] = [];
      let next: number | null = query.before ?? Number.MAX_SAFE_INTEGER;
      for (let step = 0; step < MAX_STEPS && next !== null && entries.length < query.limit; step++) {
        const rest: AuditQuery = { ...query, before: next, limit: query.limit - entries.length };
        const found: AuditStep = await worker.call("auditStep", rest, STEP);
        entries.push(...found.entries);
        next = found.seen;
      }
      return { entries, next };
    },

    async pruneAudit({ since, perAccount }: { readonly since: number; readonly perAccount: number }): Promise<number> {
      let all = 0;
      for (;;) {
        const removed = await worker.call("pruneAudit", since, perAccount, STEP);
        all += removed;
        if (removed === 0) return all;
      }
    },
  };
}
