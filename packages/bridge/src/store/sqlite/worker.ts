/**
 * The thread that owns the database. It receives groups of operations, runs each group in one transaction, flushes it,
 * and only then answers. While it flushes, the next group gathers: the busier the bridge, the larger the groups.
 */
import { parentPort, workerData } from "node:worker_threads";
import { openDatabase, type Database } from "./driver.ts";
import { createOperations, type Operations } from "./operations.ts";
import { migrate, setDurability } from "./schema.ts";

export type Call = readonly [name: keyof Operations, ...args: unknown[]];

/** One answer per call, in order. */
export type Answer = { readonly value: unknown } | { readonly error: string };

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "answers"; readonly answers: readonly Answer[] }
  /** The group was not committed; nothing of it is stored. */
  | { readonly kind: "refused"; readonly full: boolean; readonly error: string }
  | { readonly kind: "failed"; readonly error: string }
  | { readonly kind: "closed" };

type Operation = (...args: unknown[]) => unknown;

class Worker {
  readonly #db: Database;
  readonly #operations: Record<string, Operation>;
  readonly #commitHooks: (() => void)[] = [];
  readonly #rollbackHooks: (() => void)[] = [];

  constructor(file: string) {
    this.#db = openDatabase(file);
    setDurability(this.#db);
    migrate(this.#db);
    const operations = createOperations({
      db: this.#db,
      beforeCommit: (write) => this.#commitHooks.push(write),
      onRollback: (forget) => this.#rollbackHooks.push(forget),
    });
    this.#operations = operations as unknown as Record<string, Operation>;
  }

  run(calls: readonly Call[]): FromWorker {
    let begun = false;
    try {
      this.#db.exec("BEGIN IMMEDIATE");
      begun = true;
      const answers = calls.map(([name, ...args]): Answer => ({ value: this.#operations[name]?.(...args) }));
      for (const write of this.#commitHooks) write();
      this.#db.exec("COMMIT");
      return { kind: "answers", answers };
    } catch (error) {
      if (begun) this.#rollback();
      const text = error instanceof Error ? error.message : String(error);
      if (isDiskTrouble(text)) return { kind: "refused", full: isFull(text), error: text };
      // One call is wrong: run each by itself, so that its neighbours are not harmed.
      if (calls.length === 1) return { kind: "answers", answers: [{ error: text }] };
      const answers: Answer[] = [];
      for (const call of calls) {
        const result = this.run([call]);
        if (result.kind !== "answers") return result;
        answers.push(...result.answers);
      }
      return { kind: "answers", answers };
    }
  }

  close(): void {
    this.#db.close();
  }

  #rollback(): void {
    for (const forget of this.#rollbackHooks) forget();
    try {
      this.#db.exec("ROLLBACK");
    } catch {
      // SQLite has rolled back by itself already.
    }
  }
}

function isFull(error: string): boolean {
  return /disk is full|SQLITE_FULL/i.test(error);
}

function isDiskTrouble(error: string): boolean {
  return isFull(error) || /disk I\/O error|SQLITE_IOERR|malformed|unable to open|not a database/i.test(error);
}

if (parentPort !== null) {
  const port = parentPort;
  const post = (message: FromWorker): void => port.postMessage(message);
  try {
    const worker = new Worker((workerData as { file: string }).file);
    port.on("message", (message: "close" | readonly Call[]) => {
      if (message === "close") {
        worker.close();
        post({ kind: "closed" });
        port.close();
      } else {
        post(worker.run(message));
      }
    });
    post({ kind: "ready" });
  } catch (error) {
    post({ kind: "failed", error: error instanceof Error ? error.message : String(error) });
  }
}
