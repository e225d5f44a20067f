/** Forgets what is over after its time, and ends what has waited too long, in small steps beside the work. */
import { performance } from "node:perf_hooks";
import type { RetentionSettings } from "../core/delivery-history.ts";
import type { Log } from "../core/log.ts";
import type { Changes } from "./changes.ts";
import type { SqliteDeliveries } from "./sqlite-deliveries.ts";
import type { SqliteIncidents } from "./sqlite-incidents.ts";

const STEP = 500;
/** After a step the walk rests this many times as long as the step took: it keeps up with any load, at a fifth of the worker's time. */
const REST = 4;
const MIN_REST_MS = 10;
const ROUND_EVERY_MS = 60_000;
const HOUR_MS = 3_600_000;
/** Who watches the log has this long to act before anything is given up. */
const WARN_BEFORE_MS = 24 * HOUR_MS;
const WARN_EVERY_MS = 6 * HOUR_MS;
const SETTING = "retention";

/** The slice of a store that forgets. */
export type Forgetting = Pick<
  SqliteDeliveries & SqliteIncidents,
  "prune" | "expireLeftovers" | "expireOld" | "oldest" | "tidySeries" | "setting" | "saveSetting"
>;

export interface Retention {
  settings(): RetentionSettings;
  /** From now on, over restarts too. Returns what is set then. */
  change(change: Partial<RetentionSettings>): Promise<RetentionSettings>;
  stop(): Promise<void>;
}

export interface RetentionOptions {
  readonly store: Forgetting;
  /** What holds until somebody sets something else. */
  readonly defaults: RetentionSettings;
  /** Pending deliveries were ended: lanes may hold them. */
  readonly onExpired: (changes: Changes) => void;
  readonly log: Log;
  readonly roundEveryMs?: number;
  readonly now?: () => number;
}

export async function startRetention(options: RetentionOptions): Promise<Retention> {
  const { store, defaults, onExpired, log, roundEveryMs = ROUND_EVERY_MS, now = Date.now } = options;
  const stopping = new AbortController();
  const warnedAt = new Map<string, number>();
  const saved = await store.setting(SETTING);
  let chosen = (saved === null ? {} : JSON.parse(saved)) as Partial<RetentionSettings>;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> = Promise.resolve();

  const settings = (): RetentionSettings => ({ ...defaults, ...chosen });

  async function forget(): Promise<void> {
    const expired = await store.expireLeftovers();
    if (expired > 0) log.info({ count: expired }, "deliveries.expired");
    await expireOld();
    for (;;) {
      const begun = performance.now();
      const { done } = await store.prune(now() - settings().deliveredMs, STEP);
      if (done || stopping.signal.aborted) break;
      await rest(Math.max(MIN_REST_MS, (performance.now() - begun) * REST), stopping.signal);
    }
    await store.tidySeries();
  }

  async function expireOld(): Promise<void> {
    const { pendingMs, parkedMs } = settings();
    for (const { integrationId, pendingSince, parkedSince } of await store.oldest()) {
      if (stopping.signal.aborted) return;
      await expireState(integrationId, "pending", pendingSince, pendingMs);
      await expireState(integrationId, "parked", parkedSince, parkedMs);
    }
  }

  async function expireState(
    integrationId: string,
    state: "pending" | "parked",
    since: number | null,
    keepMs: number,
  ): Promise<void> {
    if (since === null) return;
    const age = now() - since;
    if (age > keepMs) {
      const changes = await store.expireOld(integrationId, state, now() - keepMs);
      if (changes.count === 0) return;
      log.warn({ integrationId, state, count: changes.count }, "deliveries.expired");
      onExpired(changes);
    } else if (age > keepMs - WARN_BEFORE_MS) warn(integrationId, state, keepMs - age);
  }

  function warn(integrationId: string, state: string, leftMs: number): void {
    const key = `${integrationId} ${state}`;
    if (now() - (warnedAt.get(key) ?? Number.NEGATIVE_INFINITY) < WARN_EVERY_MS) return;
    if (warnedAt.size > 10_000) warnedAt.clear();
    warnedAt.set(key, now());
    log.warn({ integrationId, state, hoursLeft: Math.round((leftMs / HOUR_MS) * 10) / 10 }, "deliveries.will_expire");
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
    settings,
    async change(change) {
      const next = { ...chosen, ...change };
      await store.saveSetting(SETTING, JSON.stringify(next));
      chosen = next;
      log.info({ ...settings() }, "retention.changed");
      return settings();
    },
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
