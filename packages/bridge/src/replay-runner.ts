/** Queues what running replays are to send, a little at a time: most of it stays where it is until its turn comes. */
import { replayQueue } from "./core/delivery.ts";
import type { Log } from "./core/log.ts";
import type { SqliteDeliveries } from "./store/sqlite-deliveries.ts";

/** Deliveries of one replay that wait at once: bounds what a cancelled one leaves to end. */
const ROOM = 2_000;
const LOOK_EVERY_MS = 500;

export interface ReplayRunner {
  /** There is a new replay. */
  wake(): void;
  stop(): Promise<void>;
}

export function startReplays(options: {
  readonly store: Pick<SqliteDeliveries, "runningReplays" | "replayStep">;
  /** Deliveries were added to a queue: its lanes must read the store. */
  readonly onQueued: (queue: string, deviceIds: readonly string[]) => void;
  readonly log: Log;
}): ReplayRunner {
  const { store, onQueued, log } = options;
  let stopped = false;
  let awake = false;
  let timer: NodeJS.Timeout | undefined;
  let round: Promise<void> | null = null;

  async function queueNext(): Promise<void> {
    const running = await store.runningReplays();
    awake ||= running.length > 0;
    for (const { id, integrationId } of running) {
      for (let idle = false; !idle && !stopped;) {
        const step = await store.replayStep(id, ROOM);
        onQueued(replayQueue(integrationId), step.deviceIds);
        ({ idle } = step);
      }
    }
  }

  function look(): void {
    if (stopped || round !== null) return;
    awake = false;
    round = queueNext()
      .catch((error: unknown) => {
        awake = true;
        log.warn({ reason: String(error) }, "replay.interrupted");
      })
      .finally(() => {
        round = null;
        if (stopped || !awake) return;
        timer = setTimeout(look, LOOK_EVERY_MS);
        timer.unref();
      });
  }

  look();
  return {
    wake() {
      awake = true;
      clearTimeout(timer);
      look();
    },
    async stop() {
      stopped = true;
      clearTimeout(timer);
      await round;
    },
  };
}
