/** Replays in the embedded store: they are queued a step at a time. */
import type { Replay, ReplayWindow } from "../core/delivery-history.ts";
import { newId } from "../core/ids.ts";
import { Gathered, STEP, type Changes } from "./changes.ts";
import type { Lane } from "./sqlite/delivery-rows.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";

export interface SqliteReplays {
  /** `null` while another one of the integration runs. */
  createReplay(integrationId: string, window: ReplayWindow): Promise<Replay | null>;
  runningReplays(): Promise<readonly Replay[]>;
  /** Queues what comes next, so that at most `room` wait. `idle`: nothing to do before some are sent. */
  replayStep(id: string, room: number): Promise<{ deviceIds: readonly string[]; idle: boolean }>;
  cancelReplay(integrationId: string, id: string): Promise<Changes | null>;
}

export function createReplays({
  worker,
  now,
}: {
  readonly worker: GroupCommit;
  readonly now: () => number;
}): SqliteReplays {
  return {
    createReplay: (integrationId, window) => worker.call("createReplay", newId(), integrationId, window, now()),
    runningReplays: () => worker.call("runningReplays"),

    async replayStep(id, room) {
      const { deviceIds, state, full } = await worker.call("replayStep", id, { scan: STEP, room, at: now() });
      return { deviceIds, idle: full || state !== "running" };
    },

    async cancelReplay(integrationId, id) {
      const isKnown = (await worker.call("replays", integrationId)).some((replay) => replay.id === id);
      if (!isKnown) return null;
      const changes = new Gathered();
      for (;;) {
        const step = await worker.call("cancelReplay", id, now(), STEP);
        if (step === null) return null;
        const lanes = step.deviceIds.map((deviceId): Lane => ({ isReplayed: true, deviceId }));
        changes.add(integrationId, lanes.length, lanes);
        if (step.done) return changes;
      }
    },
  };
}
