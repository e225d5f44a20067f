/** Forgets delivered events after their time, in small steps beside the work. */
import type { Log } from "../core/log.ts";
import type { SqliteStore } from "./sqlite-store.ts";

const STEP = 500;
const STEP_EVERY_MS = 250;
const ROUND_EVERY_MS = 60_000;

export interface Retention {
  stop(): Promise<void>;
}

export function startRetention(options: {
  readonly store: SqliteStore;
  readonly keepMs: number;
  readonly log: Log;
}): Retention {
  const { store, keepMs, log } = options;
  let stopped = false;
  let timer: NodeJS.Timeout | undefined;
  let step: Promise<void> = Promise.resolve();

  async function prune(): Promise<void> {
    const { done } = await store.prune(Date.now() - keepMs, STEP);
    if (!stopped) schedule(done ? ROUND_EVERY_MS : STEP_EVERY_MS);
  }

  function schedule(ms: number): void {
    timer = setTimeout(() => {
      step = prune().catch((error: unknown) => {
        log.warn({ reason: String(error) }, "retention.interrupted");
        if (!stopped) schedule(ROUND_EVERY_MS);
      });
    }, ms);
    timer.unref();
  }

  schedule(ROUND_EVERY_MS);
  return {
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await step;
    },
  };
}
