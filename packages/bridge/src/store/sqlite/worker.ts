/**
 * The thread that owns the database. It receives groups of operations, runs and flushes each, and only then answers.
 * While it flushes, the next group gathers: the busier the bridge, the larger the groups.
 */
import { parentPort, workerData } from "node:worker_threads";
import { isDiskFull } from "./disk-space.ts";
import { GroupRunner, openStoreDatabase, type Answer, type Call } from "./group-runner.ts";

export type ToWorker = "close" | "truncate" | readonly Call[];

export type FromWorker =
  | { readonly kind: "ready" }
  | { readonly kind: "answers"; readonly answers: readonly Answer[] }
  | { readonly kind: "failed"; readonly error: string };

if (parentPort !== null) serve(parentPort, (workerData as { file: string }).file);

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
  }
}
