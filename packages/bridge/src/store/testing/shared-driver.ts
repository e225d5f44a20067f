/**
 * Each store has its driver in a worker of its own, which on Node 20 is WebAssembly: V8 compiles it anew for each worker,
 * unless somebody in the process holds it. Vitest's process holds it for its threads, so that a store opens in a sixth of
 * the time.
 */
import { createRequire } from "node:module";

export function setup(): void {
  const hasOwnDriver = process.getBuiltinModule?.("node:sqlite") !== undefined;
  // Once required, a module stays for as long as the process.
  if (!hasOwnDriver) createRequire(import.meta.url)("node-sqlite3-wasm");
}
