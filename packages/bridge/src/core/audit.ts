/** The audit log: who changed what, or tried to, and how it went. Never bodies, never secrets. */

/** Who asked, as the API knows it. */
export type Actor =
  | { readonly kind: "account"; readonly accountId: string }
  | { readonly kind: "api_user"; readonly username: string; readonly productId: number }
  /** A program with an app's keys, in Para's face. */
  | { readonly kind: "app"; readonly slug: string; readonly productId: number }
  | {
      readonly kind: "device";
      readonly deviceId: string;
      readonly ownerId: string | null;
      readonly productId: number | null;
    }
  /** Said to be this account and did not prove it. */
  | { readonly kind: "claimed"; readonly username: string }
  | { readonly kind: "unknown" };

/** One request that changed something, or was refused. */
export interface AuditRecord {
  /** Unix milliseconds. */
  readonly at: number;
  readonly actor: Actor;
  /** In words: "Delete an integration". */
  readonly action: string;
  /** As in the API's description: `DELETE /v1/integrations/:integration`. */
  readonly route: string;
  /** Ids and names in the address, by what they are. */
  readonly objects: Readonly<Record<string, string>>;
  /** HTTP status of the answer. */
  readonly status: number;
  /** Of an error that has one. */
  readonly code: string | null;
  readonly address: string;
}

/** What is kept of a record, and of those after it that said the same. */
export interface AuditEntry {
  readonly id: number;
  readonly at: number;
  /** Of the last that said the same; `at` when there was one only. */
  readonly lastAt: number;
  readonly count: number;
  /** In whose log it stands; `null`: the operator's alone. */
  readonly accountId: string | null;
  readonly actor: { readonly kind: Actor["kind"]; readonly name: string | null };
  readonly action: string;
  readonly route: string;
  readonly objects: Readonly<Record<string, string>>;
  readonly status: number;
  readonly code: string | null;
  readonly address: string;
}

export interface AuditQuery {
  /** Whose log; `null`: all. */
  readonly accountId: string | null;
  /** A name of who did it, whole. */
  readonly who?: string;
  /** Part of the action, the route, or an object. */
  readonly what?: string;
  /** Only what was refused, or failed. */
  readonly failed?: boolean;
  /** Unix milliseconds. */
  readonly since?: number;
  readonly until?: number;
  /** Entries with smaller ids. */
  readonly before?: number;
  readonly limit: number;
}

export interface AuditPage {
  /** Newest first. */
  readonly entries: readonly AuditEntry[];
  /** `before` of the next page; `null`: there is none. */
  readonly next: number | null;
}

/** What the API needs. */
export interface AuditLog {
  /** Costs nothing to call: it is written a moment later, together with others. */
  record(record: AuditRecord): void;
  /** What was recorded before is in it. */
  entries(query: AuditQuery): Promise<AuditPage>;
}

/** An entry before it has its number. */
export type NewAuditEntry = Omit<AuditEntry, "id">;

/** What keeps the log. */
export interface AuditEntries {
  /** Resolves with their ids. */
  appendAudit(entries: readonly NewAuditEntry[]): Promise<readonly number[]>;
  /** The same happened again: `count` times more, the last time then. */
  repeatAudit(
    repeats: readonly { readonly id: number; readonly count: number; readonly lastAt: number }[],
  ): Promise<void>;
  auditEntries(query: AuditQuery): Promise<AuditPage>;
  /** Forgets what ended before then, and of each account's log all but the newest. */
  pruneAudit(keep: { readonly since: number; readonly perAccount: number }): Promise<number>;
}
