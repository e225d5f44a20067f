/** Starts `store-process` and follows what it says. */
import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";

// The built file: Node 20 runs no TypeScript.
const PROGRAM = fileURLToPath(new URL("../../../dist/store/testing/store-process.js", import.meta.url));

export interface StoreProcess {
  readonly child: ChildProcess;
  /** Ids of acknowledged events so far. */
  readonly acknowledged: readonly string[];
  /** Everything else it said. */
  readonly remarks: readonly string[];
  /** Resolves when the condition holds; rejects when the process ends before. */
  until(condition: () => boolean): Promise<void>;
  /** Exit code, or `null` when it was killed. All it said has been read by then. */
  readonly ended: Promise<number | null>;
}

/** `wrapper` is a command line that runs the rest of its arguments, such as `strace`. */
export function runStoreProcess(args: readonly string[], wrapper: readonly string[] = []): StoreProcess {
  const [command = process.execPath, ...rest] = [...wrapper, process.execPath, PROGRAM, ...args];
  const child = spawn(command, rest, { stdio: ["ignore", "pipe", "inherit"] });
  const acknowledged: string[] = [];
  const remarks: string[] = [];
  const checks = new Set<() => void>();
  let hasEnded = false;
  const check = (): void => {
    for (const one of checks) one();
  };
  createInterface({ input: child.stdout }).on("line", (line) => {
    (/^[0-9a-f]{8}-/.test(line) ? acknowledged : remarks).push(line);
    check();
  });
  const ended = new Promise<number | null>((resolve, reject) => {
    child.once("error", reject);
    child.once("close", (code) => {
      hasEnded = true;
      check();
      resolve(code);
    });
  });
  return {
    child,
    acknowledged,
    remarks,
    ended,
    until: (condition) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (!condition() && !hasEnded) return;
          checks.delete(look);
          if (condition()) resolve();
          else reject(new Error(`The store's process ended early: ${remarks.join("; ")}`));
        };
        checks.add(look);
        look();
      }),
  };
}

/** Whether a command line works here. */
export function works(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { stdio: "ignore" }).status === 0;
}
