/** Whether events are taken now, and if not why: what load balancers and operators go by. */
import { monitorEventLoopDelay, type IntervalHistogram } from "node:perf_hooks";
import type { ConnectionState } from "./core/connection-state.ts";
import type { Health } from "./core/health.ts";

export interface HealthSources {
  /** False once the disk or the store's thread has failed. */
  readonly isStoreAlive: () => boolean;
  /** When the disk was last found full, unix milliseconds. */
  readonly fullAt: () => number | null;
  /** For how long writes have been waiting for the disk, in milliseconds. */
  readonly waitedMs: () => number;
  /** Targets that take nothing now: reported, but events are taken and wait for them. */
  readonly paused: () => readonly string[];
  /** What an operator has to know about the data. */
  readonly incidents: () => readonly string[];
  readonly now: () => number;
}

export interface HealthWatch {
  health(): Health;
  stop(): void;
}

/** How long a disk that was found full counts, when nobody has tried it again: without traffic nobody would find out. */
const FULL_COUNTS_MS = 10_000;
const SLOW_STORE_MS = 5_000;
/** A turn of the event loop that takes longer is a stall. */
const STALL_MS = 2_000;
const WINDOW_MS = 10_000;

export function watchHealth(sources: HealthSources): HealthWatch {
  const delay: IntervalHistogram = monitorEventLoopDelay({ resolution: 100 });
  delay.enable();
  let stalledMs = 0;
  const timer = setInterval(() => {
    stalledMs = delay.max / 1e6;
    delay.reset();
  }, WINDOW_MS);
  timer.unref();
  return {
    health() {
      const reasons = trouble(sources, Math.max(stalledMs, delay.max / 1e6));
      return {
        live: sources.isStoreAlive(),
        ready: reasons.length === 0,
        reasons,
        warnings: [...sources.paused(), ...sources.incidents()],
      };
    },
    stop() {
      clearInterval(timer);
      delay.disable();
    },
  };
}

function trouble({ isStoreAlive, fullAt, waitedMs, now }: HealthSources, stalledMs: number): string[] {
  const full = fullAt();
  const checks: readonly (readonly [boolean, string])[] = [
    [!isStoreAlive(), "The store has failed: the process must be started again."],
    [full !== null && now() - full < FULL_COUNTS_MS, "The disk is full: no event is accepted."],
    [waitedMs() > SLOW_STORE_MS, "The disk is slow: writes have waited for more than 5 seconds."],
    [stalledMs > STALL_MS, `The process stood still for ${Math.round(stalledMs / 100) / 10} seconds.`],
  ];
  return checks.flatMap(([isTrue, reason]) => (isTrue ? [reason] : []));
}

/** Targets that take nothing now, each with its reason. */
export function pausedTargets(connections: readonly ConnectionState[]): readonly string[] {
  return connections.flatMap(({ hostName, failure, state }) =>
    state === "paused" && failure !== null ? [`${hostName}: ${failure.message}`] : [],
  );
}
