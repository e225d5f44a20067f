/**
 * The thread that owns the database. It receives groups of operations, runs and flushes each, and only then answers.
 * While it flushes, the next group gathers: the busier the bridge, the larger the groups.
 */
import { parentPort, workerData } from "node:worker_threads";
import { isDiskFull } from "./disk-space.ts";
import { openDatabase } from "./driver.ts";
import { GroupRunner, openStoreDatabase, type Answer, type Call } from "./group-runner.ts";
import { finishCopy } from "./schema.ts";

export type ToWorker = "close" | "truncate" | "hold" | "release" | readonly Call[];

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "answers"; readonly answers: readonly Answer[] }
  | { readonly kind: "failed"; readonly error: string };

export interface WorkerTask {
  readonly file: string;
  /** The file is a copy with its log beside it, which is to become one whole file. */
  readonly isCopy?: true;
}

if (parentPort !== null) begin(parentPort, workerData as WorkerTask);

function begin(port: NonNullable<typeof parentPort>, { file, isCopy }: WorkerTask): void {
  if (isCopy !== true) return serve(port, file);
  const db = openDatabase(file);
  try {
    finishCopy(db);
  } finally {
    db.close();
  }
  endThread();
}

function serve(port: NonNullable<typeof parentPort>, file: string): void {
  const post = (message: FromWorker): void => port.postMessage(message);
  const fail = (error: unknown): void =>
    post({ kind: "failed", error: error instanceof Error ? error.message : String(error) });
  try {
    const runner = new GroupRunner(openStoreDatabase(file), () => isDiskFull(`${file}.probe`));
    port.on("message", (message: ToWorker) => {
      try {
        if (message === "close") return close(runner, port);
        if (message === "truncate") return runner.truncateLog();
        if (message === "hold" || message === "release") return runner.moveLog(message === "release");
        post({ kind: "answers", answers: runner.run(message) });
      } catch (error) {
        fail(error);
      }
    });
    post({ kind: "ready" });
  } catch (error) {
    fail(error);
  }
}

function close(runner: GroupRunner, port: NonNullable<typeof parentPort>): void {
  try {
    runner.close();
  } finally {
    port.close();
    endThread();
  }
}

/**
 * At once. A thread that ends by itself first waits for the compiler, which on Node 20 may wait for the same thread to
 * collect garbage: neither goes on then, for ever.
 */
function endThread(): never {
  return process.exit();
}
