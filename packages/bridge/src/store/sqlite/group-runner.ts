/**
 * Runs groups of operations on the database: one transaction and one flush for each group. A call that fails harms no
 * other: the group is then run in halves, until the call that fails is by itself.
 */
import { openDatabase, type Database } from "./driver.ts";
import { createOperations, type Operations } from "./operations.ts";
import { migrate, moveLogWhenLong, setDurability } from "./schema.ts";

export type Call = readonly [name: keyof Operations, ...args: unknown[]];

/** What became of one call. `full`: the disk has no room; nothing of the call is stored and it may be tried again. */
export type Answer =
  | { readonly kind: "done"; readonly value: unknown }
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "full" };

/** The disk failed a read, a write or a flush: what it holds is unknown until the file is opened again. */
export class DiskFailure extends Error {
  readonly code = "disk_failed";
}

type Operation = (...args: unknown[]) => unknown;

export class GroupRunner {
  readonly #db: Database;
  readonly #isDiskFull: () => boolean;
  readonly #operations: Record<string, Operation>;
  readonly #commitHooks: (() => void)[] = [];
  readonly #rollbackHooks: (() => void)[] = [];

  /** `isDiskFull` is asked after an I/O error, because not every driver tells a full disk from a broken one. */
  constructor(db: Database, isDiskFull: () => boolean) {
    this.#db = db;
    this.#isDiskFull = isDiskFull;
    const operations = createOperations({
      db,
      beforeCommit: (write) => this.#commitHooks.push(write),
      onRollback: (forget) => this.#rollbackHooks.push(forget),
    });
    this.#operations = operations as unknown as Record<string, Operation>;
  }

  /** One answer per call, in order; all that is `done` is on disk. Throws `DiskFailure`. */
  run(calls: readonly Call[]): Answer[] {
    try {
      return this.#commit(calls);
    } catch (error) {
      this.#rollback();
      const reason = error instanceof Error ? error.message : String(error);
      const trouble = isDiskTrouble(reason);
      if (isFull(reason) || (trouble && this.#isDiskFull())) return calls.map(() => ({ kind: "full" }));
      if (trouble) throw new DiskFailure(reason);
      if (calls.length <= 1) return calls.map(() => ({ kind: "failed", error: reason }));
      const half = calls.length >> 1;
      return [...this.run(calls.slice(0, half)), ...this.run(calls.slice(half))];
    }
  }

  truncateLog(): void {
    this.#db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
  }

  moveLog(isOn: boolean): void {
    moveLogWhenLong(this.#db, isOn);
  }

  close(): void {
    this.#db.close();
  }

  #commit(calls: readonly Call[]): Answer[] {
    this.#db.exec("BEGIN IMMEDIATE");
    const answers = calls.map(([name, ...args]): Answer => ({
      kind: "done",
      value: this.#operations[name]?.(...args),
    }));
    for (const write of this.#commitHooks) write();
    this.#db.exec("COMMIT");
    return answers;
  }

  #rollback(): void {
    for (const forget of this.#rollbackHooks) forget();
    try {
      this.#db.exec("ROLLBACK");
    } catch {
      // There was no transaction, or SQLite has rolled it back by itself.
    }
  }
}

/** Opens the file for flushed commits and brings it to the newest schema. The caller holds the folder's lock. */
export function openStoreDatabase(file: string): Database {
  const db = openDatabase(file);
  try {
    setDurability(db);
    migrate(db);
    return db;
  } catch (error) {
    db.close();
    throw error;
  }
}

function isFull(error: string): boolean {
  return /disk is full|SQLITE_FULL/i.test(error);
}

function isDiskTrouble(error: string): boolean {
  return (
    isFull(error) || /disk I\/O error|SQLITE_IOERR|disk image is malformed|unable to open|not a database/i.test(error)
  );
}
