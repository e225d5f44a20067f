import type { AuditEntries, AuditEntry, AuditPage, AuditQuery, NewAuditEntry } from "../../core/audit.ts";

/** An audit log in memory, without pages: tests of the API have few entries. */
export class FakeAudit implements AuditEntries {
  #entries: AuditEntry[] = [];

  async appendAudit(entries: readonly NewAuditEntry[]): Promise<readonly number[]> {
    return entries.map((entry) => {
      const id = this.#entries.length + 1;
      this.#entries.push({ ...entry, id });
      return id;
    });
  }

  async repeatAudit(repeats: Parameters<AuditEntries["repeatAudit"]>[0]): Promise<void> {
    for (const { id, count, lastAt } of repeats) {
      this.#entries = this.#entries.map((one) => (one.id === id ? { ...one, count: one.count + count, lastAt } : one));
    }
  }

  async auditEntries({ accountId, failed, who, limit }: AuditQuery): Promise<AuditPage> {
    const entries = this.#entries.filter(
      (entry) =>
        (accountId === null || entry.accountId === accountId) &&
        (who === undefined || entry.actor.name === who) &&
        (failed !== true || entry.status >= 400),
    );
    return { entries: entries.toReversed().slice(0, limit), next: null };
  }

  async pruneAudit(): Promise<number> {
    return 0;
  }
}
