/** Deliveries that end without an attempt or are to be tried again, in the embedded store: by wish, by age, by erasing. */
import type { Selection } from "../core/delivery-history.ts";
import { Gathered, gathered, STEP, type Changes } from "./changes.ts";
import type { Lane } from "./sqlite/delivery-rows.ts";
import type { GroupCommit } from "./sqlite/group-commit.ts";
import type { ParkedStep } from "./sqlite/parked-operations.ts";

/** Events that one step of erasing looks at. */
const SCAN = 2_000;

export interface SqliteEndings {
  /** Parked deliveries become pending again. */
  retry(integrationId: string, which: Selection): Promise<Changes>;
  /** Parked deliveries, named ones also when they are pending, end as expired. */
  discard(integrationId: string, which: Selection, note: string): Promise<Changes>;
  /** Pending and parked deliveries of a deleted integration end as expired. Returns how many. */
  expirePending(integrationId: string): Promise<number>;
  /** Expires what integrations left that were deleted just before a crash. */
  expireLeftovers(): Promise<number>;
  /** Ends what is pending or parked since before a time, unix milliseconds. */
  expireOld(integrationId: string, state: "pending" | "parked", before: number): Promise<Changes>;
  oldest(): Promise<
    readonly {
      readonly integrationId: string;
      readonly pendingSince: number | null;
      readonly parkedSince: number | null;
    }[]
  >;
  /** One step of forgetting what was settled before `before` (Unix milliseconds), over at most `limit` events. */
  prune(before: number, limit: number): Promise<{ removed: number; done: boolean }>;
  /** Erases all events of a device. */
  eraseDevice(deviceId: string): Promise<{ events: number } & Changes>;
}

export function createEndings({
  worker,
  now,
}: {
  readonly worker: GroupCommit;
  readonly now: () => number;
}): SqliteEndings {
  async function expirePending(integrationId: string): Promise<number> {
    let expired = 0;
    for (;;) {
      const count = await worker.call("expire", integrationId, now(), STEP);
      expired += count;
      if (count < STEP) return expired;
    }
  }

  /** Walks over all parked deliveries, or those of a cause. */
  async function walkParked(
    integrationId: string,
    code: string | null,
    step: (step: ParkedStep) => Promise<{ count: number; lanes: readonly Lane[]; nextAfter: number | null }>,
  ): Promise<Changes> {
    const changes = new Gathered();
    let after: number | null = 0;
    while (after !== null) {
      const taken: Awaited<ReturnType<typeof step>> = await step({ code, after, limit: STEP, at: now() });
      changes.add(integrationId, taken.count, taken.lanes);
      after = taken.nextAfter;
    }
    return changes;
  }

  return {
    async retry(integrationId, which) {
      if (which.kind === "ids")
        return gathered(integrationId, await worker.call("retryIds", integrationId, which.ids, now()));
      const code = which.kind === "code" ? which.code : null;
      return walkParked(integrationId, code, (step) => worker.call("retryParked", integrationId, step));
    },

    async discard(integrationId, which, note) {
      if (which.kind === "ids") {
        return gathered(integrationId, await worker.call("discardIds", integrationId, which.ids, now(), note));
      }
      const code = which.kind === "code" ? which.code : null;
      return walkParked(integrationId, code, (step) => worker.call("discardParked", integrationId, { ...step, note }));
    },

    expirePending,

    async expireLeftovers(): Promise<number> {
      let expired = 0;
      for (const id of await worker.call("goneIntegrations")) expired += await expirePending(id);
      return expired;
    },

    async expireOld(integrationId, state, before) {
      const changes = new Gathered();
      let after: number | null = 0;
      while (after !== null) {
        const step = { state, before, after, limit: STEP, at: now() };
        const taken: { count: number; lanes: Lane[]; nextAfter: number | null } = await worker.call(
          "expireOld",
          integrationId,
          step,
        );
        changes.add(integrationId, taken.count, taken.lanes);
        after = taken.nextAfter;
      }
      return changes;
    },

    oldest: () => worker.call("oldest"),
    prune: (before, limit) => worker.call("prune", before, limit),

    async eraseDevice(deviceId) {
      const changes = new Gathered();
      for (;;) {
        const { count, lanes, done } = await worker.call("eraseDeliveries", deviceId, now(), STEP);
        changes.count += count;
        for (const lane of lanes) changes.add(lane.integrationId, 0, [lane]);
        if (done) break;
      }
      let events = 0;
      let after: number | null = 0;
      while (after !== null) {
        const step: { count: number; nextAfter: number | null } = await worker.call(
          "eraseEvents",
          deviceId,
          after,
          SCAN,
        );
        events += step.count;
        after = step.nextAfter;
      }
      await worker.truncateLog();
      return { events, count: changes.count, lanes: changes.lanes };
    },
  };
}
