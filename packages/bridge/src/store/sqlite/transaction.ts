/** What operations share inside the worker: the database, and hooks around the transaction that groups them. */
import type { Database } from "./driver.ts";

export interface Transaction {
  readonly db: Database;
  /** Runs once before every commit, for what is cheaper to write once per group. */
  beforeCommit(write: () => void): void;
  /** Runs after a rollback: caches that ran ahead of the file must be dropped. */
  onRollback(forget: () => void): void;
}
