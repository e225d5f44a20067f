/** Forgets what is over after its time, in small steps beside the work. */
import { performance } from "node:perf_hooks";
import type { Log } from "../core/log.ts";

const STEP = 500;
/** After a step the walk rests this many times as long as the step took: it keeps up with any load, at a fifth of the worker's time. */
const REST = 4;
const MIN_REST_MS = 10;
const ROUND_EVERY_MS = 60_000;

/** The slice of a store that forgets. */
export interface Forgetting {
  prune(before: number, limit: number): Promise<{ removed: number; done: boolean }>;
  expireLeftovers(): Promise<number>;
}

export interface Retention {
  stop(): Promise<void>;
}

export function startRetention(options: {
  readonly store: Forgetting;
  /** How long delivered events are kept, in milliseconds. */
  readonly keepMs: number;
  readonly log: Log;
  readonly roundEveryMs?: number;
}): Retention {
  const { store, keepMs, log, roundEveryMs = ROUND_EVERY_MS } = options;
  const stopping = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> = Promise.resolve();

  async function forget(): Promise<void> {
    const expired = await store.expireLeftovers();
    if (expired > 0) log.info({ count: expired }, "deliveries.expired");
    for (;;) {
      const begun = performance.now();
      const { done } = await store.prune(Date.now() - keepMs, STEP);
      if (done || stopping.signal.aborted) return;
      await rest(Math.max(MIN_REST_MS, (performance.now() - begun) * REST), stopping.signal);
    }
  }

  function schedule(): void {
    if (stopping.signal.aborted) return;
    timer = setTimeout(() => {
      round = forget()
        .catch((error: unknown) => log.warn({ reason: String(error) }, "retention.interrupted"))
        .finally(schedule);
    }, roundEveryMs);
    timer.unref();
  }

  schedule();
  return {
    async stop() {
      stopping.abort();
      clearTimeout(timer);
      await round;
    },
  };
}

/** Resolves after the time or when aborted, whichever is first. */
function rest(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) return resolve();
    const end = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", end);
      resolve();
    };
    const timer = setTimeout(end, ms);
    timer.unref();
    signal.addEventListener("abort", end);
  });
}
