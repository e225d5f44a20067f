/** Changes of twins on their way into the history: many in one write, and nobody waits for it. */
import type { Log } from "./core/log.ts";
import type { NoteTwinChange, TwinChange, TwinChangeInHub, TwinHistory } from "./core/twin-history.ts";
import { TWIN_CHANGE_LIFE_MS } from "./core/twin-history.ts";

const WRITE_AFTER_MS = 250;
/** Waiting to be written; what comes beyond is not kept. */
const MAX_WAITING = 5_000;
const TIDY_EVERY_MS = 10 * 60_000;

export interface TwinNotes {
  readonly note: NoteTwinChange;
  /** Resolves when all that was noted is on disk, or could not be written. */
  flush(): Promise<void>;
  stop(): Promise<void>;
}

export interface TwinNotesOptions {
  readonly history: Pick<TwinHistory, "saveTwinChanges" | "forgetTwinChanges">;
  /** Of a connection; `null`: there is none any more. */
  readonly hostName: (connectionId: string) => Promise<string | null>;
  readonly now: () => number;
  readonly log: Log;
}

export function createTwinNotes({ history, hostName, now, log }: TwinNotesOptions): TwinNotes {
  let waiting: TwinChange[] = [];
  let timer: NodeJS.Timeout | undefined;
  let writing: Promise<void> = Promise.resolve();
  let stopped = false;

  function flush(): Promise<void> {
    clearTimeout(timer);
    timer = undefined;
    const changes = waiting;
    waiting = [];
    if (changes.length > 0) writing = writing.then(() => write(changes));
    return writing;
  }

  async function write(changes: readonly TwinChange[]): Promise<void> {
    try {
      await history.saveTwinChanges(await inHubs(changes));
    } catch (error) {
      log.warn({ changes: changes.length, reason: String(error) }, "twin_changes.not_kept");
    }
  }

  async function inHubs(changes: readonly TwinChange[]): Promise<readonly TwinChangeInHub[]> {
    const ids = [...new Set(changes.map(({ connectionId }) => connectionId))];
    const hosts = new Map(await Promise.all(ids.map(async (id) => [id, await hostName(id)] as const)));
    return changes.flatMap(({ connectionId, ...change }) => {
      const host = hosts.get(connectionId) ?? null;
      return host === null ? [] : [{ ...change, hostName: host }];
    });
  }

  async function tidy(): Promise<void> {
    try {
      const before = now() - TWIN_CHANGE_LIFE_MS;
      while (!stopped && (await history.forgetTwinChanges(before)) > 0);
    } catch (error) {
      log.warn({ reason: String(error) }, "twin_changes.not_forgotten");
    }
  }

  let tidying: Promise<void> = Promise.resolve();
  const rounds = setInterval(() => {
    tidying = tidying.then(tidy);
  }, TIDY_EVERY_MS).unref();

  return {
    note(change) {
      if (stopped || waiting.length >= MAX_WAITING) return;
      waiting.push(change);
      timer ??= setTimeout(() => void flush(), WRITE_AFTER_MS).unref();
    },
    flush,
    async stop() {
      stopped = true;
      clearInterval(rounds);
      await flush();
      await tidying;
    },
  };
}
